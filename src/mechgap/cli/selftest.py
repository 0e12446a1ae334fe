"""`mechgap selftest`: are the measures right about networks whose mechanism is known?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .options import AsJson, Seed

if TYPE_CHECKING:
    from ..lab.control_bench import Check
    from ..lab.selftest import Selftest


def selftest(
    only: Annotated[
        list[str] | None, typer.Option(help="A control, C1 to C9, again for more; by default all.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Hold the measures against controls: exact, tied, soft, untrained, cheating and mixed networks."""
    from ..lab.control_bench import SelftestPlan
    from ..lab.selftest import selftest as battery
    from .output import print_json, progress

    with progress("controls", as_json) as watch:
        found = battery(SelftestPlan(seed=seed), only or (), watch)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)
    if not found.passed:
        raise typer.Exit(1)


def _print(found: Selftest) -> None:
    from .output import print_table

    heads = ("", "what", "expected", "farthest off", "off", "within", "of", "")
    rows = [_row(check) for check in found.checks]
    print_table("controls of the measures", heads, rows, right=heads[4:7])
    for name in found.blamed:
        print(f"not to be reported: {name}")
    print("all controls hold" if found.passed else "a control fails")


def _row(check: Check) -> tuple[str, ...]:
    numbers = (f"{check.off:.3g}", f"{check.tolerance:g}", str(check.counted))
    farthest = "nothing to count"
    if check.found:
        first = check.found[0]
        farthest = f"{first.name} {first.value:.3f} [{first.low:.3f}, {first.high:.3f}]"
    end = "holds" if check.passed else "FAILS"
    return (check.control, check.what, check.expected, farthest, *numbers, end)
