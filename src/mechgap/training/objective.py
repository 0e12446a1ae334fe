"""The loss of CLRS: how far a network's run is from a program's trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..lang.program import Port
from ..nets.features import hint_features
from ..nets.network import Network
from ..nets.unrolling import Frame, Outputs, Unrolling, feedback
from ..semantics.trace import Trace

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


def losses(
    network: Network,
    trace: Trace,
    soft: bool = True,
    forced: Bool[Tensor, "T B"] | None = None,
) -> dict[str, Float[Tensor, ""]]:
    """The terms of the loss by name; their sum is the loss.

    Of every hint the mean of its kind's loss over all places of the frames that the network makes,
    within each run's length; of every output the mean at each run's last frame. Places where a value
    is not defined do not count.

    Args:
        network: whose run is judged. It reads its own hints after frame 0.
        trace: of the program on a batch of inputs.
        soft: whether own hints are read as probabilities rather than as decoded values.
        forced: at which frames a graph reads the true hints instead.
    """
    run = _Run(network, trace, soft, forced)
    for frame in run.unrolling:
        run.judge(frame)
        if not run.go_on(frame.index):
            break
    return run.terms()


class _Run:
    """A run of a network beside the trace that it should follow."""

    def __init__(self, network: Network, trace: Trace, soft: bool, forced: Tensor | None) -> None:
        self.network, self.trace, self.soft, self.forced = network, trace, soft, forced
        self.hints = network.config.interface.hints
        self.unrolling = Unrolling(network, trace.batch, self._feed)
        self.outputs = Outputs(network)
        self.ends = self.outputs.frames(trace.lengths)
        self._sums: dict[str, list[Tensor]] = {port.name: [] for port in self.hints}
        self._counts: dict[str, list[Tensor]] = {port.name: [] for port in self.hints}

    def judge(self, frame: Frame) -> None:
        """Add what a frame is worth."""
        rows, index = self.unrolling.rows, frame.index
        self.outputs.add(frame, rows, self.ends[rows] == index)
        if frame.logits and index < self.trace.frames:
            live = self.trace.lengths[rows] > index
            nodes = self.trace.batch.nodes[rows]
            for port in self.hints:
                truth = self.trace.values[port.name][index, rows]
                places = self._defined(port, real_places(port, nodes, live), rows)
                loss = port.kind.loss(frame.logits[port.name], truth, nodes)
                self._sums[port.name].append(loss.masked_fill(~places, 0.0).sum())
                self._counts[port.name].append(places.sum())

    def go_on(self, index: int) -> bool:
        """Leave behind the runs that have ended; whether there are others."""
        left = self.ends[self.unrolling.rows] > index
        if not bool(left.any()):
            return False
        self.unrolling.keep(left)
        return True

    def terms(self) -> dict[str, Tensor]:
        """The terms of the loss."""
        found = {
            f"hint {name}": torch.stack(sums).sum() / torch.stack(self._counts[name]).sum().clamp(min=1)
            for name, sums in self._sums.items()
            if sums
        }
        logits, nodes = self.outputs.logits(), self.trace.batch.nodes
        for port in self.network.config.interface.outputs:
            loss = port.kind.loss(logits[port.name], self.trace.outputs[port.name], nodes)
            places = self._defined(port, real_places(port, nodes, nodes.any(1)))
            found[f"output {port.name}"] = loss.masked_fill(~places, 0.0).sum() / places.sum().clamp(min=1)
        return found

    def _defined(self, port: Port, places: Tensor, rows: Tensor | None = None) -> Tensor:
        """The places at which a port is defined."""
        known = self.trace.defined.get(port.name)
        return places if known is None else places & (known if rows is None else known[rows])

    def _feed(self, index: int, logits: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        rows = self.unrolling.rows
        nodes = self.trace.batch.nodes[rows]
        last = min(index, self.trace.frames - 1)
        values = {port.name: self.trace.values[port.name][last, rows] for port in self.hints}
        if not logits:
            return hint_features(self.network.config, values, nodes)
        own = {p.name: feedback(p.kind, logits[p.name], nodes, self.soft) for p in self.hints}
        if self.forced is None or not bool(self.forced[last, rows].any()):
            return own
        given = hint_features(self.network.config, values, nodes)
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
