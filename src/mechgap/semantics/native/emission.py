"""Writes the code of regions: every item once, after what it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .items import ALWAYS, Item, Literal, Region, reachable

INDENT = "    "


class Emission:
    """The code of a kernel, region by region.

    Args:
        statements: all statements of the kernel, to count who reads what.
    """

    def __init__(self, statements: Iterable[Item]) -> None:
        items = reachable(statements)
        self._uses = Counter(need.item for item in items for need in item.reads)
        self._uses.update(need.item for item in items for need in item.needs for _ in range(2))
        self._uses.update(
            literal.item
            for item in items
            for conjunction in ([*item.demand, item.guards] if item.costly or item.statement else [])
            for literal in conjunction
        )
        self._written: set[Item] = set()

    def region(self, region: Region) -> list[str]:
        """The code of all statements of a region, with what they read."""
        return [line for item in region.statements for line in self._item(item, region)]

    def prepared(self, region: Region, inside: Iterable[Region]) -> list[str]:
        """The code of what regions inside of one read of it."""
        statements = [item for inner in inside for item in inner.statements]
        return [line for item in self._known_before(statements, region) for line in self._item(item, region)]

    def _item(self, item: Item, region: Region) -> list[str]:
        if item in self._written or item.literal:
            return []
        self._written.add(item)
        lines = []
        conditions = [x.item for c in item.demand for x in c] if item.costly else []
        for needed in self._known_before([item], region):
            lines += self._item(needed, region)
        for needed in conditions:
            if needed.region is region:
                lines += self._item(needed, region)
        if item.statement or item.costly:
            return lines + self._block(item)
        if self._is_inline(item):
            return lines
        return [*lines, f"{item.name} = {self._body(item)}"]

    def _block(self, item: Item) -> list[str]:
        code = self._body(item).split("\n") if item.text else []
        if item.inner is not None:
            inside = self.region(item.inner)
            code += [INDENT + line for line in inside]
        if item.statement:
            condition = " and ".join(self._literal(x) for x in item.guards)
        else:
            condition = "" if ALWAYS in item.demand else self._demand(item)
        if condition:
            code = [f"if {condition}:", *(INDENT + line for line in code)]
        return [*item.start, *code]

    def _demand(self, item: Item) -> str:
        parts = sorted(" and ".join(sorted(self._literal(x) for x in each)) for each in item.demand)
        return " or ".join(f"({part})" if len(parts) > 1 else part for part in parts)

    def _literal(self, literal: Literal) -> str:
        text = self._text(literal.item)
        return text if literal.holds else f"not {text}"

    def _known_before(self, items: Iterable[Item], region: Region) -> Iterator[Item]:
        """The items of a region that some items read, directly or inside of inner regions."""
        found: dict[Item, None] = {}
        seen: set[Item] = set()
        waiting = list(items)[::-1]
        first = set(waiting)
        while waiting:
            item = waiting.pop()
            if item in seen:
                continue
            seen.add(item)
            if item.region is region and item not in first:
                found[item] = None
            elif region.encloses(item.region):
                # What an inner item is computed under must be known, too.
                below = [need.item for need in item.below]
                if item.region is not region:
                    below += [x.item for c in item.demand for x in c] if item.costly else []
                waiting += below[::-1]
        return iter(found)

    def _is_inline(self, item: Item) -> bool:
        return not item.fixed and not item.costly and self._uses[item] == 1

    def _body(self, item: Item) -> str:
        return item.text.format(*(self._text(need.item) for need in item.reads))

    def _text(self, item: Item) -> str:
        if item.literal:
            return item.text
        if self._is_inline(item):
            return f"({self._body(item)})"
        return item.name
