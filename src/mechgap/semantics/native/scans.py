"""Reductions as loops over nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lang.expression import Any, Best, Expression, Select, Tie
from .items import Item, Literal, Need, Region
from .names import cell

if TYPE_CHECKING:
    from .values import Ends, Values

_MOST_AXES = 2
"""A reduction of inputs is made once for a graph if it ranges over at most so many axes of nodes."""


class Scans:
    """Makes items of reductions.

    A loop that finds the best key serves the smallest value as well as the selected node.

    Args:
        values: makes the items that are reduced.
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._scans: dict[object, Item] = {}
        self._arrays: dict[Expression, Item] = {}
        self._filled: set[Ends] = set()

    def of(self, expression: Any | Best | Select, ends: Ends) -> Item:
        """The value of a reduction at a place."""
        known = self._known(expression, ends)
        if known is not None:
            return known
        match expression:
            case Any():
                return self._any(expression, ends)
            case Best():
                return self._best(expression, ends)
        return self._select(expression, ends)

    def _any(self, expression: Any, ends: Ends) -> Item:
        """Whether a mask holds anywhere."""
        item = self._loop(expression, ends, ("False",))
        assert item.inner is not None
        mask = self._below(expression.mask, item.inner, ends)
        self._do(item.inner, f"if {{0}}:\n    {item.name} = True\n    break", Need(mask))
        return item

    def _best(self, expression: Best, ends: Ends) -> Item:
        """The smallest or largest value among the candidates."""
        scan = self._scan(expression, expression.value, Tie.FIRST, ends)
        default = self._values.item(expression.default, ends)
        text = "({1} if np.isinf({0}b) else {0}b)"
        return self._values.new(expression, ends, text, Need(scan), Need(default))

    def _select(self, expression: Select, ends: Ends) -> Item:
        """The selected node."""
        scan = self._scan(expression, expression.key, expression.tie, ends)
        default = self._values.literal(ends[-1] if ends else "0")
        if expression.default is not None:
            default = self._values.item(expression.default, ends)
        text = "({0} if {0} >= 0 else {1})"
        return self._values.new(expression, ends, text, Need(scan), Need(default))

    def highest(self, mask: Expression) -> Item:
        """The highest node at which a mask holds, padding included; node 0 if there is none."""
        key = ("highest", mask)
        if key not in self._scans:
            item = self._scans[key] = self._loop(mask, (), ("0",), over="N")
            assert item.inner is not None
            held = self._below(mask, item.inner, ())
            self._do(item.inner, f"if {{0}}:\n    {item.name} = {item.inner.index}", Need(held))
        return self._scans[key]

    def lowest(self, mask: Expression) -> Item:
        """The lowest node at which a mask holds; -1 if there is none."""
        return self._first(mask, mask, False, ())

    # ---- loops

    def _scan(self, expression: Best | Select, key: Expression | None, tie: Tie, ends: Ends) -> Item:
        """Finds the index of the best candidate, -1 for none, and its key (under the same name with a b)."""
        same, last = self._values.facts.same, tie is Tie.LAST
        among = same.get(expression.among, expression.among)
        if key is None:
            return self._first(expression, among, last, ends)
        key = same.get(key, key)
        known = ("best", among, key, expression.largest, last, ends)
        if known not in self._scans:
            self._scans[known] = self._extreme(expression, key, last, ends)
        return self._scans[known]

    def _extreme(self, expression: Best | Select, key: Expression, last: bool, ends: Ends) -> Item:
        worst = "-np.inf" if expression.largest else "np.inf"
        item = self._loop(expression, ends, ("-1", f"F({worst})"))
        region = item.inner
        assert region is not None
        mask = self._below(expression.among, region, ends)
        value = self._below(key, region, ends)
        value.fixed = value.fixed or not value.literal
        better = (">" if expression.largest else "<") + "=" * last
        self._do(region, "if not {0}:\n    continue", Need(mask))
        self._do(
            region,
            f"if {{0}} {better} {item.name}b or {item.name} < 0:\n"
            f"    {item.name}b = {{0}}\n    {item.name} = {region.index}",
            Need(value, (Literal(mask, True),)),
        )
        return item

    def _first(self, expression: Expression, among: Expression, last: bool, ends: Ends) -> Item:
        known = ("first", among, last, ends)
        if known not in self._scans:
            item = self._scans[known] = self._loop(expression, ends, ("-1",), backward=last)
            assert item.inner is not None
            mask = self._below(among, item.inner, ends)
            self._do(item.inner, f"if {{0}}:\n    {item.name} = {item.inner.index}\n    break", Need(mask))
        return self._scans[known]

    def _loop(
        self,
        expression: Expression,
        ends: Ends,
        start: tuple[str, ...],
        over: str = "n",
        backward: bool = False,
    ) -> Item:
        """A loop over the nodes of a graph; none for places of padding."""
        item = self._values.new(expression, ends, "")
        swept = [end for end in ends if self._values.indices[end][0].swept and self._is_loop(end)]
        bound = f"{over} if {' and '.join(f'{end} < n' for end in swept)} else 0" if swept else over
        item.inner = self._values.loop(item.region)
        steps = f"range(({bound}) - 1, -1, -1)" if backward else f"range({bound})"
        item.text = f"for {item.inner.index} in {steps}:"
        item.start = tuple(f"{item.name}{'b' * k} = {value}" for k, value in enumerate(start))
        return item

    def _is_loop(self, end: str) -> bool:
        region, item = self._values.indices[end]
        return item is None and region.index == end

    def _below(self, expression: Expression, region: Region, ends: Ends) -> Item:
        return self._values.item(expression, (region.index, *ends))

    def _do(self, region: Region, text: str, *reads: Need) -> None:
        region.statements.append(Item(self._values.names.fresh("x"), region, text, reads, statement=True))

    # ---- reductions at every node or pair

    def _known(self, expression: Any | Best | Select, ends: Ends) -> Item | None:
        """A value out of an array of all values, where these are better computed beforehand."""
        values = self._values
        fixed = expression in values.facts.fixed
        if not ends or ends in self._filled or len(ends) > _MOST_AXES:
            return None
        if fixed and values.facts.costs.of(expression, len(ends)) <= _MOST_AXES:
            return values.graph.scans.element(expression, ends, values)
        if len(values.region(expression, ends).loops) > len(ends):
            return self.element(expression, ends, values)
        return None

    def element(self, expression: Expression, ends: Ends, reader: Values) -> Item:
        """One of all values of an expression, which are computed together."""
        if expression not in self._arrays:
            self._arrays[expression] = self._array(expression, len(ends))
        array = self._arrays[expression]
        text = f"{array.name}[{cell(*ends)}]"
        item = reader.new(expression, ends, text)
        item.needs.append(Need(array))
        return item

    def _array(self, expression: Expression, rank: int) -> Item:
        values = self._values
        held = values.names.temporary(values.facts.types[expression].kind, rank)
        item = Item(held.name, values.frame)
        region, owner = values.frame, item
        ends: tuple[str, ...] = ()
        for _ in range(rank):
            region = owner.inner = values.loop(region, swept=True)
            owner.text = f"for {region.index} in range(N):"
            ends = (*ends, region.index)
            owner = Item(values.names.fresh("x"), region, statement=True)
            region.statements.append(owner)
        self._filled.add(ends)
        owner.text = f"{held.name}[{cell(*ends)}] = {{0}}"
        owner.reads = (Need(values.item(expression, ends)),)
        return item
