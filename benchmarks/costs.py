"""What compiled programs cost, as tables: all figures for GATv2, and those of the other families beside them.

python -m benchmarks.costs            prints them
python -m benchmarks.costs --write    puts them into docs/compiler.md
"""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.errors import Refusal
from mechgap.lang.program import Program
from mechgap.tasks.catalogue import NAMES, load

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "compiler.md"
EXAMPLES = ROOT / "examples" / "programs.py"
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


def families() -> str:
    """Rounds, heads, width at pairs and size of each program in every family of networks, in Markdown."""
    columns = [f"{target} {figure}" for figure in ("rounds", "heads", "pairs", "n") for target in TARGETS]
    lines = ["| program | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for name, program in programs().items():
        found = []
        for target in TARGETS:
            try:
                c = compile_program(program, CompileSettings(target=target)).certificate
            except Refusal:
                found.append(("–",) * 4)
                continue
            found.append((f"{c.rounds}", f"{c.heads}", f"{c.pairs}", f"{c.n}"))
        if set(found) != {("–",) * 4}:
            cells = [figures[k] for k in range(4) for figures in found]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


TABLES: Mapping[str, Callable[[], str]] = {"costs": table, "families": families}
"""What docs/compiler.md shows between <!-- NAME --> and <!-- /NAME -->."""


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name} -->\n", f"<!-- /{name} -->"


def committed(name: str) -> str:
    """A table that docs/compiler.md shows."""
    first, last = _marks(name)
    return PAGE.read_text().partition(first)[2].partition(last)[0]


def write() -> None:
    """Put the tables into docs/compiler.md."""
    for name, make in TABLES.items():
        first, last = _marks(name)
        before, _, rest = PAGE.read_text().partition(first)
        PAGE.write_text(before + first + make() + last + rest.partition(last)[2])


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        write()
    else:
        print(*(make() for make in TABLES.values()), sep="", end="")
