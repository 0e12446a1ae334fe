"""What compiled programs cost, as a table.

python -m benchmarks.costs            prints it
python -m benchmarks.costs --write    puts it into docs/compiler.md
"""

from __future__ import annotations

import ast
import sys
import textwrap
from pathlib import Path

from mechgap.compiler.passes import compile_program
from mechgap.errors import Refusal
from mechgap.lang.program import Program
from mechgap.tasks.catalogue import NAMES, load

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "compiler.md"
EXAMPLES = ROOT / "examples" / "programs.py"
OPEN, CLOSE = "<!-- costs -->\n", "<!-- /costs -->"
WIDTH = 120
COLUMNS = ("program", "rounds", "heads", "depth", "hidden", "parameters", "not 0", "n", "resolution", "slope")


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
    """The table in Markdown, and the names of the programs that the target refuses."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    refused = []
    for name, program in programs().items():
        try:
            c = compile_program(program).certificate
        except Refusal:
            refused.append(name)
            continue
        resolution = f"{c.resolution:.1e}" if c.resolution else "–"
        shape = (c.rounds, c.heads, c.depth, c.hidden, c.parameters, c.nonzero)
        cells = (*shape, c.n, resolution, c.negative_slope)
        lines.append(f"| {name} | " + " | ".join(f"{cell}" for cell in cells) + " |")
    text = f"Refused, because GATv2 cannot compute them exactly: {', '.join(refused)}."
    return "\n".join([*lines, "", *textwrap.wrap(text, WIDTH)]) + "\n"


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
