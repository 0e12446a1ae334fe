"""Where a run of a network first leaves that of the interpreter, and in which operation of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..lang.expression import Apply, Expression
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.text import Wording
from .parity import LENGTH, Comparison

if TYPE_CHECKING:
    from ..lang.program import Program
    from ..semantics.evaluation import Evaluation
    from ..semantics.trace import Trace

BY_RANK = (Location.GRAPH, Location.NODE, Location.EDGE)
OUTPUT = "output "
"""Before the name of an output, which a state variable may share."""


@dataclass(frozen=True)
class Divergence:
    """The first place in which a run of the network is not that of the interpreter.

    Attributes:
        graph, step, nodes: where; nodes as (sender, receiver) for an edge, () for a graph.
        variable: which; "output NAME" for an output, "length" for the number of frames.
        network, interpreter: the two values.
        operation: what the program computes there: the expression that is assigned to the variable
            (of its first value at step 0), of the output, or of the halt condition.
        case: the part of the operation that gives the value at this place: of conditionals, the case
            that holds. The operation itself if it is no conditional.
    """

    graph: int
    step: int
    nodes: tuple[int, ...]
    variable: str
    network: float
    interpreter: float
    operation: str = ""
    case: str = ""


def first_divergence(
    program: Program, comparisons: Sequence[Comparison], trace: Trace, exact: Trace
) -> Divergence | None:
    """The mismatch of the earliest frame; of the outputs or lengths if all hints agree.

    Args:
        program: what both ran.
        comparisons: of the two runs.
        trace, exact: the run of the network, and that of the interpreter.
    """
    hints = [c for c in comparisons if c.stage == "hint" and c.mismatches]
    if hints:
        first = min(hints, key=lambda c: c.first[0])
        step, graph, *nodes = first.first
        found, truth = (float(t.values[first.name][first.first]) for t in (trace, exact))
        return operation_at(program, exact, Divergence(graph, step, tuple(nodes), first.name, found, truth))
    for wrong in (c for c in comparisons if c.mismatches):
        graph, *nodes = wrong.first
        pair = (trace, exact)
        if wrong.name == LENGTH:
            found, truth = (float(t.lengths[graph]) for t in pair)
        else:
            found, truth = (float(t.outputs[wrong.name][wrong.first]) for t in pair)
        step = int(exact.lengths[graph]) - 1
        name = wrong.name if wrong.name == LENGTH else f"{OUTPUT}{wrong.name}"
        return operation_at(program, exact, Divergence(graph, step, tuple(nodes), name, found, truth))
    return None


def operation_at(program: Program, exact: Trace, found: Divergence) -> Divergence:
    """The divergence with the operation that the program computes there."""
    expression = _expression(program, found)
    evaluation = _evaluation(program, exact, found)
    case = _case(evaluation, expression, BY_RANK[len(found.nodes)], found.nodes)
    wording = Wording(program)
    return replace(found, operation=wording.sentence(expression), case=wording.sentence(case))


def _expression(program: Program, found: Divergence) -> Expression:
    """The expression whose value differs."""
    if found.variable == LENGTH:
        return program.halt
    if found.variable.startswith(OUTPUT):
        return program.outputs[found.variable.removeprefix(OUTPUT)]
    part = program.step if found.step else program.init
    return next(x for v, x in part.items() if v.name == found.variable)


def _evaluation(program: Program, exact: Trace, found: Divergence) -> Evaluation:
    """The values of the program's expressions where the difference arises: in the last frame that agrees."""
    import torch

    from ..semantics.machine import Machine

    batch = exact.batch.take(torch.tensor([found.graph]))
    machine = Machine(program, batch)
    if found.variable == LENGTH or found.variable.startswith(OUTPUT):
        frame = found.step
    elif found.step == 0:
        return machine.evaluation({})
    else:
        frame = found.step - 1
    names = [variable.name for variable in program.state]
    row = slice(found.graph, found.graph + 1)
    return machine.evaluation(machine.enter({name: exact.values[name][frame, row] for name in names}))


def _case(
    evaluation: Evaluation, expression: Expression, location: Location, nodes: tuple[int, ...]
) -> Expression:
    """The case of nested conditionals that holds at a place."""
    while isinstance(expression, Apply) and expression.operation is Operation.WHERE:
        condition, then, otherwise = expression.arguments
        holds = evaluation.full(condition, location)[(0, *nodes)]
        expression = then if bool(holds) else otherwise
    return expression
