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
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.program import Program
from ..lang.types import Type
from .costs import Costs
from .forms import ConditionalChange, Forms, one_hot_of
from .sharing import representatives

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
        self._outputs = tuple(program.outputs.values())
        self._ends = (program.halt, *program.outputs.values())
        self._assigned = {v: (program.init[v], program.step[v]) for v in program.state}

    @classmethod
    def of(cls, program: Program) -> Facts:
        """The facts of a program, found once."""
        if program not in _KNOWN:
            _KNOWN[program] = cls(program)
        return _KNOWN[program]

    @cached_property
    def same(self) -> dict[Expression, Expression]:
        """For each expression the one that is computed in its place, because it says the same."""
        return representatives(self._roots, self.types)

    @cached_property
    def costs(self) -> Costs:
        """How much work its expressions are."""
        return Costs(self.types)

    @cached_property
    def changes(self) -> dict[Variable, tuple[ConditionalChange, ...]]:
        """How a step changes variables, for those of which it keeps the rest of the old value.

        Changes of nodes that are costly to compute everywhere are left to conditionals, which compute
        them only where they count.
        """
        forms, found = Forms(self.types), {}
        for variable, (_, step) in self._assigned.items():
            if variable.location is Location.GRAPH or isinstance(variable.kind, MaskOne) or step is variable:
                continue
            form = forms.of(step)
            pairs = variable.location is Location.EDGE
            cheap = (pairs or c.place.is_few or self._single(c) < 2 for c in form.changes)
            if form.base is variable and all(cheap):
                found[variable] = form.changes
        return found

    @cached_property
    def work(self) -> int:
        """The largest number of node axes that a step ranges over: 0 to 3."""
        work = [self.costs.of(x, 0) for x in self._ends]
        for variable, (_, step) in self._assigned.items():
            if variable in self.changes:
                few = all(change.place.is_few for change in self.changes[variable])
                work.append(0 if few else variable.location.rank)
                work += [self._single(change) for change in self.changes[variable]]
            elif step is not variable:
                work.append(self.costs.of(step, variable.location.rank))
        return max(work)

    def _single(self, change: ConditionalChange) -> int:
        guards = [guard for guard, _ in change.guards]
        swept = sum(end is None for end in change.place.ends)
        ends = [end for end in change.place.ends if end is not None]
        there = [self.costs.of(x, swept) for x in (change.value, *change.place.conditions)]
        return max(*there, *(self.costs.of(x, 0) for x in (*ends, *guards)))

    @cached_property
    def read_by_outputs(self) -> frozenset[Variable]:
        """The variables that the outputs are computed from."""
        return frozenset(x for output in self._outputs for x in _below(output) if isinstance(x, Variable))

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
    def uniform(self) -> frozenset[Expression]:
        """The expressions that read no variable: they are the same in all graphs of one size."""
        return frozenset(x for x in self.fixed if not any(isinstance(y, Variable) for y in _below(x)))

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


def _below(root: Expression) -> set[Expression]:
    """An expression and all that it reads."""
    found, waiting = {root}, [root]
    while waiting:
        fresh = [child for child in waiting.pop().children if child not in found]
        found.update(fresh)
        waiting += fresh
    return found


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
