"""What emission needs, and rows of linear layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from ...lang.program import Program
from ..ir import Slot
from ..layout import RoundPlan
from ..lowering import Meaning


@dataclass(frozen=True)
class Plan:
    """Everything that emission needs.

    Attributes:
        program: what was compiled.
        slots: the places of the state, at nodes and at pairs.
        meaning: which slots hold what.
        widths: of the hidden vectors, and of the vectors at pairs.
        rounds: of the start, and of a step.
        n: largest number of nodes.
    """

    program: Program
    slots: tuple[Slot, ...]
    meaning: Meaning
    widths: tuple[int, int]
    rounds: tuple[tuple[RoundPlan, ...], tuple[RoundPlan, ...]]
    n: int

    def held(self, paired: bool) -> dict[str, int]:
        """The slots at pairs, or those at nodes -> their dimensions."""
        names = [slot.name for slot in self.slots if slot.paired is paired]
        return {name: k for k, name in enumerate(names)}


def fill_row(layer: nn.Linear, row: int, terms: Iterable[tuple[int, float]], constant: float = 0.0) -> None:
    """Add terms, and a constant if it is not 0, to a row of a layer."""
    for column, coefficient in terms:
        layer.weight[row, column] += coefficient
    if constant:
        layer.bias[row] += constant
