"""What compiled programs cost, as a table.

python -m benchmarks.costs            prints it
python -m benchmarks.costs --write    puts it into docs/compiler.md
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from mechgap.compiler.passes import compile_program
from mechgap.lang.program import Program
from mechgap.tasks.catalogue import NAMES, load

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "compiler.md"
EXAMPLES = ROOT / "examples" / "programs.py"
OPEN, CLOSE = "<!-- costs -->\n", "<!-- /costs -->"
COLUMNS = ("program", "rounds", "heads", "depth", "hidden", "parameters", "not 0", "n", "resolution", "slope")


def programs() -> list[Program]:
    """The programs of the package and those of examples/programs.py."""
    module = ast.parse(EXAMPLES.read_text())
    names = [
        node.targets[0].id
        for node in module.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "Program"
    ]
    return [load(name).program for name in (*NAMES, *(f"{EXAMPLES}:{name}" for name in names))]


def table() -> str:
    """The table in Markdown."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    for program in programs():
        c = compile_program(program).certificate
        resolution = f"{c.resolution:.1e}" if c.resolution else "–"
        shape = (c.rounds, c.heads, c.depth, c.hidden, c.parameters, c.nonzero)
        cells = (*shape, c.n, resolution, c.negative_slope)
        lines.append(f"| {program.name} | " + " | ".join(f"{cell}" for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def committed() -> str:
    """The table that docs/compiler.md shows."""
    return PAGE.read_text().partition(OPEN)[2].partition(CLOSE)[0]


def write() -> None:
    """Put the table into docs/compiler.md."""
    before, _, rest = PAGE.read_text().partition(OPEN)
    PAGE.write_text(before + OPEN + table() + CLOSE + rest.partition(CLOSE)[2])


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        write()
    else:
        print(table(), end="")
