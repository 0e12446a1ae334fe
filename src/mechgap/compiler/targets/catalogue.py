"""The families of networks that programs are compiled to, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from ...errors import NotFoundError
from ...lang.program import Program
from ...nets.network import Network
from ..dialect import DOT_PRODUCTS, HIDDEN_LAYER
from ..ir import Lowered
from ..lowering import Meaning, lower
from ..scales import HIDDEN_LAYER_LOGITS, Logits
from . import dot_products, gatv2, transformer
from .filling import Plan


@dataclass(frozen=True)
class Target:
    """A family of networks.

    Attributes:
        name: of the family.
        lower: the first pass: a program, the largest number of nodes, and whether equal real keys are
            told apart by index -> the intermediate form.
        emit: the last pass.
        logits: what its selections need and can tell.
    """

    name: str
    lower: Callable[[Program, int, bool], tuple[Lowered, Meaning]]
    emit: Callable[[Plan], Network]
    logits: Logits


_ALL = (
    Target("gatv2", partial(lower, dialect=HIDDEN_LAYER), gatv2.emit, HIDDEN_LAYER_LOGITS),
    Target(
        "transformer",
        partial(lower, dialect=DOT_PRODUCTS),
        transformer.emit,
        Logits(dot_products.reach, dot_products.resolution),
    ),
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
