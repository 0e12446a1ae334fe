"""The losses of several networks of one shape on traces of their own, computed side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..errors import TrainingError
from ..lang.program import Port
from ..nets.encoded import Encoded
from ..nets.features import hint_features
from ..nets.hidden import Hidden
from ..nets.network import Network, hint_key, output_key
from ..nets.unrolling import Outputs, feedback
from ..semantics.batch import Batch
from ..semantics.trace import Trace
from .objective import real_places

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

Table = dict[str, Tensor]


@dataclass(frozen=True)
class Lessons:
    """Traces of several runs, put one upon the other; shorter ones repeat their last frame.

    Attributes:
        tables: tensors with the runs as the first axis, by group and name.
        frames: the number of frames of the longest.
    """

    tables: dict[str, Table]
    frames: int

    @classmethod
    def of(
        cls, network: Network, traces: Sequence[Trace], forced: Sequence[Bool[Tensor, "T B"] | None]
    ) -> Lessons:
        """Put traces together.

        Args:
            network: one of those that learn; the tensors go to its device.
            traces: one for each run, of the same numbers of graphs and nodes.
            forced: at which frames a graph reads the true hints, for each run.

        Raises:
            TrainingError: if the traces are not of one size.
        """
        shapes = {tuple(trace.batch.nodes.shape) for trace in traces}
        if len(shapes) != 1:
            raise TrainingError(
                "traces of runs that are trained side by side",
                f"graphs and nodes {sorted(shapes)}",
                "the same numbers in all of them",
                "train these runs one after the other",
            )
        frames, device = max(trace.frames for trace in traces), next(network.parameters()).device
        interface = network.config.interface
        chosen = [
            torch.zeros(trace.frames, len(trace.batch), dtype=torch.bool) if mask is None else mask
            for trace, mask in zip(traces, forced, strict=True)
        ]
        known = {name for trace in traces for name in trace.defined}
        tables: dict[str, list[Table]] = {
            "run": [
                {
                    "nodes": trace.batch.nodes,
                    "lengths": trace.lengths,
                    "forced": _lengthened(mask.to(trace.lengths.device), frames),
                }
                for trace, mask in zip(traces, chosen, strict=True)
            ],
            "inputs": [{p.name: trace.batch.values[p.name] for p in interface.inputs} for trace in traces],
            "hints": [
                {p.name: _lengthened(trace.values[p.name], frames) for p in interface.hints}
                for trace in traces
            ],
            "outputs": [{p.name: trace.outputs[p.name] for p in interface.outputs} for trace in traces],
            "defined": [{name: _where_defined(trace, name) for name in known} for trace in traces],
        }
        return cls({group: _stacked(rows, device) for group, rows in tables.items()}, frames)


def lesson_losses(
    network: Network, weights: Mapping[str, Tensor], lessons: Lessons, soft: bool
) -> dict[str, Float[Tensor, " S"]]:
    """The terms of the loss (see ``objective.losses``) of every run, by name.

    Args:
        network: of the shape of all; its own weights are not used.
        weights: by name, with the runs as the first axis.
        lessons: what is learned from.
        soft: whether own hints are read as probabilities rather than as decoded values.
    """
    last = max(lessons.frames - 1, Outputs(network).earliest)
    objective = _Objective(network, lessons.frames, last, soft)

    def terms(given: Table, tables: dict[str, Table]) -> Table:
        named = {f"network.{name}": weight for name, weight in given.items()}
        found: Table = functional_call(objective, named, (tables,))
        return found

    together: Callable[..., Table] = torch.vmap(terms)
    return together(dict(weights), lessons.tables)


class _Objective(nn.Module):
    """The loss of one network, without a step that depends on the numbers in its trace.

    Runs that have ended stay in the batch: their state is kept as it was and they read true hints, so
    that they can neither grow without bound nor add anything to the loss.

    Args:
        network: what is judged.
        frames: of the trace.
        last: the last frame that the network makes.
        soft: as for ``lesson_losses``.
    """

    def __init__(self, network: Network, frames: int, last: int, soft: bool) -> None:
        super().__init__()
        self.network, self.frames, self.last, self.soft = network, frames, last, soft
        self.earliest = Outputs(network).earliest

    def forward(self, tables: dict[str, Table]) -> Table:
        """The terms of the loss by name."""
        network, lesson = self.network, _Lesson(tables, self.earliest)
        encoded = network.encode(lesson.batch)
        before = after = network.start(encoded)
        logits = self._hints(encoded, before, after) if network.prologue else {}
        final = _Final(encoded, before, after)
        sums: dict[str, list[Tensor]] = {port.name: [] for port in network.config.interface.hints}
        counts: dict[str, list[Tensor]] = {name: [] for name in sums}
        for index in range(self.last + 1):
            if index:
                if network.config.encode_hints:
                    encoded = network.encode(lesson.batch, self._fed(lesson, index - 1, logits))
                made, _ = network.step(encoded, after)
                before, after = after, _chosen(lesson.ends >= index, made, after)
                logits = self._hints(encoded, before, after)
                final = final.replaced(lesson.ends == index, encoded, before, after)
            if logits and index < self.frames:
                for port in network.config.interface.hints:
                    loss, real = lesson.judged(port, index, logits[port.name])
                    sums[port.name].append(loss)
                    counts[port.name].append(real)
        found = {
            f"hint {name}": torch.stack(parts).sum() / torch.stack(counts[name]).sum().clamp(min=1)
            for name, parts in sums.items()
            if parts
        }
        return found | self._outputs(lesson, final)

    def _outputs(self, lesson: _Lesson, final: _Final) -> Table:
        ports = self.network.config.interface.outputs
        keys = [output_key(port.name) for port in ports]
        logits = self.network.decode(final.encoded, final.before, final.after, keys)
        found = {}
        for port, key in zip(ports, keys, strict=True):
            loss, real = lesson.answered(port, logits[key])
            found[f"output {port.name}"] = loss / real.clamp(min=1)
        return found

    def _hints(self, encoded: Encoded, before: Hidden, after: Hidden) -> Table:
        names = [port.name for port in self.network.config.interface.hints]
        logits = self.network.decode(encoded, before, after, map(hint_key, names))
        return {name: logits[hint_key(name)] for name in names}

    def _fed(self, lesson: _Lesson, index: int, logits: Table) -> Table:
        """The features of the hints of a frame that the next one reads."""
        known = min(index, self.frames - 1)
        true = hint_features(
            self.network.config,
            {name: value[known] for name, value in lesson.hints.items()},
            lesson.batch.nodes,
        )
        if not logits:
            return true
        told = lesson.forced[known] | (lesson.ends <= index)
        found = {}
        for port in self.network.config.interface.hints:
            own = feedback(port.kind, logits[port.name], lesson.batch.nodes, self.soft)
            found[port.name] = torch.where(_like(told, own), true[port.name].to(own.dtype), own)
        return found


class _Lesson:
    """A trace as tables, of one run."""

    def __init__(self, tables: dict[str, Table], earliest: int) -> None:
        run = tables["run"]
        self.batch = Batch(tables["inputs"], run["nodes"])
        self.hints, self._outputs, self._defined = tables["hints"], tables["outputs"], tables["defined"]
        self.lengths, self.forced = run["lengths"], run["forced"]
        self.ends = (self.lengths - 1).clamp(min=earliest)

    def judged(self, port: Port, index: int, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of a hint at a frame, summed, and at how many places it counts."""
        return self._counted(port, logits, self.hints[port.name][index], self.lengths > index)

    def answered(self, port: Port, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of an output, summed, and at how many places it counts."""
        return self._counted(port, logits, self._outputs[port.name], self.batch.nodes.any(1))

    def _counted(self, port: Port, logits: Tensor, truth: Tensor, live: Tensor) -> tuple[Tensor, Tensor]:
        real = real_places(port, self.batch.nodes, live)
        if port.name in self._defined:
            real = real & self._defined[port.name]
        loss = port.kind.loss(logits, truth, self.batch.nodes)
        return loss.masked_fill(~real, 0.0).sum(), real.sum()


@dataclass(frozen=True)
class _Final:
    """What outputs are read from: each graph at its own last frame."""

    encoded: Encoded
    before: Hidden
    after: Hidden

    def replaced(self, rows: Tensor, encoded: Encoded, before: Hidden, after: Hidden) -> _Final:
        """The same with a frame for the graphs that end there."""
        old = self.encoded
        chosen = Encoded(
            old.nodes,
            _either(rows, encoded.x, old.x),
            _either(rows, encoded.edges, old.edges),
            encoded.projection,
            _either(rows, encoded.graph, old.graph),
            old.attended,
        )
        return _Final(chosen, _chosen(rows, before, self.before), _chosen(rows, after, self.after))


def _chosen(rows: Tensor, one: Hidden, other: Hidden) -> Hidden:
    return Hidden(_either(rows, one.nodes, other.nodes), _either(rows, one.pairs, other.pairs))


def _either(rows: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.where(_like(rows, one), one, other)


def _like(rows: Tensor, value: Tensor) -> Tensor:
    return rows.reshape(-1, *[1] * (value.dim() - 1))


def _lengthened(value: Tensor, frames: int) -> Tensor:
    missing = frames - len(value)
    if missing <= 0:
        return value[:frames]
    return torch.cat([value, value[-1:].expand(missing, *value.shape[1:])])


def _where_defined(trace: Trace, name: str) -> Tensor:
    shape = trace.outputs[name].shape if name in trace.outputs else trace.values[name].shape[1:]
    return trace.defined.get(name, torch.ones((), dtype=torch.bool)).expand(shape)


def _stacked(rows: list[Table], device: torch.device) -> Table:
    return {name: torch.stack([row[name] for row in rows]).to(device) for name in rows[0]}
