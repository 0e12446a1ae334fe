"""What the first pass leaves: the places of the state, and what each is to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .ir import Form


@dataclass(frozen=True)
class Slot:
    """A place in the hidden vector that holds one number from step to step.

    Attributes:
        name: variable, or "halt", or output, or input that may be negative; with the component of a
            categorical, or the sign of a part, behind a dot.
        high: upper bound.
        whole: whether its values are whole.
        low: what is subtracted from the number before it is stored, so that it is not negative.
        paired: whether it is held at every pair of nodes, not at every node.
    """

    name: str
    high: float
    whole: bool
    low: float = 0.0
    paired: bool = False


@dataclass(frozen=True)
class Lowered:
    """A program in the intermediate form.

    Attributes:
        slots: the places of the state, in order.
        start: what each slot holds in frame 0, over features only; a form of pairs if it is paired.
        step: what each slot holds in the next frame, over features and carried slots.
    """

    slots: tuple[Slot, ...]
    start: Mapping[str, Form]
    step: Mapping[str, Form]
