"""The page of a task, and the index of all tasks, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..lang.expression import Variable
from ..lang.text import expression_text
from .task_facts import FEW, RUNS, TYPICAL, Measured, measurements
from .task_figure import Drawing, run_figure

if TYPE_CHECKING:
    from ..lang.program import Program
    from ..tasks.task import Task

UNKNOWN = "not stated"
_MEANING = (
    f"Means over {RUNS} of the task's own inputs (seed 0), from work on over {FEW} of them for more than "
    f"{TYPICAL} nodes. Work is the number of changes of a value; depth the length of the longest chain of "
    "changes of which each needed the one before; depth of outputs that of what the outputs read in the last "
    "frame; average parallelism is work / depth."
)
_INDEX = """\
# Tasks

One page for each task of the package, made by `make docs`. Frames, depths and parallelism are means over runs
on graphs of {typical} nodes (or of the one size that the inputs of a task have).

{table}

## What the columns say

- **Class**: how well the *problem* can be parallelised, whatever the program does. NC: in polylogarithmic
  time on polynomially many processors. P-complete: inherently sequential, unless NC = P (for the very
  answer that the program gives, a lexicographically first one, say). The pages name who showed it.
- **Variables**: inputs + hints + internal variables.
- **Frames**: the states of a run, the first one included.
- **Depth**: the critical depth of the *run*, its span (Brent 1974; Cormen, Leiserson, Rivest and Stein 2022,
  chapter 26). An operation is a change of one value (a state variable at one place) in one step. It depends
  on the operations that made the values which its expression needed in that step: of a conditional the
  condition and the branch that was taken, of a conjunction with a false part the shallowest false part, of
  `any` the shallowest witness, of a selection the masks of the places that count and the keys of the
  candidates, of a read at a pointer the pointer and the value there. Inputs and the first frame have depth 0,
  and a value that did not change is known from the start. The depth of a run is the length of the longest
  chain of operations of which each needs the one before: however many processors there are, these changes
  come one after another.
- **of outputs**: the same for what the outputs read in the last frame. What many values read makes chains: a
  clock that counts steps is as deep as the run is long, and so are phases that take turns, and marks that
  walk over the nodes. They are part of the program, and a network that is to show its hints must follow
  them; but they need not be part of what the answer depends on.
- **Parallelism**: work / depth, where work is the number of all operations: how many changes can be made
  together, on average.

Depths are of single runs, so that they say what happened on these inputs, not what could have; when to halt
is not counted. `mechgap.semantics.dependence` computes them and has the rules in full.
"""


@dataclass(frozen=True)
class TaskPage:
    """What is written about one task.

    Attributes:
        name: of the task, and of its files.
        text: the page.
        figure: the picture that the page shows, as SVG.
        row: its line in the index.
    """

    name: str
    text: str
    figure: str
    row: tuple[str, ...]


HEADS = ("task", "family", "source", "class", "variables", "frames", "depth", "of outputs", "parallelism")


def task_page(task: Task, *, index: bool = True) -> TaskPage:
    """Run a task, measure and draw it, and write its page.

    Args:
        task: any task; its sampler must draw graphs of the sizes that are measured.
        index: whether the page stands beside the index of all tasks, and refers to it.

    Raises:
        MechgapError: if the task cannot be run.
    """
    found, drawing = measurements(task), run_figure(task)
    return TaskPage(task.name, _page(task, found, drawing, index), drawing.svg, _row(task, found))


def index_page(rows: Sequence[tuple[str, ...]]) -> str:
    """The page that lists all tasks.

    Args:
        rows: the lines of the tasks.
    """
    return _INDEX.format(table="\n".join(_table(HEADS, rows)), typical=TYPICAL)


def _page(task: Task, found: Sequence[Measured], drawing: Drawing, index: bool) -> str:
    program = task.program
    parts = [
        f"# {task.name}",
        _plain(program.text) or UNKNOWN,
        f"![Some frames of a run of {task.name}]({task.name}.svg)",
        drawing.caption,
        *_table(("", ""), _about(task)),
        "## Measured",
        _MEANING + (" [The index](README.md) has the rules." if index else ""),
        *_table(_MEASURED, [_measured_row(one) for one in found]),
        "## Variables",
        *_table(_VARIABLES, list(_variable_rows(program, _typical(found)))),
        "## Program",
        f"```text\n{program.source}```",
        f"SHA-256 of this text: `{program.digest}`.",
    ]
    return "\n\n".join(_joined(parts)) + "\n"


def _joined(parts: Sequence[str]) -> Iterator[str]:
    """Parts of a page, the lines of a table as one part."""
    lines: list[str] = []
    for part in parts:
        if part.startswith("|"):
            lines.append(part)
            continue
        if lines:
            yield "\n".join(lines)
            lines = []
        yield part


def _about(task: Task) -> list[tuple[str, ...]]:
    about = task.about
    rows = [
        ("family", about.family if about else UNKNOWN),
        ("source", about.source if about else UNKNOWN),
        ("class of the problem", f"{about.complexity.value}; {about.reference}" if about else UNKNOWN),
        ("frames, as a function of n", about.steps if about else UNKNOWN),
        ("right answers", "may be several" if task.valid else "one"),
    ]
    rows += [("inputs must be", requirement.expected) for requirement in task.requires]
    return [(key, _plain(text)) for key, text in rows]


_MEASURED = (
    "n",
    "frames: least",
    "mean",
    "most",
    "work",
    "depth",
    "depth of outputs",
    "average parallelism",
)


def _measured_row(one: Measured) -> tuple[str, ...]:
    means = (one.work, one.depth, one.output_depth, one.parallelism)
    return (
        f"{one.nodes}",
        f"{one.least}",
        f"{one.mean:.1f}",
        f"{one.most}",
        *(f"{mean:.1f}" for mean in means),
    )


_VARIABLES = ("name", "role", "at every", "kind and range", f"depth at n = {TYPICAL}")


def _typical(found: Sequence[Measured]) -> Measured:
    """The measurement at the size that tables speak of, or the only one."""
    return next((one for one in found if one.nodes == TYPICAL), found[-1])


def _variable_rows(program: Program, typical: Measured) -> Iterator[tuple[str, ...]]:
    for variable in program.inputs:
        yield _variable_row(variable, "input", "0")
    for variable in program.state:
        role = "internal" if variable.internal else "hint"
        yield _variable_row(variable, role, f"{typical.variables[variable.name]:.1f}")
    for port in program.interface.outputs:
        kind = _plain(port.kind.describe())
        yield f"`{port.name}`", "output", port.location.value, kind, ""


def _variable_row(variable: Variable, role: str, depth: str) -> tuple[str, ...]:
    kind = variable.kind.describe()
    if variable.defined is not None:
        kind += f", defined where {expression_text(variable.defined)}"
    return f"`{variable.name}`", role, variable.location.value, _plain(kind), depth


def _row(task: Task, found: Sequence[Measured]) -> tuple[str, ...]:
    """The line of a task in the index."""
    about, program, typical = task.about, task.program, _typical(found)
    internal = sum(v.internal for v in program.state)
    return (
        f"[{task.name}]({task.name}.md)",
        about.family if about else UNKNOWN,
        _plain(about.source) if about else UNKNOWN,
        about.complexity.value if about else UNKNOWN,
        f"{len(program.inputs)} + {len(program.hints)} + {internal}",
        f"{typical.mean:.1f}",
        f"{typical.depth:.1f}",
        f"{typical.output_depth:.1f}",
        f"{typical.parallelism:.1f}",
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _plain(text: str) -> str:
    """A text whose signs mean nothing in Markdown, also in a table."""
    for sign in "\\|*_<>[]":
        text = text.replace(sign, f"\\{sign}")
    return text
