"""The families of networks that programs are compiled to, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...errors import NotFoundError
from ...lang.program import Program
from ...nets.network import Network
from ..ir import Lowered
from ..lowering import Meaning, lower
from . import gatv2
from .filling import Plan


@dataclass(frozen=True)
class Target:
    """A family of networks.

    Attributes:
        name: of the family.
        lower: the first pass: a program, the largest number of nodes, and whether equal real keys are
            told apart by index -> the intermediate form.
        emit: the last pass.
    """

    name: str
    lower: Callable[[Program, int, bool], tuple[Lowered, Meaning]]
    emit: Callable[[Plan], Network]


TARGETS: Mapping[str, Target] = {target.name: target for target in (Target("gatv2", lower, gatv2.emit),)}


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
