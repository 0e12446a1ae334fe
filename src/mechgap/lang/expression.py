"""Expressions: the small closed set of things that a program can say."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NoReturn, Self, TypeAlias

from ..errors import Fault, ProgramError
from ..kinds.kind import AbstractKind
from .location import Location
from .operations import Operation
from .source import SourceLine, calling_line

Operand: TypeAlias = "Expression | bool | int | float | str"


class End(Enum):
    """One end of an ordered pair of nodes."""

    SENDER = "sender"
    RECEIVER = "receiver"


class Leg(Enum):
    """One pair of a triple (sender, middle, receiver)."""

    FIRST = "first_leg"
    SECOND = "second_leg"
    DIRECT = "direct"


class Tie(Enum):
    """Which of several equally good nodes is taken."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, eq=False)
class Expression:
    """A value at every place of a location, computed from the old state and the inputs.

    Operators build expressions: ``+ - *``, ``& | ~`` for masks, and the comparisons. Because
    ``==`` builds an expression, expressions are compared as objects with ``is``.

    Attributes:
        label: a name under which a printed program shows it.
        line: where it was written; it means nothing to the program.
    """

    label: str | None = field(default=None, kw_only=True)
    line: SourceLine | None = field(default_factory=calling_line, kw_only=True, repr=False)

    def named(self, label: str) -> Self:
        """The same expression with a name under which a printed program shows it."""
        return replace(self, label=label)

    @property
    def children(self) -> tuple[Expression, ...]:
        """The expressions that this one reads, in order."""
        return ()

    def __bool__(self) -> NoReturn:
        raise ProgramError(
            "an expression used as a Python condition",
            "`if`, `and`, `or` or `not` on an expression, which has no value while a program is written",
            "operators that build expressions",
            "write `&`, `|`, `~` and where(condition, then, otherwise) instead",
        )

    def __add__(self, other: Operand) -> Expression:
        return apply(Operation.ADD, self, other)

    def __radd__(self, other: Operand) -> Expression:
        return apply(Operation.ADD, other, self)

    def __sub__(self, other: Operand) -> Expression:
        return apply(Operation.SUBTRACT, self, other)

    def __rsub__(self, other: Operand) -> Expression:
        return apply(Operation.SUBTRACT, other, self)

    def __mul__(self, other: Operand) -> Expression:
        return apply(Operation.MULTIPLY, self, other)

    def __rmul__(self, other: Operand) -> Expression:
        return apply(Operation.MULTIPLY, other, self)

    def __and__(self, other: Operand) -> Expression:
        return apply(Operation.AND, self, other)

    def __or__(self, other: Operand) -> Expression:
        return apply(Operation.OR, self, other)

    def __rand__(self, other: Operand) -> Expression:
        return apply(Operation.AND, other, self)

    def __ror__(self, other: Operand) -> Expression:
        return apply(Operation.OR, other, self)

    def __invert__(self) -> Expression:
        return apply(Operation.NOT, self)

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]
        return apply(Operation.EQUAL, self, other)

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return ~apply(Operation.EQUAL, self, other)

    def __lt__(self, other: Operand) -> Expression:
        return apply(Operation.LESS, self, other)

    def __le__(self, other: Operand) -> Expression:
        return apply(Operation.LESS_EQUAL, self, other)

    def __gt__(self, other: Operand) -> Expression:
        return apply(Operation.LESS, other, self)

    def __ge__(self, other: Operand) -> Expression:
        return apply(Operation.LESS_EQUAL, other, self)

    __hash__ = object.__hash__


@dataclass(frozen=True, eq=False)
class Constant(Expression):
    """The same value everywhere: a truth value, a number, or the name of a category."""

    value: bool | int | float | str


@dataclass(frozen=True, eq=False)
class Own(Expression):
    """At every node, the pointer to that node itself."""


@dataclass(frozen=True, eq=False)
class Size(Expression):
    """The number of nodes of the graph, a whole number."""


@dataclass(frozen=True, eq=False)
class Variable(Expression):
    """A named value of a program; as an expression, its value in the old state.

    Attributes:
        name: unique in a program.
        location: where it lives.
        kind: what it can be.
        internal: whether it is left out of the hints (the recorded trace that networks learn).
        defined: mask over the inputs of the places where the value means something; elsewhere it
            counts neither in losses nor in scores, and files show it as -1. None: everywhere.
    """

    name: str
    location: Location
    kind: AbstractKind
    internal: bool = False
    defined: Expression | None = None

    def named(self, label: str) -> NoReturn:
        """Variables have names already.

        Raises:
            ProgramError: always.
        """
        raise ProgramError(
            f"variable {self.name}", f"named({label!r})", "a name given when it is made", "drop named()"
        )


@dataclass(frozen=True, eq=False)
class Apply(Expression):
    """An operation on values of the same place; values of the graph are spread to every place."""

    operation: Operation
    arguments: tuple[Expression, ...]

    @property
    def children(self) -> tuple[Expression, ...]:
        return self.arguments


@dataclass(frozen=True, eq=False)
class Lift(Expression):
    """At every ordered pair of nodes, the value at its sender or at its receiver."""

    end: End
    value: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.value,)


@dataclass(frozen=True, eq=False)
class Reverse(Expression):
    """At the pair (u, v), the value at the pair (v, u)."""

    value: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.value,)


@dataclass(frozen=True, eq=False)
class Along(Expression):
    """At every triple (u, w, v), the value at the pair (u, w), (w, v) or (u, v)."""

    leg: Leg
    value: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.value,)


@dataclass(frozen=True, eq=False)
class Any(Expression):
    """Whether a mask holds anywhere.

    Over the senders of a receiver (edge -> node), over the nodes of a graph (node -> graph), or over
    the nodes between the ends of a pair (triple -> edge). All reductions have these three forms.
    """

    mask: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.mask,)


@dataclass(frozen=True, eq=False)
class Best(Expression):
    """The smallest or largest value among the places where a mask holds.

    Over senders, nodes, or nodes between, as for ``Any``. Where the mask holds
    nowhere, the value is ``default``.
    """

    value: Expression
    among: Expression
    largest: bool
    default: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.value, self.among, self.default)


@dataclass(frozen=True, eq=False)
class Select(Expression):
    """The pointer to one node among those where a mask holds.

    Over senders, nodes, or nodes between, as for ``Any``.

    Attributes:
        among: which nodes may be selected; where there are none, the result is ``default``.
        key: if given, only the nodes with the smallest (largest) key may be selected.
        largest: whether the largest key is wanted.
        tie: which of the remaining nodes the interpreter and the compiled network take.
        free: whether any of the remaining nodes would have been right (all are *admissible*).
        default: pointer where no node may be selected; by default the receiver itself (of a pair,
            too), and node 0 for a graph.
    """

    among: Expression
    key: Expression | None
    largest: bool
    tie: Tie
    free: bool
    default: Expression | None

    @property
    def children(self) -> tuple[Expression, ...]:
        return tuple(part for part in (self.among, self.key, self.default) if part is not None)


@dataclass(frozen=True, eq=False)
class Follow(Expression):
    """The value at the node that a pointer or a mask_one names.

    A pointer of nodes (or pairs) gives a value at every node (or pair); a graph pointer or a mask_one
    gives one value of the graph. A pointer to no node (see Operation.NODE_AT) reads zero,
    false, or the first category.
    """

    reference: Expression
    value: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.reference, self.value)


@dataclass(frozen=True, eq=False)
class At(Expression):
    """The value at the pair of nodes that two references name.

    Each reference is a pointer or a mask_one; the value lives where they live, references of the
    graph being spread. A pointer to no node reads zero, false, or the first category.
    """

    value: Expression
    sender: Expression
    receiver: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.value, self.sender, self.receiver)


def as_expression(value: object) -> Expression:
    """``value`` itself if it is an expression, else the constant.

    Raises:
        ProgramError: if it is neither.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, (bool, str)):
        return Constant(value)
    if isinstance(value, numbers.Integral):
        return Constant(int(value))
    if isinstance(value, numbers.Real):
        return Constant(float(value))
    raise ProgramError.of(
        [
            Fault(
                "an operand of an expression",
                f"{value!r} of type {type(value).__name__}",
                "an expression, a truth value, a number, or the name of a category",
                "pass a variable, an expression or a plain Python constant",
            )
        ]
    )


def apply(operation: Operation, *arguments: object) -> Apply:
    """The operation applied to its arguments, constants wrapped."""
    return Apply(operation, tuple(as_expression(argument) for argument in arguments))
