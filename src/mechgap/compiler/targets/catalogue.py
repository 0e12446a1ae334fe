"""The families of networks that programs are compiled to, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from ...errors import NotFoundError
from ...lang.program import Program
from ...nets.network import Network
from ..checks import check_schedule
from ..dialect import DOT_PRODUCTS, HIDDEN_LAYER, MESSAGES, Dialect
from ..ir import Form
from ..lowering import Meaning, lower
from ..message_checks import check_messages
from ..message_schedule import schedule_messages
from ..scales import HIDDEN_LAYER_LOGITS, Logits
from ..schedule import Schedule, schedule
from ..slots import Lowered, Slot
from . import dot_products, gatv2, mpnn, transformer
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
        logits: what its selections need and can tell.
    """

    name: str
    lower: Callable[[Program, int, bool], tuple[Lowered, Meaning]]
    schedule: Callable[[tuple[Slot, ...], Mapping[str, Form]], Schedule]
    check_schedule: Callable[[Schedule], None]
    emit: Callable[[Plan], Network]
    logits: Logits


_DOT_PRODUCT_LOGITS = Logits(dot_products.reach, dot_products.resolution)


def _target(name: str, dialect: Dialect, emit: Callable[[Plan], Network], logits: Logits) -> Target:
    passes = (schedule_messages, check_messages) if dialect.messages else (schedule, check_schedule)
    return Target(name, partial(lower, dialect=dialect), *passes, emit, logits)


_ALL = (
    _target("gatv2", HIDDEN_LAYER, gatv2.emit, HIDDEN_LAYER_LOGITS),
    _target("mpnn", MESSAGES, mpnn.emit, HIDDEN_LAYER_LOGITS),
    _target("transformer", DOT_PRODUCTS, transformer.emit, _DOT_PRODUCT_LOGITS),
)

TARGETS: Mapping[str, Target] = {target.name: target for target in _ALL}


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
