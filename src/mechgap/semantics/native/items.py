"""What a kernel computes: items, each once in its region and only when it is wanted.

A kernel is a nest of *regions*: the graph, the frame, and loops over nodes. An *item* is one value of
an expression; it belongs to the outermost region in which all that it reads is known, and is
computed there once, before it is first read. A *costly* item, one with a loop of its own, is computed only
if one of the conditions holds under which it is read: its *demand*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

MOST_CONJUNCTIONS = 12
"""An item that is wanted under more different conditions than this is always computed."""

Conjunction: TypeAlias = "frozenset[Literal]"
ALWAYS: Conjunction = frozenset()


class Region:
    """A block of code that is run once for each value of its index.

    Attributes:
        parent: the region around it; None for that of a graph.
        index: name of the index of the loop; empty for the regions of a graph and of a frame.
        swept: whether the index goes over padding too.
        depth: number of regions around it.
        statements: what is done in it, in order.
    """

    def __init__(self, parent: Region | None, index: str = "", *, swept: bool = False) -> None:
        self.parent = parent
        self.index = index
        self.swept = swept
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.statements: list[Item] = []

    def encloses(self, other: Region) -> bool:
        """Whether another region is this one or inside of it."""
        inner: Region | None = other
        while inner is not None and inner.depth > self.depth:
            inner = inner.parent
        return inner is self

    @property
    def loops(self) -> tuple[Region, ...]:
        """The loops over nodes around the code of this region, outermost first."""
        outer = () if self.parent is None else self.parent.loops
        return (*outer, self) if self.index else outer


@dataclass(frozen=True)
class Literal:
    """A truth value that must hold, or must not.

    Attributes:
        item: the truth value.
        holds: which.
    """

    item: Item
    holds: bool


@dataclass(frozen=True)
class Need:
    """What an item reads, and under which conditions."""

    item: Item
    given: tuple[Literal, ...] = ()


@dataclass(eq=False)
class Item:
    """A value that is computed once in its region, or a statement.

    Attributes:
        name: of the variable that holds it.
        region: where it is computed.
        text: Python code with {0}, {1}, … for what it reads; a statement or the header of a loop if it
            is no plain value.
        reads: what the text names, in order.
        needs: what else must be known before: inner statements, and the nodes that indices name.
        inner: the loop that computes it, if there is one.
        start: lines that give it a value before the loop, and if it is not wanted.
        literal: whether the text stands for itself, without a variable.
        fixed: whether it has a variable even if it is read only once.
        statement: whether it is done for its effect.
        guards: truth values under which a statement is done.
        demand: the conditions under which it is wanted.
    """

    name: str
    region: Region
    text: str = ""
    reads: tuple[Need, ...] = ()
    needs: list[Need] = field(default_factory=list)
    inner: Region | None = None
    start: tuple[str, ...] = ()
    literal: bool = False
    fixed: bool = False
    statement: bool = False
    guards: tuple[Literal, ...] = ()
    demand: set[Conjunction] = field(default_factory=set)

    @property
    def costly(self) -> bool:
        """Whether it has a loop of its own, and is no statement."""
        return self.inner is not None and not self.statement

    @property
    def below(self) -> Iterator[Need]:
        """Everything that it reads, directly and by its inner statements."""
        yield from self.reads
        yield from self.needs
        if self.inner is not None:
            for statement in self.inner.statements:
                yield Need(statement, self.guards)
        for position, literal in enumerate(self.guards):
            yield Need(literal.item, self.guards[:position])

    @cached_property
    def heavy(self) -> bool:
        """Whether computing it in its region means running a loop."""
        if self.costly:
            return True
        return any(need.item.heavy for need in self.below if need.item.region is self.region)


def spread_demand(statements: Iterable[Item]) -> None:
    """Find under which conditions all items below some statements are wanted.

    Conditions that an item is itself needed for are left out: it is then always computed.
    """
    roots = list(statements)
    items = reachable(roots)
    always: set[Item] = set()
    while True:
        for item in items:
            item.demand = set()
        _spread(roots, always)
        circular = {item for item in items if item.costly and item not in always and _circular(item)}
        if not circular:
            return
        always |= circular


def reachable(roots: Iterable[Item]) -> list[Item]:
    """Some items and everything below them."""
    found: dict[Item, None] = {}
    waiting = list(roots)
    while waiting:
        item = waiting.pop()
        if item not in found:
            found[item] = None
            waiting += [need.item for need in item.below]
    return list(found)


def _spread(roots: list[Item], always: set[Item]) -> None:
    waiting: list[tuple[Item, Conjunction]] = [(item, ALWAYS) for item in roots]
    while waiting:
        item, condition = waiting.pop()
        condition = ALWAYS if item in always else _visible(condition, item.region)
        if any(known <= condition for known in item.demand):
            continue
        item.demand = {known for known in item.demand if not condition <= known} | {condition}
        if len(item.demand) > MOST_CONJUNCTIONS:
            item.demand, condition = {ALWAYS}, ALWAYS
        waiting += [(need.item, condition | set(need.given)) for need in item.below]


def _visible(condition: Conjunction, region: Region) -> Conjunction:
    """The part of a condition that is known in a region."""
    return frozenset(literal for literal in condition if literal.item.region.encloses(region))


def _circular(item: Item) -> bool:
    """Whether a condition under which an item is wanted is made of the item itself."""
    conditions = {literal.item for conjunction in item.demand for literal in conjunction}
    return bool(conditions) and item in reachable(conditions)
