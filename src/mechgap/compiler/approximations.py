"""How far numbers of a network may be off those of the interpreter, and which decisions depend on them.

Angles are the only operation that networks approximate. Their errors are carried through the expressions of
a program to its variables and outputs; the bounds know no target. What compares such numbers decides as the
interpreter does if they are further apart than the errors of both together: the decision margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..errors import Refusal
from ..kinds.scalar import Scalar
from ..lang.expression import Along, Apply, At, Best, Expression, Follow, Lift, Reverse, Select, Variable
from ..lang.operations import Operation
from ..lang.program import Program
from ..lang.text import expression_text
from . import angles, products
from .expressible import below, expressions

STEPS = 8
"""Steps after which errors must not grow any more."""

ROUNDING = 2.0**-23
"""By how much of its size rounding may move two results of float32 apart."""

_COMPARED = (Operation.LESS, Operation.LESS_EQUAL, Operation.EQUAL, Operation.MINIMUM, Operation.MAXIMUM)


@dataclass(frozen=True)
class Approximation:
    """An operation that a network does not compute as the interpreter does.

    Attributes:
        operation: its text.
        error: largest difference of its value to the interpreter's.
        decision_margin: numbers that depend on it and are compared, or keys of a choice, are ordered as the
            interpreter orders them if they differ by more than this; 0 if none are compared.
    """

    operation: str
    error: float
    decision_margin: float


@dataclass(frozen=True)
class Approximations:
    """What a network of a program approximates.

    Attributes:
        operations: the approximated ones.
        errors: scalar variable, or "output NAME" -> largest difference to the interpreter's value, in
            recorded units; those that are equal are left out.
        conditions: what must hold of numbers so that operations on them are as good as is said.
    """

    operations: tuple[Approximation, ...] = ()
    errors: Mapping[str, float] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Error:
    """How far a number may be off, and the operations to blame."""

    bound: float = 0.0
    sources: frozenset[Expression] = frozenset()

    def __or__(self, other: _Error) -> _Error:
        """That of either number."""
        return _Error(max(self.bound, other.bound), self.sources | other.sources)


def approximations(program: Program) -> Approximations:
    """What a network approximates, at most.

    Raises:
        Refusal: if errors grow from step to step, or decide about an angle.
    """
    errors: dict[Variable, _Error] = {}
    for _ in range(STEPS):
        carried = _Carried(program, errors)
        grown: dict[Variable, _Error] = {}
        for values in (program.init, program.step):
            for variable, expression in values.items():
                grown[variable] = grown.get(variable, _Error()) | carried.of(expression)
        grown = {variable: error for variable, error in grown.items() if error.bound}
        if grown == errors:
            return _summary(program, carried, errors)
        errors = grown
    worst = max(errors, key=lambda variable: errors[variable].bound)
    raise Refusal(
        f"program {program.name}, variable {worst.name}, compiling `{expression_text(program.step[worst])}`",
        "an approximated number whose error grows from step to step",
        "errors that stay below a bound, so that a certificate can say it",
        "compute the number anew in every step, from numbers that are exact",
    )


def _summary(program: Program, carried: _Carried, errors: Mapping[Variable, _Error]) -> Approximations:
    carried.of(program.halt)
    outputs = {name: (x, carried.of(x)) for name, x in program.outputs.items()}
    named = {v.name: error.bound * _unit(program, v) for v, error in errors.items()}
    named |= {f"output {name}": e.bound * _unit(program, x) for name, (x, e) in outputs.items() if e.bound}
    operations = tuple(
        Approximation(expression_text(x), angles.ERROR, carried.margins.get(x, 0.0))
        for x in expressions(program)
        if x in carried.angles
    )
    return Approximations(operations, named, tuple(_conditions(program)))


def _unit(program: Program, expression: Expression) -> float:
    if isinstance(expression, Variable) and isinstance(expression.kind, Scalar):
        return expression.kind.unit
    return 1.0


def _conditions(program: Program) -> Iterable[str]:
    """What must hold of the operands of products and angles."""
    if varying(program, Operation.MULTIPLY):
        yield f"factors of products are 0 or at least 2^{products.FINEST} in magnitude"
    if varying(program, Operation.ARCTAN2):
        yield f"of two coordinates that have an angle both are 0, or one is at least 2^{angles.NEAREST}"


def varying(program: Program, operation: Operation) -> bool:
    """Whether an operation on real numbers takes two that vary, somewhere in a program."""
    return any(
        isinstance(x, Apply) and x.operation is operation and _varies(program, x)
        for x in expressions(program)
    )


def _varies(program: Program, expression: Apply) -> bool:
    kinds = [program.types[argument].scalar for argument in expression.arguments]
    if expression.operation is Operation.ARCTAN2:
        return True
    return all(kind.low < kind.high for kind in kinds) and not all(kind.whole for kind in kinds)


class _Carried:
    """The errors of expressions, from those of variables.

    Args:
        program: whose expressions they are.
        errors: of state variables.

    Attributes:
        angles: the operations that approximate.
        margins: operation -> the largest decision margin of what depends on it.
    """

    def __init__(self, program: Program, errors: Mapping[Variable, _Error]) -> None:
        self._program = program
        self._errors = errors
        self._known: dict[Expression, _Error] = {}
        self.angles: set[Expression] = set()
        self.margins: dict[Expression, float] = {}

    def of(self, expression: Expression) -> _Error:
        """The error of an expression; none if it is no number."""
        for part in () if expression in self._known else below((expression,)):
            if part not in self._known:
                self._known[part] = self._found(part)
        return self._known[expression]

    def _found(self, expression: Expression) -> _Error:
        match expression:
            case Variable():
                return self._errors.get(expression, _Error())
            case Lift() | Reverse() | Along() | Follow() | At():
                return self._known[expression.value]
            case Best():
                return self._known[expression.value] | self._known[expression.default]
            case Select() if expression.key is not None:
                key = self._known[expression.key]
                self._decide(_Error(2.0 * key.bound, key.sources))
                return _Error()
            case Apply():
                return self._applied(expression)
        return _Error()

    def _applied(self, expression: Apply) -> _Error:
        errors = [self._known[argument] for argument in expression.arguments]
        operation = expression.operation
        if operation is Operation.ARCTAN2:
            return self._angle(expression, errors)
        if not any(error.bound for error in errors):
            return _Error()
        sources = frozenset[Expression]().union(*(error.sources for error in errors))
        if operation in _COMPARED:
            self._decide(_Error(sum(error.bound for error in errors), sources))
        match operation:
            case Operation.WHERE:
                return errors[1] | errors[2]
            case Operation.MINIMUM | Operation.MAXIMUM:
                return errors[0] | errors[1]
            case Operation.ADD | Operation.SUBTRACT:
                return _Error(errors[0].bound + errors[1].bound + self._rounding(expression), sources)
            case Operation.MULTIPLY:
                one, other = (error.bound for error in errors)
                left, right = (self._reach(argument) for argument in expression.arguments)
                bound = left * other + right * one + one * other + self._rounding(expression)
                return _Error(bound, sources)
        return _Error()

    def _angle(self, expression: Apply, errors: list[_Error]) -> _Error:
        if any(error.bound for error in errors):
            raise Refusal(
                f"program {self._program.name}, compiling `{expression_text(expression)}`",
                "an angle of approximated numbers",
                "exact coordinates: next to (0, 0) a small error changes an angle by any amount",
                "compute the coordinates without angles",
            )
        self.angles.add(expression)
        return _Error(angles.ERROR, frozenset((expression,)))

    def _decide(self, together: _Error) -> None:
        """Note that a decision depends on numbers that may be off by so much together."""
        for source in together.sources:
            self.margins[source] = max(self.margins.get(source, 0.0), together.bound)

    def _reach(self, expression: Expression) -> float:
        kind = self._program.types[expression].scalar
        return max(-kind.low, kind.high)

    def _rounding(self, expression: Expression) -> float:
        return self._reach(expression) * ROUNDING
