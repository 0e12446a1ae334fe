"""Lowers expressions of nodes and of the graph; a value of the graph is held at every node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any as Anything

from ..errors import Refusal
from ..lang.expression import (
    Any,
    Apply,
    At,
    Best,
    Constant,
    Expression,
    Follow,
    Lift,
    Own,
    Reverse,
    Select,
    Size,
    Variable,
)
from ..lang.location import Location
from ..lang.program import Program
from .dialect import Dialect
from .expressible import below
from .gadgets import Gadgets
from .ir import Atom, Form
from .origin import Origin
from .pointwise import AbstractPointwise
from .rules import AbstractRules
from .values import Number, Value


@dataclass(frozen=True)
class Scope:
    """What a program is compiled for.

    Attributes:
        n: largest number of nodes.
        index: what holds the index of each node.
        resolve: whether equal real keys are told apart by index, which takes two more rounds.
        pairs: makes units of pairs; None for a network that has none.
        dialect: what the family of networks can tell on its own.
        rules: how it reads beyond a node.
    """

    n: int
    index: Atom
    resolve: bool
    pairs: Gadgets | None
    dialect: Dialect
    rules: Callable[[NodeLowering, Scope], AbstractRules]


class NodeLowering(AbstractPointwise):
    """Values of expressions as forms over atoms.

    Args:
        program: whose expressions are lowered.
        gadgets: makes the units.
        variables: the lowered value of every variable that may be read, or why it may not.
        scope: what the compiler was asked for.
    """

    def __init__(
        self,
        program: Program,
        gadgets: Gadgets,
        variables: Mapping[Variable, Value | Refusal],
        scope: Scope,
    ) -> None:
        super().__init__(program, gadgets, scope.n)
        self.own = Number(Form.of(scope.index), 0, scope.n - 1, True)
        self.dialect = scope.dialect
        self._variables = variables
        self._values: dict[Expression, Value] = {}
        self.rules = rules = scope.rules(self, scope)
        self._rules: dict[type[Expression], Callable[[Anything], Value]] = {
            Constant: self.constant,
            Own: lambda e: self.own,
            Size: self._size,
            Variable: self._variable,
            Apply: self.apply,
            Any: rules.any,
            Best: rules.best,
            Select: rules.select,
            Follow: rules.follow,
            At: rules.at,
            Lift: self._misplaced,
            Reverse: self._misplaced,
        }

    def of(self, expression: Expression) -> Value:
        """The lowered value of an expression of nodes or of the graph."""
        if expression not in self._values:
            for child in _local_children(expression):
                self.of(child)
            with self.gadgets.about(Origin(expression)):
                self._values[expression] = self._rules[type(expression)](expression)
        return self._values[expression]

    def at_pairs(self, expression: Expression) -> Value:
        """The lowered value of an expression, at every pair of nodes."""
        return self.rules.at_pairs(expression)

    def entered(self, variable: Variable) -> Value | None:
        """The value of a variable, if it is known.

        Raises:
            Refusal: if this target cannot read it.
        """
        value = self._variables.get(variable)
        if isinstance(value, Refusal):
            raise value
        return value

    def knows(self, expression: Expression) -> bool:
        """Whether all variables of the state that an expression reads are known: none are in frame 0."""
        read = (x for x in below((expression,)) if isinstance(x, Variable) and x in self.program.init)
        return all(variable in self._variables for variable in read)

    def location(self, expression: Expression) -> Location:
        """Where the value of an expression lives."""
        return self.program.types[expression].location

    def _size(self, expression: Size) -> Value:
        """The index of the last node, plus one."""
        return Number(self.rules.last_node().form.plus(1.0), 1, self.n, True)

    def _variable(self, expression: Variable) -> Value:
        value = self.entered(expression)
        if value is not None:
            return value
        raise Refusal(
            f"program {self.program.name}, variable {expression.name}",
            f"an {expression.location.value} {expression.kind.name} read where values of nodes are computed",
            "values of nodes",
            "reduce it over senders first: any_of, min_of, first …",
        )

    def _misplaced(self, expression: Expression) -> Value:
        raise self.gadgets.refuse(
            "a value of edges where values of nodes are computed",
            "edge values inside a reduction over senders",
            "reduce it: any_of, min_of, first …",
        )


def _local_children(expression: Expression) -> tuple[Expression, ...]:
    """The children that are lowered as values of nodes: none below a reduction."""
    return expression.children if isinstance(expression, Apply) else ()
