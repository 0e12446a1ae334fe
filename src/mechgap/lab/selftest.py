"""The control battery: are the measures right about subjects whose mechanism is known?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import NotFoundError
from . import controls
from .control_bench import Check, ControlBench, SelftestPlan

if TYPE_CHECKING:
    from .verification import Watch

Control: TypeAlias = Callable[[ControlBench], Iterator[Check]]


@dataclass(frozen=True)
class Entry:
    """A control.

    Attributes:
        title: in words.
        run: makes its checks.
    """

    title: str
    run: Control


CONTROLS = {
    "C1": Entry("exact networks by other weights", controls.gauge),
    "C2": Entry("ties", controls.ties),
    "C3": Entry("temperature", controls.temperature),
    "C4": Entry("rivals with equal answers", controls.rivals),
    "C5": Entry("untrained networks", controls.untrained),
    "C6": Entry("right answers without the mechanism", controls.cheat),
    "C7": Entry("two training seeds", controls.seeds),
    "C8": Entry("the algorithm in natural weights", controls.natural),
    "C9": Entry("mixtures", controls.mixtures),
}
"""By name, in the order in which they run."""


@dataclass(frozen=True)
class Selftest:
    """What the controls found.

    Attributes:
        checks: one for each assertion.
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether all checks hold."""
        return all(check.passed for check in self.checks)

    @property
    def blamed(self) -> tuple[str, ...]:
        """Rows of the panel that failed a control: figures that must not be reported."""
        return tuple(dict.fromkeys(name for check in self.checks for name in check.blamed))

    def to_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "passed": self.passed,
            "blamed": list(self.blamed),
            "controls": {name: entry.title for name, entry in CONTROLS.items()},
            "checks": [check.to_json() for check in self.checks],
        }


def selftest(
    plan: SelftestPlan | None = None, only: Sequence[str] = (), watch: Watch | None = None
) -> Selftest:
    """Run the controls.

    Args:
        plan: how large.
        only: names of controls; by default all.
        watch: told about progress.

    Raises:
        NotFoundError: if there is no control of a name.
    """
    names = tuple(only) or tuple(CONTROLS)
    for name in names:
        if name not in CONTROLS:
            raise NotFoundError(
                "controls of the measures", repr(name), f"one of {', '.join(CONTROLS)}", "correct the name"
            )
    bench = ControlBench(plan or SelftestPlan())
    checks: list[Check] = []
    for number, name in enumerate(names):
        if watch is not None:
            watch(number, len(names), CONTROLS[name].title)
        checks += CONTROLS[name].run(bench)
    return Selftest(tuple(checks))
