"""What each optimisation of the compiler saves, over all tasks of the package.

python -m benchmarks.passes                            prints the table
python -m benchmarks.passes --write docs/compiler.md   puts it into the page, between two marks

Nothing is switched off: what there would be without an optimisation follows from what passes are asked for.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mechgap.compiler.expressible import expressions
from mechgap.compiler.gadgets import Gadgets
from mechgap.compiler.ir import Atom, Unit
from mechgap.compiler.layout import RoundPlan
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.compiler.targets.catalogue import TARGETS
from mechgap.errors import Refusal
from mechgap.lang.expression import Apply
from mechgap.lang.operations import Operation
from mechgap.lang.program import Program
from mechgap.tasks.catalogue import NAMES, load

from .reporting import put_between

SIZE = 64
LINEAR = (Operation.ADD, Operation.SUBTRACT, Operation.NOT, Operation.INDEX, Operation.NODE_AT)
WORDS = {
    "asked": "units asked for, over those that are made: common sub-expressions",
    "dead": "share of the units made that nothing needs, or that are computed as a part of what reads them",
    "narrow": "numbers of a round, over its widest layer: a dimension is free when its number is dead",
    "packed": "heads or maxima, over rounds: as many as possible in one",
    "folded": "operations of the program that are linear, and take no unit, over all",
}


def main() -> None:
    """Measure, print, and write where the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.passes", description="What passes save.")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into a page")
    options = parser.parse_args()
    text = table()
    print(text)
    if options.write:
        put_between(options.write, "passes", text)


def table() -> str:
    """For every family and ratio the median over the tasks, with the smallest and the largest."""
    lines = ["| ratio | " + " | ".join(TARGETS) + " |", "|---|" + "---:|" * len(TARGETS)]
    found = {target: [*_ratios(target)] for target in TARGETS}
    for key, words in WORDS.items():
        cells = []
        for target in TARGETS:
            values = [ratios[key] for ratios in found[target] if key in ratios]
            cells.append(f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})")
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    counts = ", ".join(f"{len(found[target])} for {target}" for target in TARGETS)
    return "\n".join([*lines, "", f"Medians over tasks, smallest and largest in brackets: {counts}."]) + "\n"


def _ratios(target: str) -> Iterator[dict[str, float]]:
    for name in NAMES:
        program = load(name).program
        try:
            with _counting() as (requests, units):
                compiled = compile_program(program, CompileSettings(n=SIZE, target=target))
        except Refusal:
            continue
        yield _measured(program, compiled, sum(requests), units)


@contextmanager
def _counting() -> Iterator[tuple[list[bool], list[Atom]]]:
    """While it lasts, units that are asked for are counted, and those that are made are listed."""
    requests: list[bool] = []
    units: list[Atom] = []
    unit, made = Gadgets.unit, Gadgets.made

    def asked(self: Gadgets, form, high, whole=False):  # type: ignore[no-untyped-def]
        requests.append(form.single is None and bool(form.terms))
        return unit(self, form, high, whole)

    def counted(self: Gadgets, form, high, whole):  # type: ignore[no-untyped-def]
        units.append(made(self, form, high, whole))
        return units[-1]

    Gadgets.unit, Gadgets.made = asked, counted  # type: ignore[method-assign]
    try:
        yield requests, units
    finally:
        Gadgets.unit, Gadgets.made = unit, made  # type: ignore[method-assign]


def _measured(program: Program, compiled: Compiled, asked: int, units: list[Atom]) -> dict[str, float]:
    rounds = [round for part in compiled.plan.rounds for round in part]
    scheduled = {atom for round in rounds for layer in _layers(round) for atom in layer}
    steps = compiled.plan.rounds[1]
    computed = max((len(_computed(round)) for round in steps), default=0)
    widest = max(len(layer) for round in steps for layer in (round.update, *round.layers))
    chosen = sum(len(r.fetches) + (len(r.messages.pools) if r.messages else 0) for r in steps)
    operations = [e for e in expressions(program) if isinstance(e, Apply)]
    folded = [e for e in operations if e.operation in LINEAR]
    dead = [unit for unit in units if unit not in scheduled]
    ratios = {
        "asked": asked / max(1, len(units)),
        "dead": len(dead) / max(1, len(units)),
        "narrow": computed / max(1, widest),
        "packed": chosen / len(steps),
    }
    return ratios | ({"folded": len(folded) / len(operations)} if operations else {})


def _layers(round: RoundPlan) -> tuple[object, ...]:
    return (round.update, *round.layers, *round.pairs, *round.triples)


def _computed(round: RoundPlan) -> set[Atom]:
    """The numbers of nodes that a round computes or holds."""
    held = {atom for layer in (round.update, *round.layers) for atom in layer}
    return {atom for atom in held if isinstance(atom, Unit)} | held


if __name__ == "__main__":
    main()
