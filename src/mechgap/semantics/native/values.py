"""How expressions become items: what is computed of them at which place, and in which region."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any as Anything
from typing import TypeAlias

from ...kinds.mask import MaskOne
from ...kinds.pointer import Pointer
from ...lang.expression import (
    Along,
    Any,
    Apply,
    At,
    Best,
    Constant,
    End,
    Expression,
    Follow,
    Leg,
    Lift,
    Own,
    Reverse,
    Select,
    Size,
    Variable,
)
from ...lang.location import Location
from ...lang.operations import Operation
from ..facts import Facts
from ..forms import one_hot_of
from .items import Item, Literal, Need, Region
from .names import Names, element
from .scans import Scans

Ends: TypeAlias = "tuple[str, ...]"
"""Names of the indices of a place's nodes, in the order of its location."""

_PLAIN = {
    Operation.ADD: "({0} + {1})",
    Operation.SUBTRACT: "({0} - {1})",
    Operation.MULTIPLY: "({0} * {1})",
    Operation.MINIMUM: "min({0}, {1})",
    Operation.MAXIMUM: "max({0}, {1})",
    Operation.NOT: "(not {0})",
    Operation.INDEX: "F({0})",
    Operation.NODE_AT: "np.int64({0})",
}
_COMPARED = {Operation.EQUAL: "==", Operation.LESS: "<", Operation.LESS_EQUAL: "<="}
_JOINED = {Operation.AND: ("({0} & {1})", True), Operation.OR: ("({0} | {1})", False)}


class Unsupported(Exception):
    """A kernel cannot compute something; the program is run without one."""


@dataclass(frozen=True)
class Place:
    """A node that a reference names.

    Attributes:
        index: name of its index, which is 0 where there is no such node.
        there: whether there is; None if there always is.
    """

    index: str
    there: Item | None


class Values:
    """Makes items of expressions.

    Args:
        facts: what is known of the program.
        names: of what the kernel holds.
        frame: the region in which the state is known; that of the graph while there is none.
        graph: the values of the region of the graph; None to make those.
    """

    def __init__(self, facts: Facts, names: Names, frame: Region, graph: Values | None = None) -> None:
        self.facts = facts
        self.names = names
        self.frame = frame
        self.graph = graph or self
        self.indices: dict[str, tuple[Region, Item | None]] = {} if graph is None else graph.indices
        self.scans = Scans(self)
        self._items: dict[object, Item] = {}
        self._places: dict[object, Place] = {}
        self._rules: dict[type[Expression], Callable[[Anything, Ends], Item]] = {
            Constant: self._constant,
            Own: lambda e, ends: self.indices[ends[0]][1] or self.literal(ends[0]),
            Size: lambda e, ends: self.literal("size"),
            Variable: self._variable,
            Apply: self._apply,
            Lift: lambda e, ends: self.item(e.value, (ends[0 if e.end is End.SENDER else 1],)),
            Reverse: lambda e, ends: self.item(e.value, (ends[1], ends[0])),
            Along: self._along,
            Follow: self._follow,
            At: self._at,
            **dict.fromkeys((Any, Best, Select), self.scans.of),
        }

    # ---- items

    def item(self, expression: Expression, ends: Ends) -> Item:
        """The value of an expression at a place."""
        expression = self.facts.same.get(expression, expression)
        ends = ends if self.location(expression).rank else ()
        if self.graph is not self and self.region(expression, ends) is self.graph.frame:
            return self.graph.item(expression, ends)
        key = (expression, ends)
        if key not in self._items:
            self._items[key] = self._rules[type(expression)](expression, ends)
        return self._items[key]

    def region(self, expression: Expression, ends: Ends) -> Region:
        """Where a value belongs: the outermost region in which all that it reads is known."""
        found = self.graph.frame if expression in self.facts.fixed else self.frame
        for end in ends:
            region, _ = self.indices[end]
            found = region if region.depth > found.depth else found
        return found

    def new(self, expression: Expression, ends: Ends, text: str, *reads: Need, **more: Anything) -> Item:
        """A new item for an expression."""
        item = Item(self.names.fresh("x"), self.region(expression, ends), text, reads, **more)
        item.needs += self.nodes(ends)
        return item

    def nodes(self, ends: Ends) -> list[Need]:
        """What must be known so that indices name nodes."""
        items = [self.indices[end][1] for end in ends]
        return [Need(item) for item in items if item is not None]

    def loop(self, parent: Region, *, swept: bool = False) -> Region:
        """A loop over nodes in a region."""
        region = Region(parent, self.names.fresh("n"), swept=swept)
        self.indices[region.index] = (region, None)
        return region

    def literal(self, text: str) -> Item:
        """Code that stands for itself."""
        return Item("", self.graph.frame, text, literal=True)

    def location(self, expression: Expression) -> Location:
        """Where the value of an expression lives."""
        if isinstance(expression, Variable):
            return expression.location
        return self.facts.types[expression].location

    # ---- places

    def place(self, reference: Expression, ends: Ends) -> Place:
        """The node that a reference names at a place."""
        if not self._points(reference) or self.location(reference) is Location.GRAPH:
            ends = ()
        key = (self.facts.same.get(reference, reference), ends)
        if key not in self._places:
            self._places[key] = self._find_place(reference, ends)
        return self._places[key]

    def _find_place(self, reference: Expression, ends: Ends) -> Place:
        raw = self.item(reference, ends) if self._points(reference) else self._marked(reference)
        if (raw.text if raw.literal else raw.name) in self.indices:
            return Place(raw.text if raw.literal else raw.name, None)
        raw.fixed = True
        if reference in self.facts.grounded:
            self.indices[raw.name] = (raw.region, raw)
            return Place(raw.name, None)
        there = Item(self.names.fresh("x"), raw.region, "(0 <= {0} < n)", (Need(raw),))
        reads = (Need(raw), Need(there))
        index = Item(self.names.fresh("x"), raw.region, "({0} if {1} else 0)", reads, fixed=True)
        self.indices[index.name] = (index.region, index)
        return Place(index.name, there)

    def _points(self, reference: Expression) -> bool:
        kind = reference.kind if isinstance(reference, Variable) else self.facts.types[reference].kind
        return isinstance(kind, Pointer)

    def _marked(self, mask: Expression) -> Item:
        """The index of the one node at which a mask holds."""
        if isinstance(mask, Variable) and isinstance(mask.kind, MaskOne):
            return self.held(mask)
        pointer = one_hot_of(mask)
        if pointer is not None and self.location(pointer) is Location.GRAPH:
            raw = self.item(pointer, ())
            raw.fixed = True
            return self.new(mask, (), "({0} if 0 <= {0} < N else 0)", Need(raw))
        return self.scans.highest(mask)

    def held(self, variable: Variable) -> Item:
        """The index that is kept of a mask_one."""
        if variable in self.names.inputs:
            return self.new(variable, (), element(self.names.inputs[variable], "b"))
        return self.new(variable, (), self.names.state[variable].name)

    # ---- reads

    def _follow(self, expression: Follow, ends: Ends) -> Item:
        place = self.place(expression.reference, ends)
        return self._read(expression, ends, self.item(expression.value, (place.index,)), [place])

    def _at(self, expression: At, ends: Ends) -> Item:
        places = [self.place(end, ends) for end in (expression.sender, expression.receiver)]
        value = self.item(expression.value, tuple(place.index for place in places))
        return self._read(expression, ends, value, places)

    def _read(self, expression: Follow | At, ends: Ends, value: Item, places: list[Place]) -> Item:
        there = [place.there for place in places if place.there is not None]
        if not there:
            return value
        given = tuple(Literal(item, True) for item in there)
        test = " and ".join(f"{{{k + 1}}}" for k in range(len(there)))
        text = f"({{0}} if {test} else {self.names.zero(self.facts.types[expression].kind)})"
        return self.new(expression, ends, text, Need(value, given), *map(Need, there))

    def _variable(self, variable: Variable, ends: Ends) -> Item:
        given = variable in self.names.inputs
        array = self.names.inputs[variable] if given else self.names.state[variable]
        if isinstance(variable.kind, MaskOne):
            held = self.held(variable)
            return self.new(variable, ends, f"({{0}} == {ends[0]})", Need(held))
        if not given and array.rank == 0:
            return self.new(variable, ends, array.name)
        stays = not given and self.names.program.step[variable] is variable
        text = element(array, "b" if given else "0" if stays else "p", *ends)
        return self.new(variable, ends, f"np.int64({text})" if array.whole else text)

    # ---- the rest

    def _constant(self, expression: Constant, ends: Ends) -> Item:
        value = expression.value
        if isinstance(value, str):
            return self.literal(str(self.facts.types[expression].categories.index(value)))
        if isinstance(value, bool):
            return self.literal(str(value))
        number = repr(float(value)) if math.isfinite(value) else f"{'-' * (value < 0)}np.inf"
        return self.literal(f"F({number})")

    def _along(self, expression: Along, ends: Ends) -> Item:
        middle, sender, receiver = ends
        pair = {Leg.FIRST: (sender, middle), Leg.SECOND: (middle, receiver), Leg.DIRECT: (sender, receiver)}
        return self.item(expression.value, pair[expression.leg])

    def _apply(self, expression: Apply, ends: Ends) -> Item:
        operation = expression.operation
        if operation is Operation.WHERE:
            return self._where(expression, ends)
        if operation is Operation.ARCTAN2:
            return self._beforehand(expression, ends)
        items = [self.item(argument, ends) for argument in expression.arguments]
        if operation in _JOINED:
            text, goes_on = _JOINED[operation]
            one, other = sorted(items, key=lambda item: item.heavy)
            given = (Literal(one, goes_on),) if other.heavy else ()
            return self.new(expression, ends, text, Need(one), Need(other, given))
        if operation in _COMPARED:
            text = f"({{0}} {_COMPARED[operation]} {{1}})"
            return self.new(expression, ends, text, *map(Need, items))
        return self.new(expression, ends, _PLAIN[operation], *map(Need, items))

    def _where(self, expression: Apply, ends: Ends) -> Item:
        condition, then, otherwise = expression.arguments
        holds = self.item(condition, ends)
        return self.new(
            expression,
            ends,
            "({1} if {0} else {2})",
            Need(holds),
            Need(self.item(then, ends), (Literal(holds, True),)),
            Need(self.item(otherwise, ends), (Literal(holds, False),)),
        )

    def _beforehand(self, expression: Expression, ends: Ends) -> Item:
        """A value that is computed before, by the library that all runs share, so that all agree on it."""
        location = self.location(expression)
        if expression not in self.facts.fixed or location.rank > Location.EDGE.rank:
            raise Unsupported("an angle that is not the same in all frames")
        return self.new(expression, ends, element(self.names.input_of(expression, location), "b", *ends))
