"""Before the first pass: whether a program says only what the target can compute."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Refusal
from ..lang.expression import Along, Apply, At, Expression, Follow
from ..lang.location import Location
from ..lang.operations import Operation
from ..lang.program import Program
from ..lang.text import expression_text


def check_expressible(program: Program) -> None:
    """Look for what one layer of attention over pairs of nodes cannot compute.

    Raises:
        Refusal: naming the first such variable or expression.
    """
    for variable in program.state:
        if variable.location is Location.EDGE:
            raise _refusal(
                program,
                variable.name,
                f"the state variable {variable.name!r} of edges",
                "state of nodes and of the graph: this target has no memory on edges",
                "keep what is needed at the nodes, or run the program with the interpreter",
            )
    for expression in _expressions(program):
        problem = _problem(program, expression)
        if problem is not None:
            raise _refusal(program, expression_text(expression), *problem)


def _problem(program: Program, expression: Expression) -> tuple[str, str, str] | None:
    """What is given, what was expected and what to do, if the target cannot compute an expression."""
    location = program.types[expression].location
    instead = "compute it in the interpreter, or keep what is needed at the nodes"
    if isinstance(expression, Along) or location is Location.TRIPLE:
        return "a value of triples of nodes", "values of nodes and of pairs: attention sees two ends", instead
    if isinstance(expression, (At, Follow)) and location is Location.EDGE:
        return "a pointer of pairs that is followed", "pointers of nodes or of the graph", instead
    if isinstance(expression, Apply) and expression.operation is Operation.ARCTAN2:
        return "an angle", "arithmetic that is piecewise linear: arctan2 is not", instead
    return None


def _expressions(program: Program) -> Iterator[Expression]:
    """Every expression that the network would have to compute, each after what it reads."""
    seen: set[Expression] = set()

    def visit(expression: Expression) -> Iterator[Expression]:
        if expression not in seen:
            seen.add(expression)
            for child in expression.children:
                yield from visit(child)
            yield expression

    for root in (*program.init.values(), *program.step.values(), program.halt, *program.outputs.values()):
        yield from visit(root)


def _refusal(program: Program, where: str, given: str, expected: str, remedy: str) -> Refusal:
    return Refusal(f"program {program.name}, compiling `{where}`", given, expected, remedy)
