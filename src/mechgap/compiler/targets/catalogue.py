"""The families of networks that programs are compiled to, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from ...errors import NotFoundError
from ...lang.program import Program
from ...nets.network import Network
from ..checks import check_schedule
from ..ir import Form
from ..lowering import Dialect, Meaning, lower
from ..message_checks import check_messages
from ..message_rules import MessageRules
from ..message_schedule import schedule_messages
from ..pair_ir import MessageUnit
from ..schedule import Schedule, schedule
from ..slots import Lowered, Slot
from . import gatv2, mpnn
from .filling import Plan


@dataclass(frozen=True)
class Target:
    """A family of networks.

    Attributes:
        name: of the family.
        lower: the first pass: a program, the largest number of nodes, and whether equal real keys are
            told apart by index -> the intermediate form.
        schedule: the second pass.
        check_schedule: its checker.
        emit: the last pass.
    """

    name: str
    lower: Callable[[Program, int, bool], tuple[Lowered, Meaning]]
    schedule: Callable[[tuple[Slot, ...], Mapping[str, Form]], Schedule]
    check_schedule: Callable[[Schedule], None]
    emit: Callable[[Plan], Network]


MESSAGES = Dialect(MessageRules, MessageUnit, True)

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("gatv2", lower, schedule, check_schedule, gatv2.emit),
        Target("mpnn", partial(lower, dialect=MESSAGES), schedule_messages, check_messages, mpnn.emit),
    )
}


def target_of(name: str) -> Target:
    """The family of a name.

    Raises:
        NotFoundError: if there is none.
    """
    if name not in TARGETS:
        raise NotFoundError(
            "the compiler", f"the target {name!r}", f"one of {', '.join(TARGETS)}", "correct the name"
        )
    return TARGETS[name]
