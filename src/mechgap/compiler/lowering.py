"""First pass: from a program to ReLU units and fetches over named slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import Refusal
from ..kinds.categorical import Categorical
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from ..lang.expression import Any, Apply, Expression, Variable
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.program import Port, Program
from .attention_rules import AttentionRules
from .bounds import check_input, check_state
from .dialect import Dialect
from .expressible import check_expressible, read_later
from .gadgets import Gadgets, TooLarge
from .ir import INDEX_PORT, Atom, Carried, Feature, Form
from .message_rules import MessageRules
from .nodes import NodeLowering, Scope
from .origin import Origin
from .pair_ir import MessageUnit, PairCarried, PairUnit
from .slots import Lowered, Slot
from .values import Bit, Category, Number, Value


@dataclass(frozen=True)
class PoolTerm:
    """A slot that takes part in the halt condition: sign * (largest value over the nodes)."""

    slot: str
    sign: float


@dataclass(frozen=True)
class Meaning:
    """How to read the program's values from the slots.

    Attributes:
        slots: port or variable name -> the names of its slots, in order of its components.
        halt: the halt condition holds where bias + sum of pool terms is positive.
        bias: see halt.
    """

    slots: Mapping[str, tuple[str, ...]]
    halt: tuple[PoolTerm, ...]
    bias: float


def given_index(n: int) -> Atom:
    """The index of each node as a feature of its own."""
    return Feature(n - 1, True, "me", INDEX_PORT, 0)


def lower(program: Program, n: int, resolve: bool, dialect: Dialect) -> tuple[Lowered, Meaning]:
    """Lower a program; with units of pairs where it has values at pairs, or cannot do without them.

    Where attention does not compare, they are at hand from the start; what is not used is not made.

    Args:
        program: any checked program.
        n: largest number of nodes.
        resolve: whether equal real keys are told apart by index.
        dialect: what the family of networks can tell on its own.

    Raises:
        Refusal: naming the operation, if something cannot be computed exactly.
    """

    def lowered(paired: bool) -> tuple[Lowered, Meaning]:
        return _ProgramLowering(program, n, resolve, paired, dialect).run()

    places = {variable.location for variable in program.state}
    paired = Location.EDGE in places | {port.location for port in program.interface.outputs}
    if paired or not dialect.compares:
        return lowered(True)
    try:
        return lowered(False)
    except TooLarge:
        raise
    except Refusal as refusal:
        try:
            return lowered(True)
        except TooLarge:
            raise
        except Refusal:
            raise refusal from None


class _ProgramLowering:
    def __init__(self, program: Program, n: int, resolve: bool, paired: bool, dialect: Dialect) -> None:
        self.program = program
        self.gadgets = Gadgets(f"program {program.name}, compiling")
        unit = MessageUnit if dialect.messages else PairUnit
        self.pair_gadgets = Gadgets(f"program {program.name}, compiling", unit)
        own = given_index(n) if dialect.index is None else dialect.index(n, self.gadgets)
        rules = MessageRules if dialect.messages else AttentionRules
        self.scope = Scope(n, own, resolve, self.pair_gadgets if paired else None, dialect, rules)
        self.inputs = {v: self._entered(v) for v in program.inputs if v.location is not Location.EDGE}
        self.slots: dict[str, Slot] = {}
        self.start: dict[str, Form] = {}
        self.step: dict[str, Form] = {}
        self.meaning: dict[str, tuple[str, ...]] = {}

    def run(self) -> tuple[Lowered, Meaning]:
        """The program in the intermediate form."""
        check_expressible(self.program, self.scope.dialect.messages)
        first = NodeLowering(self.program, self.gadgets, self.inputs, self.scope)
        start = {v: _value(first, v, x) for v, x in self.program.init.items()}
        carried = {v: self._carried(v) for v in self.program.state}
        self.inputs |= {v: self._kept(v) for v in read_later(self.program) if self._is_signed(v)}
        old = NodeLowering(self.program, self.gadgets, {**self.inputs, **carried}, self.scope)
        new = {v: _value(old, v, x) for v, x in self.program.step.items()}
        for variable in self.program.state:
            self._store(variable, start[variable], new[variable])
            if variable.location is Location.GRAPH and isinstance(variable.kind, Pointer):
                self._extra(here_key(variable.name), self._here(new[variable]), self._here(start[variable]))
        halt, bias = self._halt(old)
        self._outputs(start, new)
        lowered = Lowered(tuple(self.slots.values()), self.start, self.step)
        return lowered, Meaning(self.meaning, halt, bias)

    # ---- variables

    def _entered(self, variable: Variable) -> Value | Refusal:
        """An input as features, or the reason why this target cannot read it."""
        try:
            return self._features(variable)
        except Refusal as refusal:
            return refusal

    def _features(self, variable: Variable) -> Value:
        kind, name = variable.kind, variable.name
        self.gadgets.origin = name
        if isinstance(kind, Pointer):
            raise self.gadgets.refuse(
                f"the pointer input {name!r}",
                "masks, scalars and categories as inputs",
                "give it as a mask_one",
            )
        if isinstance(kind, Scalar):
            check_input(self.gadgets, name, kind)
            feature = Feature(max(-kind.low, kind.high), kind.whole, name, name, 0, kind.low < 0)
            return Number(self.gadgets.split(feature), kind.low, kind.high, kind.whole)
        count = len(kind.categories) if isinstance(kind, Categorical) else 1
        bits = tuple(Bit((Form.of(Feature(1.0, True, name, name, k)),)) for k in range(count))
        return Category(bits) if isinstance(kind, Categorical) else bits[0]

    def _is_signed(self, variable: Variable) -> bool:
        value = self.inputs.get(variable)
        return isinstance(value, Number) and value.low < 0

    def _kept(self, variable: Variable) -> Value:
        """An input that may be negative in slots of its own, whose numbers are not."""
        value, kind = self.inputs[variable], variable.kind
        assert isinstance(value, Number) and isinstance(kind, Scalar)
        carried = self._signed(variable.name, kind)
        for slot, form, kept in zip(
            self.meaning.pop(variable.name), self._forms(value, 2), self._forms(carried, 2), strict=True
        ):
            self.start[slot], self.step[slot] = form, kept
        return carried

    def _carried(self, variable: Variable) -> Value | Refusal:
        """A state variable as the slots that hold it."""
        kind, name, paired = variable.kind, variable.name, variable.location is Location.EDGE
        if isinstance(kind, Categorical):
            slots = self._named(name, tuple(f"{name}.{category}" for category in kind.categories))
            return Category(tuple(Bit((self._slot(Slot(slot, 1.0, True, paired=paired)),)) for slot in slots))
        if isinstance(kind, (Scalar, Pointer)):
            low, high, whole = 0.0, self.scope.n - 1.0, True
            if isinstance(kind, Scalar):
                self.gadgets.origin = name
                check_state(self.gadgets, name, kind)
                if kind.low < 0 and not kind.whole:
                    return self._signed(name, kind, paired)
                low, high, whole = min(kind.low, 0.0), kind.high, kind.whole
            (slot,) = self._named(name, (name,))
            form = self._slot(Slot(slot, high - low, whole, low, paired)).plus(low)
            bounds = (kind.low, kind.high) if isinstance(kind, Scalar) else (0.0, high)
            return Number(form, bounds[0], bounds[1], whole)
        (slot,) = self._named(name, (name,))
        return Bit((self._slot(Slot(slot, 1.0, True, paired=paired)),))

    def _signed(self, name: str, kind: Scalar, paired: bool = False) -> Number:
        """A number that may be negative, in one slot for its positive and one for its negative part."""
        up, down = self._named(name, signed_slots(name))
        positive = self._slot(Slot(up, max(kind.high, 0.0), kind.whole, paired=paired))
        negative = self._slot(Slot(down, -kind.low, kind.whole, paired=paired))
        return Number(positive - negative, kind.low, kind.high, kind.whole)

    def _named(self, name: str, slots: tuple[str, ...]) -> tuple[str, ...]:
        self.meaning[name] = slots
        return slots

    def _slot(self, slot: Slot) -> Form:
        """What a slot holds before a step."""
        self.slots[slot.name] = slot
        if slot.paired:
            return Form.of(PairCarried(slot.high, slot.whole, slot.name, slot.name, False))
        return Form.of(Carried(slot.high, slot.whole, slot.name, slot.name))

    def _store(self, variable: Variable, start: Value, new: Value) -> None:
        """Fill the slots of a variable."""
        names, paired = self.meaning[variable.name], variable.location is Location.EDGE
        gadgets = self.pair_gadgets if paired else self.gadgets
        gadgets.origin = Origin(self.program.init[variable])
        before = self._forms(start, len(names), paired)
        gadgets.origin = Origin(self.program.step[variable])
        after = self._forms(new, len(names), paired)
        for slot, first, then in zip(names, before, after, strict=True):
            low = self.slots[slot].low
            self.start[slot] = first.plus(-low)
            self.step[slot] = then.plus(-low)

    def _forms(self, value: Value, count: int, paired: bool = False) -> list[Form]:
        """What the slots of a value hold."""
        gadgets = self.pair_gadgets if paired else self.gadgets
        if isinstance(value, Number):
            form = gadgets.simple(value).form
            return [form, form * -1.0][:count]
        bits = value.bits if isinstance(value, Category) else (value,)
        return [gadgets.form(bit) for bit in bits]

    # ---- halt and outputs

    def _halt(self, old: NodeLowering) -> tuple[tuple[PoolTerm, ...], float]:
        """The halt condition over slots; maxima over the nodes are left to the readout."""
        self.gadgets.origin = Origin(self.program.halt)
        masks = _nowhere(self.program.halt)
        if masks is None:
            slot = self._extra("halt", old.of(self.program.halt))
            return (PoolTerm(slot[0], 1.0),), -0.5
        terms = []
        for position, mask in enumerate(masks):
            (slot_name,) = self._extra(f"halt.{position}", old.of(mask))
            terms.append(PoolTerm(slot_name, -1.0))
        return tuple(terms), 0.5

    def _extra(
        self, name: str, new: Value, start: Value | None = None, paired: bool = False
    ) -> tuple[str, ...]:
        """Slots for a value that is not a state variable; before the first step they hold 0."""
        numbers = [value for value in (new, start) if isinstance(value, Number)]
        whole = all(number.whole for number in numbers)
        low = min([0.0, *(number.low for number in numbers)])
        high = max([number.high for number in numbers], default=1.0)
        if signed := low < 0 and not whole:
            high, low = max(high, -low), 0.0
        count = len(new.bits) if isinstance(new, Category) else 2 if signed else 1
        forms = self._forms(new, count, paired)
        before = [Form()] * count if start is None else self._forms(start, count, paired)
        names = (name,) if count == 1 else tuple(f"{name}.{k}" for k in range(count))
        if signed:
            names = signed_slots(name)
        for slot, one, other in zip(names, before, forms, strict=True):
            self.slots[slot] = Slot(slot, high - low, whole, low, paired)
            self.start[slot] = one.plus(-low) if start is not None else one
            self.step[slot] = other.plus(-low)
        self.meaning[name] = names
        return names

    def _outputs(self, start: Mapping[Variable, Value], new: Mapping[Variable, Value]) -> None:
        at_start = NodeLowering(self.program, self.gadgets, {**self.inputs, **start}, self.scope)
        at_end = NodeLowering(self.program, self.gadgets, {**self.inputs, **new}, self.scope)
        for port, expression in zip(
            self.program.interface.outputs, self.program.outputs.values(), strict=True
        ):
            key = output_key(port.name)
            if isinstance(expression, Variable) and expression.name in self.meaning:
                self.meaning[key] = self.meaning[expression.name]
                if here_key(expression.name) in self.meaning:
                    self.meaning[here_key(key)] = self.meaning[here_key(expression.name)]
                continue
            paired = port.location is Location.EDGE
            (self.pair_gadgets if paired else self.gadgets).origin = Origin(expression)
            before, after = (_value(lowering, port, expression) for lowering in (at_start, at_end))
            self._extra(key, after, before, paired)
            if port.location is Location.GRAPH and isinstance(port.kind, Pointer):
                self._extra(here_key(key), self._here(after), self._here(before))

    def _here(self, pointer: Value) -> Bit:
        """Whether a node is the one that a pointer of the graph names: what a readout can score."""
        assert isinstance(pointer, Number)
        own = Number(Form.of(self.scope.index), 0, self.scope.n - 1, True)
        return self.gadgets.equal(own, pointer)


def _value(lowering: NodeLowering, place: Variable | Port, expression: Expression) -> Value:
    """The value of an expression, where a variable or an output lives."""
    if place.location is Location.EDGE:
        return lowering.at_pairs(expression)
    return lowering.of(expression)


def signed_slots(name: str) -> tuple[str, str]:
    """The names of the slots of a number that may be negative."""
    return f"{name}.positive", f"{name}.negative"


def output_key(name: str) -> str:
    """The name of an output among the slots; outputs and variables may share names."""
    return f"output {name}"


def here_key(name: str) -> str:
    """The name of the mark that a pointer of the graph leaves at its node."""
    return f"{name} here"


def _nowhere(halt: Expression) -> list[Expression] | None:
    """The masks of which the halt condition says that none holds anywhere, if it says just that."""
    if not isinstance(halt, Apply):
        return None
    if halt.operation is Operation.AND:
        parts = [_nowhere(argument) for argument in halt.arguments]
        return None if None in parts else [mask for part in parts if part for mask in part]
    if halt.operation is Operation.NOT and isinstance(halt.arguments[0], Any):
        return [halt.arguments[0].mask]
    return None
