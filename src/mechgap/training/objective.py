"""The loss of CLRS: how far a network's run is from a program's trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from ..lang.program import Port
from ..nets.features import hint_features
from ..nets.network import Network
from ..nets.unrolling import Frame, Outputs, Unrolling, feedback
from ..semantics.trace import Trace
from .internals import Internals
from .supervision import AttentionLoss

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


@dataclass(frozen=True)
class Aims:
    """What a network is to do besides right outputs.

    Attributes:
        hints: whether its hints shall be those of the trace.
        attention: weight of attention supervision, for traces with selections; see ``AttentionLoss``.
        heads: which heads are supervised.
        internal: weight of the readouts of internal variables.
        internals: these readouts; None for none.
        truncate: after how many steps gradients stop going back in time; 0 for never.
    """

    hints: bool = True
    attention: float = 0.0
    heads: tuple[int, ...] = ()
    internal: float = 0.0
    internals: Internals | None = None
    truncate: int = 0


CLRS = Aims()
"""The loss of the benchmark."""


def losses(
    network: Network,
    trace: Trace,
    soft: bool = True,
    forced: Bool[Tensor, "T B"] | None = None,
    aims: Aims = CLRS,
) -> dict[str, Float[Tensor, ""]]:
    """The terms of the loss by name; their sum is the loss.

    Of every hint the mean of its kind's loss over all places of the frames that the network makes,
    within each run's length; of every output the mean at each run's last frame. Places where a value
    is not defined do not count. Of a network that says when to halt, also the mean cross entropy of that
    over all steps up to the one at which it should, which is made and judged too.

    Args:
        network: whose run is judged. It reads its own hints after frame 0.
        trace: of the program on a batch of inputs.
        soft: whether own hints are read as probabilities rather than as decoded values.
        forced: at which frames a graph reads the true hints instead.
        aims: what counts besides outputs; terms are multiplied by their weights.

    Raises:
        TrainingError: if attention cannot be supervised.
    """
    run = _Run(network, trace, soft, forced, aims)
    for frame in run.unrolling:
        run.judge(frame)
        if not run.go_on(frame.index):
            break
    return run.terms()


class _Run:
    """A run of a network beside the trace that it should follow."""

    def __init__(self, network: Network, trace: Trace, soft: bool, forced: Tensor | None, aims: Aims) -> None:
        self.network, self.trace, self.soft, self.forced = network, trace, soft, forced
        self.aims = aims
        self.hints = network.config.interface.hints
        self.attention = AttentionLoss(network, trace, aims.heads) if aims.attention else None
        supervised = self.attention is not None
        self.unrolling = Unrolling(network, trace.batch, self._feed, attention=supervised)
        self.outputs = Outputs(network)
        self.ends = self.outputs.frames(trace.lengths)
        halting = network.config.halting
        self.last = torch.maximum(self.ends, trace.lengths) if halting else self.ends
        self._sums: dict[str, list[Tensor]] = {}
        self._counts: dict[str, list[Tensor]] = {}

    def judge(self, frame: Frame) -> None:
        """Add what a frame is worth."""
        rows, index = self.unrolling.rows, frame.index
        self.outputs.add(frame, rows, self.ends[rows] == index)
        if self.attention is not None:
            self.attention.judge(frame, rows)
        if frame.halt is not None:
            ended = self.trace.lengths[rows] == index
            loss = F.binary_cross_entropy_with_logits(frame.halt, ended.to(frame.halt), reduction="none")
            self._add("halt", loss, self.trace.lengths[rows] >= index)
        if frame.logits and index < self.trace.frames:
            if self.aims.hints:
                self._compare("hint", self.hints, frame.logits, index)
            if (internals := self.aims.internals) is not None and self.aims.internal:
                self._compare("internal", internals.ports, internals(frame.after.nodes), index)

    def go_on(self, index: int) -> bool:
        """Leave behind the runs that have ended; whether there are others."""
        left = self.last[self.unrolling.rows] > index
        if not bool(left.any()):
            return False
        self.unrolling.keep(left)
        if self.aims.truncate and index and index % self.aims.truncate == 0:
            self.unrolling.cut()
        return True

    def terms(self) -> dict[str, Tensor]:
        """The terms of the loss."""
        found = {
            name: torch.stack(sums).sum() / torch.stack(self._counts[name]).sum().clamp(min=1)
            for name, sums in self._sums.items()
        }
        for name in found:
            if name.startswith("internal "):
                found[name] = self.aims.internal * found[name]
        if self.attention is not None and len(means := self.attention.means()):
            found["attention"] = self.aims.attention * means.mean()
        logits, nodes = self.outputs.logits(), self.trace.batch.nodes
        for port in self.network.config.interface.outputs:
            loss = port.kind.loss(logits[port.name], self.trace.outputs[port.name], nodes)
            places = self._defined(port, real_places(port, nodes, nodes.any(1)))
            found[f"output {port.name}"] = loss.masked_fill(~places, 0.0).sum() / places.sum().clamp(min=1)
        return found

    def _compare(self, sort: str, ports: tuple[Port, ...], logits: Mapping[str, Tensor], index: int) -> None:
        """Add the losses of logits by the names of variables, of the frame with that index."""
        rows = self.unrolling.rows
        live, nodes = self.trace.lengths[rows] > index, self.trace.batch.nodes[rows]
        for port in ports:
            truth = self.trace.values[port.name][index, rows]
            places = self._defined(port, real_places(port, nodes, live), rows)
            self._add(f"{sort} {port.name}", port.kind.loss(logits[port.name], truth, nodes), places)

    def _add(self, term: str, loss: Tensor, places: Tensor) -> None:
        """Add losses at some places to a term."""
        self._sums.setdefault(term, []).append(loss.masked_fill(~places, 0.0).sum())
        self._counts.setdefault(term, []).append(places.sum())

    def _defined(self, port: Port, places: Tensor, rows: Tensor | None = None) -> Tensor:
        """The places at which a port is defined."""
        known = self.trace.defined.get(port.name)
        return places if known is None else places & (known if rows is None else known[rows])

    def _feed(self, index: int, logits: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        rows = self.unrolling.rows
        nodes = self.trace.batch.nodes[rows]
        last = min(index, self.trace.frames - 1)
        values = {port.name: self.trace.values[port.name][last, rows] for port in self.hints}
        defined = {name: known[rows] for name, known in self.trace.defined.items()}
        if not logits:
            return hint_features(self.network.config, values, nodes, defined)
        own = {p.name: feedback(p.kind, logits[p.name], nodes, self.soft) for p in self.hints}
        if self.forced is None or not bool(self.forced[last, rows].any()):
            return own
        given = hint_features(self.network.config, values, nodes, defined)
        choice = self.forced[last, rows]
        return {
            name: torch.where(
                choice.reshape(-1, *[1] * (value.dim() - 1)), given[name].to(value.dtype), value
            )
            for name, value in own.items()
        }


def real_places(port: Port, nodes: Tensor, live: Tensor) -> Tensor:
    """The places of a port that are real, in the graphs that are live."""
    if port.location.rank == 0:
        return live
    real = nodes if port.location.rank == 1 else nodes[:, :, None] & nodes[:, None, :]
    return real & live.reshape(-1, *[1] * port.location.rank)
