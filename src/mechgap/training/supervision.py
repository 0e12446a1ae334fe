"""Attention supervision: how far heads attend what the program could have selected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..errors import TrainingError
from ..nets.network import Network
from ..nets.rollout import RolloutOptions, rollout
from ..nets.unrolling import Frame
from ..semantics.trace import Selection, Trace

if TYPE_CHECKING:
    from jaxtyping import Float

LEAST = 1e-12
"""Below this a probability counts as this, so that the loss of a row is 28 at most."""


class AttentionLoss:
    """-log p(S), with p(S) the attention of a head on the admissible set S of a selection.

    Rows count in which the choice can change the next frame, in steps that the program takes. It is 0
    for every exact realisation, whichever of the admissible senders it attends, and so leaves open what
    the program leaves open.

    Args:
        network: whose attention is judged.
        trace: of the program, with selections.
        heads: for every selection among senders the head that is judged, counted through all rounds from
            0; by default the k-th for selection k. None for all heads of every selection.

    Raises:
        TrainingError: if the network has no or too few heads, or the trace no selections.
    """

    def __init__(self, network: Network, trace: Trace, heads: Sequence[int] | None = ()) -> None:
        self._trace = trace
        self._selections = _selections(trace)
        count = sum(shape.attentions for shape in network.config.rounds)
        names = tuple(self._selections)
        if heads is None:
            chosen = [list(range(count))] * len(names)
        else:
            chosen = [[head] for head in (heads or range(len(names)))]
        if names:
            _check(network, names, chosen, count)
        self._heads = dict(zip(names, chosen, strict=False))
        self._sums: dict[str, list[Tensor]] = {name: [] for name in names}
        self._counts: dict[str, list[Tensor]] = {name: [] for name in names}

    def judge(self, frame: Frame, rows: Tensor) -> None:
        """Add the step that made a frame, of these runs of the batch."""
        if frame.attention and frame.index < self._trace.frames:
            self.add(torch.cat(frame.attention, 1), frame.index - 1, rows)

    def add(self, attention: Float[Tensor, "B A N N"], step: int, rows: Tensor) -> None:
        """Add the attention of a step, which is that from frame ``step`` to the next."""
        live = (self._trace.lengths[rows] > step + 1)[:, None] & self._trace.batch.nodes[rows]
        for name, selection in self._selections.items():
            places = live & selection.active[step, rows]
            inside = attention[:, self._heads[name]] * selection.admissible[step, rows][:, None]
            missed = -inside.sum(-1).clamp(min=LEAST).log()
            self._sums[name].append(missed.masked_fill(~places[:, None], 0.0).sum((0, 2)))
            self._counts[name].append(places.sum())

    def means(self) -> Float[Tensor, "S H"]:
        """The means over the rows of each selection, of each of its heads; 0 if it has no rows."""
        found = [
            torch.stack(sums).sum(0) / torch.stack(self._counts[name]).sum().clamp(min=1)
            for name, sums in self._sums.items()
            if sums
        ]
        return torch.stack(found) if found else torch.zeros(0, 1)


def costs(network: Network, trace: Trace) -> Float[Tensor, "S H"]:
    """-log p(S) of every head for every selection, in a run of the network on its own."""
    loss = AttentionLoss(network, trace, None)
    run = rollout(network, trace.batch, replace(RolloutOptions.of(network, trace), attention=True))
    rows = torch.arange(len(trace.batch), device=trace.lengths.device)
    for step, attention in enumerate(zip(*run.attention, strict=True)):
        loss.add(torch.cat(attention, 1), step, rows)
    return loss.means()


def _selections(trace: Trace) -> Mapping[str, Selection]:
    """The selections among senders; those over all nodes of a graph have no attention row."""
    found = {name: s for name, s in trace.selections.items() if s.admissible.dim() == 4}
    if found or trace.frames == 1:
        return found
    recorded = bool(trace.selections)
    raise TrainingError(
        "attention supervision",
        "a program that selects among no node's senders" if recorded else "a trace without selections",
        "at every step what each node could select",
        "leave attention at 0" if recorded else "make traces with interpret(…, selections=True)",
    )


def _check(network: Network, names: Sequence[str], chosen: Sequence[Sequence[int]], count: int) -> None:
    """Refuse networks whose heads cannot be supervised."""
    if not count:
        raise TrainingError(
            "attention supervision",
            f"a network of the family {network.config.rounds[0].family}, which attends nothing",
            "a network with attention",
            "train gatv2 or transformer, or leave attention at 0",
        )
    highest = max((head for heads in chosen for head in heads), default=0)
    if len(chosen) != len(names) or highest >= count:
        raise TrainingError(
            "attention supervision, attention_heads",
            f"heads {', '.join(str(heads[0]) for heads in chosen)} of a network with {count}",
            f"a head below {count} for each of the {len(names)} selections: {', '.join(names)}",
            "set attention_heads so, or give the network more heads or rounds",
        )
