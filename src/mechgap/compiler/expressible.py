"""Before the first pass: whether a program says only what the target can compute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import Refusal
from ..lang.expression import Along, Expression, Variable
from ..lang.location import Location
from ..lang.program import Program
from ..lang.text import expression_text


def check_expressible(program: Program, triples: bool) -> None:
    """Look for what a network cannot compute.

    Args:
        program: any checked program.
        triples: whether it has layers at triples of nodes.

    Raises:
        Refusal: naming the first such variable or expression.
    """
    for expression in expressions(program):
        problem = _problem(program, expression, triples)
        if problem is not None:
            raise _refusal(program, expression_text(expression), *problem)


def read_later(program: Program) -> tuple[Variable, ...]:
    """The inputs that are read after frame 0: by steps, the halt condition or the outputs."""
    roots = (*program.step.values(), program.halt, *program.outputs.values())
    read = set(below(roots))
    return tuple(variable for variable in program.inputs if variable in read)


def _problem(program: Program, expression: Expression, triples: bool) -> tuple[str, str, str] | None:
    """What is given, what was expected and what to do, if the target cannot compute an expression."""
    location = program.types[expression].location
    instead = "compute it in the interpreter, or keep what is needed at the nodes"
    if not triples and (isinstance(expression, Along) or location is Location.TRIPLE):
        return "a value of triples of nodes", "values of nodes and of pairs: attention sees two ends", instead
    return None


def expressions(program: Program) -> Iterator[Expression]:
    """Every expression that the network would have to compute, each after what it reads."""
    yield from below(
        (*program.init.values(), *program.step.values(), program.halt, *program.outputs.values())
    )


def below(roots: Iterable[Expression]) -> Iterator[Expression]:
    """Some expressions and everything that they read, each after what it reads."""
    seen: set[Expression] = set()

    def visit(expression: Expression) -> Iterator[Expression]:
        if expression not in seen:
            seen.add(expression)
            for child in expression.children:
                yield from visit(child)
            yield expression

    for root in roots:
        yield from visit(root)


def _refusal(program: Program, where: str, given: str, expected: str, remedy: str) -> Refusal:
    return Refusal(f"program {program.name}, compiling `{where}`", given, expected, remedy)
