"""What the evaluation of a program needs to know of it before it runs."""

from __future__ import annotations

from functools import cached_property
from weakref import WeakKeyDictionary

from ..kinds.mask import MaskOne
from ..kinds.pointer import Pointer
from ..lang.expression import (
    Along,
    Apply,
    At,
    Expression,
    Follow,
    Lift,
    Own,
    Reverse,
    Select,
    Variable,
)
from ..lang.operations import Operation
from ..lang.program import Program
from ..lang.types import Type
from .costs import Costs

_KNOWN: WeakKeyDictionary[Program, Facts] = WeakKeyDictionary()


class Facts:
    """What can be said of a program's expressions without running it.

    Args:
        program: the program.
    """

    def __init__(self, program: Program) -> None:
        self.types = program.types
        self._inputs = frozenset(program.inputs)
        self._roots = (
            *program.init.values(),
            *program.step.values(),
            program.halt,
            *program.outputs.values(),
            *program.defined.values(),
        )
        self._ends = (program.halt, *program.outputs.values())
        self._assigned = {v: (program.init[v], program.step[v]) for v in program.state}

    @classmethod
    def of(cls, program: Program) -> Facts:
        """The facts of a program, found once."""
        if program not in _KNOWN:
            _KNOWN[program] = cls(program)
        return _KNOWN[program]

    @cached_property
    def costs(self) -> Costs:
        """How much work its expressions are."""
        return Costs(self.types)

    @cached_property
    def work(self) -> int:
        """The largest number of node axes that a step ranges over: 0 to 3."""
        changed = [(x, v.location.rank) for v, (_, x) in self._assigned.items() if x is not v]
        return max(self.costs.of(x, rank) for x, rank in (*changed, *((x, 0) for x in self._ends)))

    @cached_property
    def fixed(self) -> frozenset[Expression]:
        """The expressions that read inputs only, and so are the same in every frame."""
        known: dict[Expression, bool] = {}

        def visit(expression: Expression) -> bool:
            if expression not in known:
                below = [visit(child) for child in expression.children]
                own = not isinstance(expression, Variable) or expression in self._inputs
                known[expression] = own and all(below)
            return known[expression]

        for root in self._roots:
            visit(root)
        return frozenset(expression for expression, same in known.items() if same)

    @cached_property
    def grounded(self) -> frozenset[Expression]:
        """The pointers and mask_ones that name a node whatever happens."""
        doubtful: set[Variable] = set()
        while True:
            grounding = _Grounding(self.types, doubtful)
            found = {
                variable
                for variable, values in self._assigned.items()
                if grounding.refers(variable) and not all(grounding.of(x) for x in values)
            }
            if found <= doubtful:
                known = {*self._inputs, *self._assigned, *self.types}
                return frozenset(x for x in known if grounding.refers(x) and grounding.of(x))
            doubtful |= found


class _Grounding:
    """Which references name a node, if all variables do but the doubtful ones."""

    def __init__(self, types: dict[Expression, Type], doubtful: set[Variable]) -> None:
        self._types = types
        self._doubtful = doubtful
        self._known: dict[Expression, bool] = {}

    def refers(self, expression: Expression) -> bool:
        """Whether an expression is a pointer or a mask_one."""
        kind = expression.kind if isinstance(expression, Variable) else self._types[expression].kind
        return isinstance(kind, (Pointer, MaskOne)) or one_hot_of(expression) is not None

    def of(self, expression: Expression) -> bool:
        """Whether a reference names a node."""
        if expression not in self._known:
            self._known[expression] = self._find(expression)
        return self._known[expression]

    def _find(self, expression: Expression) -> bool:
        pointer = one_hot_of(expression)
        if pointer is not None:
            return self.of(pointer)
        match expression:
            case Variable():
                return expression not in self._doubtful
            case Own():
                return True
            case Apply(operation=Operation.WHERE):
                return self.of(expression.arguments[1]) and self.of(expression.arguments[2])
            case Select():
                return expression.default is None or self.of(expression.default)
            case Follow() | At() | Lift() | Along() | Reverse():
                return self.of(expression.value)
        return False


def one_hot_of(expression: Expression) -> Expression | None:
    """The pointer p of a mask ``me == p``, if an expression has this form."""
    if isinstance(expression, Apply) and expression.operation is Operation.EQUAL:
        left, right = expression.arguments
        if isinstance(left, Own) or isinstance(right, Own):
            return right if isinstance(left, Own) else left
    return None
