"""What compiled programs cost, as a table for each family of networks.

python -m benchmarks.costs            prints it
python -m benchmarks.costs --write    puts it into docs/costs.md
"""

from __future__ import annotations

import ast
import sys
import textwrap
from pathlib import Path

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.errors import Refusal
from mechgap.lang.program import Program
from mechgap.tasks.catalogue import NAMES, load

from .reporting import between, put_between

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "costs.md"
EXAMPLES = ROOT / "examples" / "programs.py"
WIDTH = 120
COLUMNS = (
    "program",
    "rounds",
    "heads",
    "depth",
    "hidden",
    "pairs",
    "parameters",
    "not 0",
    "n",
    "resolution",
    "slope",
)


def programs() -> dict[str, Program]:
    """The programs of the package and those of examples/programs.py, each by a name of its own."""
    module = ast.parse(EXAMPLES.read_text())
    names = [
        node.targets[0].id
        for node in module.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "Program"
    ]
    labels = {f"{name} (example)" if name in NAMES else name: f"{EXAMPLES}:{name}" for name in names}
    return {label: load(name).program for label, name in ({name: name for name in NAMES} | labels).items()}


def table() -> str:
    """The tables of all families in Markdown, each with the names of the programs that are refused."""
    known = programs()
    return "\n".join(_family(target, known) for target in TARGETS)


def _family(target: str, known: dict[str, Program]) -> str:
    lines = [f"## {target}", "", "| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    refused = []
    for name, program in known.items():
        try:
            c = compile_program(program, CompileSettings(target=target)).certificate
        except Refusal:
            refused.append(name)
            continue
        resolution = f"{c.resolution:.1e}" if c.resolution else "–"
        shape = (c.rounds, c.heads, c.depth, c.hidden, c.pairs, c.parameters, c.nonzero)
        cells = (*shape, c.n, resolution, c.negative_slope if c.heads else "–")
        lines.append(f"| {name} | " + " | ".join(f"{cell}" for cell in cells) + " |")
    text = f"Refused: {', '.join(refused)}." if refused else "Nothing is refused."
    return "\n".join([*lines, "", *textwrap.wrap(text, WIDTH)]) + "\n"


def committed() -> str:
    """The tables that docs/costs.md shows."""
    return between(PAGE, "costs")


def write() -> None:
    """Put the tables into docs/costs.md."""
    put_between(PAGE, "costs", table())


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        write()
    else:
        print(table(), end="")
