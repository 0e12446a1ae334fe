"""Runs a network on its own and records the run as a trace."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..errors import GraphError, RangeError
from ..semantics.batch import Batch
from ..semantics.room import check_room
from ..semantics.trace import Trace
from .features import hint_features
from .network import Network
from .unrolling import Frame, Intervention, Outputs, Unrolling, feedback


@dataclass(frozen=True, kw_only=True)
class RolloutOptions:
    """How a rollout goes and what it records.

    Attributes:
        first: true values of the hints at frame 0 by name, for a network without a prologue.
        defined: where these, and those of ``force``, are defined, by name, if that is not everywhere.
        lengths: [B], how many frames each run has; without them the network must say when to halt.
        max_frames: a halting network that wants more frames is stopped with an error; by default
            4 n^2 + 16.
        hidden, attention, logits: whether to record these.
        intervene: changes the hidden vectors of frame t before they are decoded or stepped; gets them
            where the network is.
        force: true values [T, B, …] of the hints by name, read instead of the network's own.
        soft: whether own hints are fed back as probabilities (as CLRS does) or as decoded values.
    """

    first: Mapping[str, Tensor] | None = None
    defined: Mapping[str, Tensor] | None = None
    lengths: Tensor | None = None
    max_frames: int | None = None
    hidden: bool = False
    attention: bool = False
    logits: bool = False
    intervene: Intervention | None = None
    force: Mapping[str, Tensor] | None = None
    soft: bool = True

    def to(self, device: torch.device) -> RolloutOptions:
        """The same with the tensors on another device."""

        def moved(values: Mapping[str, Tensor] | None) -> Mapping[str, Tensor] | None:
            return None if values is None else {name: value.to(device) for name, value in values.items()}

        lengths = None if self.lengths is None else self.lengths.to(device)
        first, defined, force = map(moved, (self.first, self.defined, self.force))
        return replace(self, first=first, defined=defined, lengths=lengths, force=force)

    @classmethod
    def of(cls, network: Network, exact: Trace) -> RolloutOptions:
        """What a program's own run gives to a network: first values of the hints, and lengths."""
        first = {port.name: exact.values[port.name][0] for port in network.config.interface.hints}
        return cls(first=first, defined=exact.defined, lengths=exact.lengths)


def rollout(network: Network, batch: Batch, options: RolloutOptions | None = None) -> Trace:
    """Run a network on a batch.

    A network with a prologue decodes frame 0 from its first hidden vectors; another one is given
    it. With ``lengths`` every run has that many frames. Otherwise frame t is a run's last one where
    the halt readout of the step from t to t + 1 is positive, and that step is discarded. Outputs
    are decoded at the last frame; without a prologue a run of one frame takes them from frame 1, as
    CLRS does. It runs where the network is; the trace comes back to where the batch is.

    Returns:
        The trace, with values in recorded units; its ``logits`` are those of the hints, not a number
        at a first frame that was given.

    Raises:
        GraphError: if first values or lengths are missing.
        RangeError: if a network does not halt.
    """
    options, home, away = options or RolloutOptions(), batch.nodes.device, network.device
    if home != away:
        return rollout(network, batch.to(away), options.to(away)).to(home)
    run = _Run(network, batch, options)
    with torch.no_grad():
        lengths = run.for_lengths() if run.options.lengths is not None else run.until_halt()
        return run.trace(lengths)


class _Run:
    """A rollout in progress."""

    def __init__(self, network: Network, batch: Batch, options: RolloutOptions) -> None:
        self.network, self.batch, self.options = network, batch, options
        self.hints = network.config.interface.hints
        self.first = self._first_values()
        self.outputs = Outputs(network)
        self.values: dict[str, list[Tensor]] = {port.name: [] for port in self.hints}
        self.logits: dict[str, list[Tensor]] = {}
        self.hidden: list[Tensor] = []
        self.attention: list[list[Tensor]] = [[] for _ in network.rounds] if options.attention else []
        self._fitting = 0
        self.frames = Unrolling(network, batch, self._feed, options.intervene, options.attention)

    def for_lengths(self) -> Tensor:
        """Run every graph for the number of frames that it was given."""
        assert self.options.lengths is not None
        ends = self.outputs.frames(self.options.lengths)
        last = int(ends.max())
        for frame in self.frames:
            self._record(frame)
            self.outputs.add(frame, self.frames.rows, ends == frame.index)
            if frame.index == last:
                break
        return self.options.lengths

    def until_halt(self) -> Tensor:
        """Run every graph until the network says that it has halted; the lengths of the runs."""
        limit = self._frame_limit()
        lengths = torch.zeros(len(self.batch), dtype=torch.int64, device=self.batch.nodes.device)
        frames = iter(self.frames)
        previous = next(frames)
        self._record(previous)
        for frame in frames:
            assert frame.stop is not None
            ends = (lengths == 0) & frame.stop
            lengths = lengths.masked_fill(ends, frame.index)
            source = previous if previous.index >= self.outputs.earliest else frame
            self.outputs.add(source, self.frames.rows, ends)
            if bool((lengths > 0).all()):
                break
            if frame.index >= limit:
                raise self._endless(limit, int((lengths == 0).sum()))
            self._record(frame)
            previous = frame
        return lengths

    def trace(self, lengths: Tensor) -> Trace:
        """The record of the run."""
        batch = self.batch
        outputs = self.outputs.logits()
        if self.logits and not self.network.prologue:
            for parts in self.logits.values():
                parts.insert(0, torch.full_like(parts[0], math.nan))
        return Trace(
            batch,
            {name: _lasting(self.values.pop(name), lengths) for name in [*self.values]},
            lengths,
            {
                port.name: port.kind.decode(outputs[port.name], batch.nodes)
                for port in self.network.config.interface.outputs
            },
            hidden=_lasting(self.hidden, lengths) if self.options.hidden else None,
            attention=self._recorded_attention(int(lengths.max())),
            logits={name: _lasting(self.logits.pop(name), lengths) for name in [*self.logits]},
        )

    def _record(self, frame: Frame) -> None:
        for port in self.hints:
            if port.name in frame.logits:
                value = port.kind.decode(frame.logits[port.name], self.batch.nodes)
            else:
                value = self.first[port.name]
            self.values[port.name].append(value)
            if self.options.logits and port.name in frame.logits:
                self.logits.setdefault(port.name, []).append(frame.logits[port.name])
        if self.options.hidden:
            self.hidden.append(frame.after.nodes)
        for recorded, attention in zip(self.attention, frame.attention, strict=False):
            recorded.append(attention)
        if frame.index >= self._fitting and self.batch.nodes.device.type == "cpu":
            self._check_room(frame.index + 1)

    def _check_room(self, count: int) -> None:
        """Raise an error if more frames than the recorded ones, or one array of them all, do not fit."""
        lengths = self.options.lengths
        total = count + max(16, count // 8) if lengths is None else int(lengths.max())
        records = [*self.values.values(), *self.logits.values(), self.hidden, *self.attention]
        sizes = [parts[-1].nbytes for parts in records if parts]
        needed = (total - count) * sum(sizes) + total * max(sizes, default=0)
        check_room(needed, "record of a rollout", f"{total} frames of {len(self.batch)} runs")
        self._fitting = total

    def _feed(self, index: int, logits: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        nodes, force = self.batch.nodes, self.options.force
        if force is not None and all(index < len(force[port.name]) for port in self.hints):
            values = {name: value[index] for name, value in force.items()}
            return hint_features(self.network.config, values, nodes, self.options.defined)
        if not logits:
            return hint_features(self.network.config, self.first, nodes, self.options.defined)
        return {p.name: feedback(p.kind, logits[p.name], nodes, self.options.soft) for p in self.hints}

    def _recorded_attention(self, frames: int) -> tuple[Tensor, ...]:
        if frames > 1:
            return tuple(torch.stack(parts[: frames - 1]) for parts in self.attention)
        size, width = len(self.batch), self.batch.width
        heads = [shape.attentions for shape in self.network.config.rounds[: len(self.attention)]]
        blank = torch.zeros(0, dtype=self.network.dtype, device=self.batch.nodes.device)
        return tuple(blank.reshape(0, size, count, width, width) for count in heads)

    def _first_values(self) -> Mapping[str, Tensor]:
        """Values of the hints at frame 0 of a network that cannot make them."""
        options = self.options
        if self.network.prologue:
            return {}
        given = options.first
        if given is None and options.force is not None:
            given = {name: value[0] for name, value in options.force.items()}
        missing = [port.name for port in self.hints if given is None or port.name not in given]
        if missing:
            raise GraphError(
                "a rollout of a network without a prologue",
                f"no first values of {', '.join(missing)}",
                "the values at frame 0 of every hint",
                "begin with RolloutOptions.of(network, trace) of the program's own trace",
            )
        return given or {}

    def _frame_limit(self) -> int:
        if not self.network.config.halting:
            raise GraphError(
                "a rollout of a network that has no halt readout",
                "no lengths",
                "the number of frames of every run",
                "pass lengths=trace.lengths of the program's own trace",
            )
        return self.options.max_frames or 4 * self.batch.width**2 + 16

    def _endless(self, limit: int, runs: int) -> RangeError:
        return RangeError(
            "a rollout of a halting network",
            f"{runs} of {len(self.batch)} runs that have not halted after {limit} frames",
            "a positive halt readout in every run",
            "raise max_frames, or pass lengths to run for a fixed number of frames",
        )


def _lasting(parts: list[Tensor], lengths: Tensor) -> Tensor:
    """Frames [T, B, …] in which every run's last one is repeated to the end."""
    frames = int(lengths.max())
    stacked = torch.stack(parts[:frames])
    if bool((lengths == frames).all()):
        return stacked
    steps = torch.arange(frames, device=lengths.device)[:, None]
    runs = torch.arange(len(lengths), device=lengths.device)
    return stacked[torch.minimum(steps, lengths - 1), runs]
