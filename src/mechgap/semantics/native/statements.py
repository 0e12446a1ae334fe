"""What is done in each region of a kernel: first values, steps, outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...kinds.mask import MaskOne
from ...kinds.pointer import Pointer
from ...kinds.scalar import Scalar
from ...lang.expression import Apply, Expression, Variable
from ...lang.location import Location
from ...lang.operations import Operation
from ..forms import ConditionalChange, Form, Forms, one_hot_of
from .items import Item, Literal, Need, Region
from .names import Array, element
from .values import Values


@dataclass
class Statements:
    """Adds statements to the region of some values.

    Args:
        values: the values that statements read.
    """

    values: Values
    _loops: dict[object, Region] = field(default_factory=dict)  # that further statements may join

    # ---- frames

    def start(self, init: Mapping[Variable, Expression]) -> None:
        """The first value of every variable."""
        for variable, expression in init.items():
            self._whole(variable, expression, "0")

    def step(self, step: Mapping[Variable, Expression]) -> None:
        """The next value of every variable that changes."""
        forms = Forms(self.values.facts.types)
        changing: list[tuple[Variable, Sequence[ConditionalChange]]] = []
        for variable, expression in step.items():
            if expression is variable:
                continue
            form = forms.of(expression) if self.values.names.state[variable].rank else Form(expression)
            if form.base is variable:
                changing.append((variable, form.changes))
                self._copied(variable)
            else:
                self._whole(variable, expression, "q")
        for round in range(max([len(changes) for _, changes in changing], default=0)):
            self._loops.clear()  # changes of one variable are made in order
            for variable, changes in changing:
                if round < len(changes):
                    self._change(variable, changes[round])

    def stop(self, halt: Expression) -> None:
        """Leave the loop over frames after the last one."""
        self._do(self.values.frame, "if {0}:\n    break", Need(self.values.item(halt, ())))
        self._do(self.values.frame, "if t + 1 >= limit:\n    status[b] = 1\n    break")

    def output(self, array: Array, expression: Expression, location: Location) -> None:
        """Write an output."""
        region, ends = self._swept(location, ())
        value = self.values.item(expression, ends)
        self._do(region, f"{element(array, 'b', *ends)} = {{0}}", Need(value))

    # ---- values

    def _whole(self, variable: Variable, expression: Expression, frame: str) -> None:
        array = self.values.names.state[variable]
        if isinstance(variable.kind, MaskOne):
            self._local(variable, self.marked(expression), frame)
        elif array.rank == 0:
            self._local(variable, self.values.item(expression, ()), frame)
        else:
            region, ends = self._swept(variable.location, ())
            self._write(variable, expression, frame, region, ends)

    def _local(self, variable: Variable, item: Item, frame: str) -> None:
        """A value of the graph, kept in a local variable; the next one under another name until the end."""
        name = self.values.names.state[variable].name
        target = name if frame == "0" else f"{name}n"
        checks = self._checks(variable)
        item.fixed = item.fixed or bool(checks)
        self._do(self.values.frame, "\n".join([f"{target} = {{0}}", *checks]), Need(item))

    def _copied(self, variable: Variable) -> None:
        array = self.values.names.state[variable]
        self._do(
            self.values.frame, f"for k in range({array.size}):\n    {array.name}[q, k] = {array.name}[p, k]"
        )

    def _change(self, variable: Variable, change: ConditionalChange) -> None:
        """A change at one place, along a line, or anywhere."""
        values = self.values
        guards = [Literal(values.item(guard, ()), holds) for guard, holds in change.guards]
        ends: list[str | None] = []
        for end in change.place.ends:
            place = None if end is None else values.place(end, ())
            ends.append(None if place is None else place.index)
            if place is not None and place.there is not None:
                guards.append(Literal(place.there, True))
        region, indices = self._swept(variable.location, tuple(ends), tuple(guards))
        guards = [] if region is not values.frame else guards
        conditions = [values.item(condition, indices) for condition in change.place.conditions]
        guards += [Literal(condition, True) for condition in sorted(conditions, key=lambda item: item.heavy)]
        self._write(variable, change.value, "q", region, indices, tuple(guards))

    def _write(
        self,
        variable: Variable,
        expression: Expression,
        frame: str,
        region: Region,
        ends: tuple[str, ...],
        guards: tuple[Literal, ...] = (),
    ) -> None:
        value = self.values.item(expression, ends)
        array, checks = self.values.names.state[variable], self._checks(variable)
        value.fixed = value.fixed or bool(checks)
        short = isinstance(variable.kind, Pointer) and variable not in self.values.facts.grounded
        text = "min(max({0}, -1), N)" if short else "{0}"
        lines = [f"{element(array, frame, *ends)} = {text}", *checks]
        item = self._do(region, "\n".join(lines), Need(value, guards), guards=guards)
        item.needs += self.values.nodes(ends)

    def _checks(self, variable: Variable) -> list[str]:
        """Lines that mark a run in which a value is not what its variable declares."""
        kind, facts = variable.kind, self.values.facts
        if isinstance(kind, Scalar):
            test = f"F({_bound(kind.low)}) <= {{0}} <= F({_bound(kind.high)})"
        elif isinstance(kind, Pointer) and variable not in facts.grounded:
            test = "0 <= {0} < n"
        else:
            return []
        return [f"if not ({test}):", "    status[b] = 1"]

    def _swept(
        self, location: Location, ends: tuple[str | None, ...], guards: tuple[Literal, ...] = ()
    ) -> tuple[Region, tuple[str, ...]]:
        """The region in which every place is visited, and the indices of the place there.

        Args:
            location: of the places.
            ends: indices of nodes that are given; () if all are swept.
            guards: under which the places are visited.
        """
        ends = ends or (None,) * location.rank
        region, found = self.values.frame, []
        for position, end in enumerate(ends):
            if end is None:
                region = self._loop(
                    region, (ends, position, guards), guards if region is self.values.frame else ()
                )
                found.append(region.index)
            else:
                found.append(end)
        return region, tuple(found)

    def _loop(self, parent: Region, key: object, guards: tuple[Literal, ...]) -> Region:
        if key not in self._loops:
            region = self._loops[key] = self.values.loop(parent, swept=True)
            item = self._do(parent, f"for {region.index} in range(N):", guards=guards)
            item.inner = region
        return self._loops[key]

    def _do(self, region: Region, text: str, *reads: Need, guards: tuple[Literal, ...] = ()) -> Item:
        item = Item(self.values.names.fresh("x"), region, text, reads, statement=True, guards=guards)
        region.statements.append(item)
        return item

    # ---- mask_ones

    def marked(self, expression: Expression) -> Item:
        """The index of the one node at which a mask holds; -1 for none."""
        values = self.values
        pointer = one_hot_of(expression)
        if pointer is not None and values.location(pointer) is Location.GRAPH:
            item = values.item(pointer, ())
            if pointer in values.facts.grounded:
                return item
            return self._item("min(max({0}, -1), N)", Need(item))
        if isinstance(expression, Variable) and isinstance(expression.kind, MaskOne):
            return values.held(expression)
        if isinstance(expression, Apply) and expression.operation is Operation.WHERE:
            condition, then, otherwise = expression.arguments
            if values.location(condition) is Location.GRAPH:
                holds = values.item(condition, ())
                return self._item(
                    "({1} if {0} else {2})",
                    Need(holds),
                    Need(self.marked(then), (Literal(holds, True),)),
                    Need(self.marked(otherwise), (Literal(holds, False),)),
                )
        return values.scans.lowest(expression)

    def _item(self, text: str, *reads: Need) -> Item:
        return Item(self.values.names.fresh("x"), self.values.frame, text, reads)


def _bound(value: float) -> str:
    return repr(float(value)) if abs(value) != float("inf") else f"{'-' * (value < 0)}np.inf"
