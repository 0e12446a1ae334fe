"""The one record of a run, whether an interpreter or a network made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .batch import Batch

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Selection:
    """What one selecting expression of a program could have taken, at every step.

    Attributes:
        admissible: [T-1, B, N, N] as (receiver, sender), or [T-1, B, N] for a selection over the
            nodes of a graph: every choice that an exact realisation may make.
        chosen: [T-1, B, N] or [T-1, B], the index that the interpreter took.
        active: same shape as ``chosen``, true where the choice can change the next frame.
        text: the expression.
    """

    admissible: Tensor
    chosen: Tensor
    active: Tensor
    text: str

    def to(self, device: torch.device | str) -> Selection:
        """The same on another device."""
        return Selection(
            self.admissible.to(device), self.chosen.to(device), self.active.to(device), self.text
        )


@dataclass(frozen=True)
class Trace:
    """Every variable at every frame of a batch of runs.

    Frames after a run's own length repeat its last one. Values as in ``Batch``.

    Attributes:
        batch: the inputs.
        values: variable name -> [T, B, …].
        lengths: [B] int64, the number of frames of each run (at least 1).
        outputs: output name -> [B, …], from the last frame of each run.
        selections: expression name -> what it could have selected (only if recorded).
        defined: hint or output name -> [B, …], where it is defined, if that is not everywhere.
        hidden: [T, B, N, H] hidden vectors of a network (only if recorded).
        attention: one tensor [T-1, B, A, N, N] as (receiver, sender) for each round (only if recorded).
        logits: port name -> [T, B, …, width] of a network before they were decoded (only if recorded).
    """

    batch: Batch
    values: Mapping[str, Tensor]
    lengths: Tensor
    outputs: Mapping[str, Tensor]
    selections: Mapping[str, Selection] = field(default_factory=dict)
    defined: Mapping[str, Tensor] = field(default_factory=dict)
    hidden: Tensor | None = None
    attention: tuple[Tensor, ...] = ()
    logits: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """The number T of frames of the longest run."""
        return int(self.lengths.max())

    @property
    def live(self) -> Tensor:
        """[T, B], true for the frames within each run's own length."""
        import torch

        steps = torch.arange(self.frames, device=self.lengths.device)
        return steps[:, None] < self.lengths[None, :]

    def to(self, device: torch.device | str) -> Trace:
        """The same trace on another device."""

        def moved(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {name: value.to(device) for name, value in values.items()}

        return Trace(
            self.batch.to(device),
            moved(self.values),
            self.lengths.to(device),
            moved(self.outputs),
            {name: selection.to(device) for name, selection in self.selections.items()},
            moved(self.defined),
            None if self.hidden is None else self.hidden.to(device),
            tuple(value.to(device) for value in self.attention),
            moved(self.logits),
        )
