"""Networks of this package as foreign ones, and mixtures of two of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from ..measures.foreign import AbstractSteps, Values
from ..nets.features import hint_features
from ..nets.network import hint_key, output_key
from ..nets.unrolling import feedback
from ..semantics.defined import where_defined
from ..semantics.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from ..lang.program import Port, Program
    from ..nets.encoded import Encoded
    from ..nets.hidden import Hidden
    from ..nets.network import Network
    from ..semantics.batch import Batch


@dataclass(frozen=True)
class Moment:
    """One frame of a network's run.

    Attributes:
        first: whether it is frame 0.
        encoded: what was read in making it.
        before, after: hidden vectors of the frame before and of this one.
        weights: attention [B, A, N, N] of all rounds and heads of the step; None at frame 0.
    """

    first: bool
    encoded: Encoded
    before: Hidden
    after: Hidden
    weights: Tensor | None


class NetworkSteps(AbstractSteps[Moment]):
    """A network of this package, as if it came from elsewhere.

    Args:
        network: without layer normalisation or with it, compiled or trained.
        program: gives the first hints to a network without a prologue.
    """

    def __init__(self, network: Network, program: Program) -> None:
        self.network = network
        self.program = program
        self.earliest = 0 if network.prologue else 1

    def start(self, batch: Batch) -> Moment:
        encoded = self.network.encode(batch)
        hidden = self.network.start(encoded)
        return Moment(True, encoded, hidden, hidden, None)

    def step(self, batch: Batch, state: Moment) -> Moment:
        return self._after(state, self._encoded(batch, state))

    def heard(self, batch: Batch, state: Moment) -> Tensor:
        attended = self._encoded(batch, state).attended.values()
        return torch.stack(list(attended)).any(0).transpose(1, 2)

    def step_without(self, batch: Batch, state: Moment, removed: Tensor) -> Moment:
        encoded, left = self._encoded(batch, state), ~removed.transpose(1, 2)
        own = torch.eye(batch.width, dtype=torch.bool, device=left.device)
        masks = {name: mask & left for name, mask in encoded.attended.items()}
        masks = {name: mask | own & ~mask.any(-1, keepdim=True) for name, mask in masks.items()}
        return self._after(state, replace(encoded, attended=masks))

    def hints(self, batch: Batch, state: Moment) -> Values:
        if self._given(state):
            return self._first(batch)
        return decoded(self.logits(state, hints=True), self.program.interface.hints, batch)

    def outputs(self, batch: Batch, state: Moment) -> Values:
        return decoded(self.logits(state, hints=False), self.program.interface.outputs, batch)

    def nodes(self, state: Moment) -> Tensor:
        return state.after.nodes

    def with_nodes(self, state: Moment, vectors: Tensor) -> Moment:
        after = replace(state.after, nodes=vectors)
        return replace(state, after=after, before=after if state.first else state.before)

    def attention(self, state: Moment) -> Tensor | None:
        return state.weights

    def logits(self, state: Moment, *, hints: bool) -> dict[str, Tensor]:
        """Logits of all hints or all outputs of a frame, by name."""
        key, interface = (hint_key if hints else output_key), self.program.interface
        names = [port.name for port in (interface.hints if hints else interface.outputs)]
        found = self.network.decode(state.encoded, state.before, state.after, map(key, names))
        return {name: found[key(name)] for name in names}

    def _encoded(self, batch: Batch, state: Moment) -> Encoded:
        """What is read in the step from a state."""
        if self.network.config.encode_hints:
            return self.network.encode(batch, self._features(batch, state))
        return state.encoded

    def _after(self, state: Moment, encoded: Encoded) -> Moment:
        after, weights = self.network.step(encoded, state.after, record=True)
        joined = torch.cat(weights, 1) if weights else None
        return Moment(False, encoded, state.after, after, joined)

    def _given(self, state: Moment) -> bool:
        """Whether the hints of a frame were given, not made."""
        return state.first and not self.network.prologue

    def _first(self, batch: Batch) -> Values:
        machine = Machine(self.program, batch)
        record = machine.record(machine.start())
        return {v.name: record[v.name] for v in self.program.hints}

    def _features(self, batch: Batch, state: Moment) -> Values:
        if self._given(state):
            defined = where_defined(self.program, batch)
            return hint_features(self.network.config, self._first(batch), batch.nodes, defined)
        logits, hints = self.logits(state, hints=True), self.program.interface.hints
        return {p.name: feedback(p.kind, logits[p.name], batch.nodes, soft=True) for p in hints}


class MixtureSteps(AbstractSteps[tuple[Moment, Moment]]):
    """Two networks that run side by side and answer together.

    A node's vector is that of both; what is exchanged reaches both. Chances of all values, and attention,
    are (1 - share) of the first network's and share of the second's.

    Args:
        first, second: the networks.
        share: from 0, the first alone, to 1, the second alone.
    """

    def __init__(self, first: NetworkSteps, second: NetworkSteps, share: float) -> None:
        self.first, self.second, self.share = first, second, share
        self.earliest = max(first.earliest, second.earliest)

    def start(self, batch: Batch) -> tuple[Moment, Moment]:
        return self.first.start(batch), self.second.start(batch)

    def step(self, batch: Batch, state: tuple[Moment, Moment]) -> tuple[Moment, Moment]:
        return self.first.step(batch, state[0]), self.second.step(batch, state[1])

    def heard(self, batch: Batch, state: tuple[Moment, Moment]) -> Tensor:
        return self.first.heard(batch, state[0]) | self.second.heard(batch, state[1])

    def step_without(
        self, batch: Batch, state: tuple[Moment, Moment], removed: Tensor
    ) -> tuple[Moment, Moment]:
        one = self.first.step_without(batch, state[0], removed)
        return one, self.second.step_without(batch, state[1], removed)

    def hints(self, batch: Batch, state: tuple[Moment, Moment]) -> Values:
        if state[0].first:
            one, two = self.first.hints(batch, state[0]), self.second.hints(batch, state[1])
            return one if self.share < 0.5 else two
        return self._mixed(batch, state, hints=True)

    def outputs(self, batch: Batch, state: tuple[Moment, Moment]) -> Values:
        return self._mixed(batch, state, hints=False)

    def nodes(self, state: tuple[Moment, Moment]) -> Tensor:
        return torch.cat([state[0].after.nodes, state[1].after.nodes], -1)

    def with_nodes(self, state: tuple[Moment, Moment], vectors: Tensor) -> tuple[Moment, Moment]:
        width = state[0].after.nodes.shape[-1]
        one = self.first.with_nodes(state[0], vectors[..., :width])
        return one, self.second.with_nodes(state[1], vectors[..., width:])

    def attention(self, state: tuple[Moment, Moment]) -> Tensor | None:
        """Every head of the first network mixed with every head of the second."""
        one, two = state[0].weights, state[1].weights
        if one is None or two is None:
            return None
        mixed = (1 - self.share) * one[:, :, None] + self.share * two[:, None]
        return mixed.flatten(1, 2)

    def _mixed(self, batch: Batch, state: tuple[Moment, Moment], *, hints: bool) -> Values:
        interface = self.first.program.interface
        ports = interface.hints if hints else interface.outputs
        one, two = self.first.logits(state[0], hints=hints), self.second.logits(state[1], hints=hints)
        mixed = {p.name: self._mixture(p, one[p.name], two[p.name], batch) for p in ports}
        return decoded(mixed, ports, batch)

    def _mixture(self, port: Port, one: Tensor, two: Tensor, batch: Batch) -> Tensor:
        """Logits between two, each measured in its own mean size, so that neither drowns the other."""
        parts = [logits / logits.abs().clamp(max=1e6).mean().clamp(min=1e-6) for logits in (one, two)]
        return (1 - self.share) * parts[0] + self.share * parts[1]


def decoded(logits: Values, ports: Iterable[Port], batch: Batch) -> dict[str, Tensor]:
    """Values by name that logits stand for."""
    return {p.name: p.kind.decode(logits[p.name], batch.nodes) for p in ports}
