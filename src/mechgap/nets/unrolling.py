"""The frames of a network's run, one after the other: what rollouts record and training scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..kinds.kind import AbstractKind
from ..semantics.batch import Batch
from .encoded import Encoded
from .hidden import Hidden
from .network import HALT, Network, hint_key, output_key

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64

Feed = Callable[[int, Mapping[str, Tensor]], Mapping[str, Tensor]]
"""Features of the hints of frame t by name, of t and of the network's own logits of that frame by name."""

Intervention = Callable[[int, Tensor], Tensor]
"""Hidden vectors [B, N, H] of frame t as they shall be, of t and of those that the network made."""


@dataclass(frozen=True)
class Frame:
    """One frame of a network's run.

    Attributes:
        index: which frame t.
        encoded: what was read in making it.
        before, after: hidden vectors of the frame before and of this one.
        attention: of every round of the step [B, A, N, N] (only if recorded).
        logits: of the hints by name; empty for a first frame that is given.
        halt: logits of whether the frame before was the last one (halting networks).
    """

    index: int
    encoded: Encoded
    before: Hidden
    after: Hidden
    attention: list[Tensor]
    logits: dict[str, Tensor]
    halt: Float[Tensor, " B"] | None

    @property
    def stop(self) -> Bool[Tensor, " B"] | None:
        """Whether the network says that the frame before was the last one."""
        return None if self.halt is None else self.halt > 0


class Unrolling:
    """The endless frames of a run; the caller stops taking them.

    Args:
        network: what runs.
        batch: on which inputs.
        feed: what a network that encodes hints reads of them; asked about the runs that are left.
        intervene: changes hidden vectors after they were made, before they are decoded or stepped;
            whether to stop is read from those that were made.
        attention: whether to record attention.

    Attributes:
        rows: the runs of the batch that are left, in the order of the frames' first axis.
    """

    def __init__(
        self,
        network: Network,
        batch: Batch,
        feed: Feed,
        intervene: Intervention | None = None,
        attention: bool = False,
    ) -> None:
        self.network = network
        self.rows = torch.arange(len(batch), device=batch.nodes.device)
        self._batch = batch
        self._feed = feed
        self._intervene = intervene
        self._attention = attention
        self._last: Frame | None = None

    def keep(self, rows: Bool[Tensor, " B"]) -> None:
        """Go on with some of the runs that are left only."""
        if bool(rows.all()) or self._last is None:
            return
        last, index = self._last, rows.nonzero()[:, 0]
        self.rows, self._batch = self.rows[index], self._batch.take(index)
        self._last = Frame(
            last.index,
            last.encoded.take(index),
            last.before.take(index),
            last.after.take(index),
            [],
            {name: value[index] for name, value in last.logits.items()},
            None,
        )

    def cut(self) -> None:
        """Let no gradient of later frames go back past the last one."""
        if self._last is not None:
            after = Hidden(self._last.after.nodes.detach(), self._last.after.pairs.detach())
            logits = {name: value.detach() for name, value in self._last.logits.items()}
            self._last = replace(self._last, after=after, logits=logits)

    def __iter__(self) -> Iterator[Frame]:
        while True:
            self._last = self._first() if self._last is None else self._next(self._last)
            yield self._last

    def _first(self) -> Frame:
        network = self.network
        encoded = network.encode(self._batch)
        hidden = self._changed(0, network.start(encoded))
        logits = _decode_hints(network, encoded, hidden, hidden) if network.prologue else {}
        return Frame(0, encoded, hidden, hidden, [], logits, None)

    def _next(self, last: Frame) -> Frame:
        network, encoded, before = self.network, last.encoded, last.after
        if network.config.encode_hints:
            encoded = network.encode(self._batch, self._feed(last.index, last.logits))
        made, attention = network.step(encoded, before, self._attention)
        halt = None
        if network.config.halting:
            halt = network.decode(encoded, before, made, [HALT])[HALT][:, 0]
        after = self._changed(last.index + 1, made)
        logits = _decode_hints(network, encoded, before, after)
        return Frame(last.index + 1, encoded, before, after, attention, logits, halt)

    def _changed(self, index: int, hidden: Hidden) -> Hidden:
        if self._intervene is None:
            return hidden
        return replace(hidden, nodes=self._intervene(index, hidden.nodes))


def feedback(kind: AbstractKind, logits: Tensor, nodes: Tensor, soft: bool) -> Tensor:
    """Features of own logits: soft ones, or those of the decoded value, which pass no gradient."""
    if soft:
        return kind.soften(logits, nodes)
    return kind.features(kind.decode(logits.detach(), nodes), nodes)


class Outputs:
    """Gathers the logits of the outputs, each run's at its own last frame.

    Args:
        network: whose outputs.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._rows: list[Tensor] = []
        self._logits: list[dict[str, Tensor]] = []

    @property
    def earliest(self) -> int:
        """The first frame that outputs can be read from: one that the network made."""
        return 0 if self.network.prologue else 1

    def frames(self, lengths: Int64[Tensor, " B"]) -> Int64[Tensor, " B"]:
        """From which frame the outputs of runs of these lengths are read."""
        return (lengths - 1).clamp(min=self.earliest)

    def add(self, frame: Frame, rows: Int64[Tensor, " B"], ends: Bool[Tensor, " B"]) -> None:
        """Decode a frame, which holds these runs of the batch, for those of them that end there."""
        if not bool(ends.any()):
            return
        encoded, before, after = frame.encoded, frame.before, frame.after
        if not bool(ends.all()):
            index = ends.nonzero()[:, 0]
            encoded, rows = encoded.take(index), rows[index]
            before, after = before.take(index), after.take(index)
        keys = [output_key(port.name) for port in self.network.config.interface.outputs]
        self._rows.append(rows)
        self._logits.append(self.network.decode(encoded, before, after, keys))

    def logits(self) -> dict[str, Tensor]:
        """Logits of the outputs by name, in the order of the batch."""
        order = torch.cat(self._rows).argsort()
        return {
            port.name: torch.cat([part[output_key(port.name)] for part in self._logits])[order]
            for port in self.network.config.interface.outputs
        }


def _decode_hints(network: Network, encoded: Encoded, before: Hidden, after: Hidden) -> dict[str, Tensor]:
    names = [port.name for port in network.config.interface.hints]
    logits = network.decode(encoded, before, after, map(hint_key, names))
    return {name: logits[hint_key(name)] for name in names}
