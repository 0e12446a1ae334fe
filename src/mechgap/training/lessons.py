"""The losses of several networks of one shape on traces of their own, computed side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
_BY_FRAME = {("run", "forced")}
"""Tables other than hints whose first axis, of one run, are the frames."""


@dataclass(frozen=True)
class Lessons:
    """Traces of several runs, put one upon the other; shorter ones repeat their last frame.

    The graphs of each trace stand in the order of their lengths, the longest first, so that those that
    are left at a frame are the first ones.

    Attributes:
        tables: tensors with the runs as the first axis, by group and name.
        frames: the number of frames of the longest.
        left: for each frame that networks make, how many graphs are left in the run with most of them.
    """

    tables: dict[str, Table]
    frames: int
    left: tuple[int, ...]

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
        orders = [trace.lengths.argsort(descending=True, stable=True) for trace in traces]
        earliest = Outputs(network).earliest
        ends = torch.stack([trace.lengths for trace in traces]).sub(1).clamp(min=earliest)
        left = [int((ends >= index).sum(1).max()) for index in range(int(ends.max()) + 1)]
        return cls(
            {group: _stacked(group, rows, orders, device) for group, rows in tables.items()},
            frames,
            tuple(left),
        )


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
    objective = _Objective(network, lessons.frames, lessons.left, soft)

    def terms(given: Table, tables: dict[str, Table]) -> Table:
        named = {f"network.{name}": weight for name, weight in given.items()}
        found: Table = functional_call(objective, named, (tables,))
        return found

    together: Callable[..., Table] = torch.vmap(terms)
    return together(dict(weights), lessons.tables)


class _Objective(nn.Module):
    """The loss of one network, without a step that depends on the numbers in its trace.

    Graphs that have ended stay while the same number is left in another run: their state is kept as it
    was and they read true hints, so that they can neither grow without bound nor add to the loss.

    Args:
        network: what is judged.
        frames: of the trace.
        left: how many graphs, the first ones, are stepped at each frame.
        soft: as for ``lesson_losses``.
    """

    def __init__(self, network: Network, frames: int, left: tuple[int, ...], soft: bool) -> None:
        super().__init__()
        self.network, self.frames, self.left, self.soft = network, frames, left, soft
        self.earliest = Outputs(network).earliest

    def forward(self, tables: dict[str, Table]) -> Table:
        """The terms of the loss by name."""
        network, whole = self.network, _Lesson(tables, self.earliest)
        encoded, lesson = network.encode(whole.batch), whole
        before = after = network.start(encoded)
        logits = self._hints(encoded, before, after) if network.prologue else {}
        final = _Final(encoded, before, after)
        sums: dict[str, list[Tensor]] = {port.name: [] for port in network.config.interface.hints}
        counts: dict[str, list[Tensor]] = {name: [] for name in sums}
        for index, count in enumerate(self.left):
            if index:
                if count < len(lesson.batch):
                    lesson, encoded, after = whole.part(count), _part(encoded, count), _first(after, count)
                    logits = {name: value[:count] for name, value in logits.items()}
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
        return found | self._outputs(whole, final)

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
            lesson.defined,
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
    """A trace as tables, of one run.

    Args:
        tables: see ``Lessons``.
        earliest: the first frame that outputs are read from.
    """

    def __init__(self, tables: dict[str, Table], earliest: int) -> None:
        self._tables, self._earliest = tables, earliest
        run = tables["run"]
        self.batch = Batch(tables["inputs"], run["nodes"])
        self.hints, self._outputs, self.defined = tables["hints"], tables["outputs"], tables["defined"]
        self.lengths, self.forced = run["lengths"], run["forced"]
        self.ends = (self.lengths - 1).clamp(min=earliest)

    def part(self, count: int) -> _Lesson:
        """The first graphs only."""
        tables = {
            group: {
                name: value[:, :count] if (group, name) in _BY_FRAME or group == "hints" else value[:count]
                for name, value in table.items()
            }
            for group, table in self._tables.items()
        }
        return _Lesson(tables, self._earliest)

    def judged(self, port: Port, index: int, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of a hint at a frame, summed, and at how many places it counts."""
        return self._counted(port, logits, self.hints[port.name][index], self.lengths > index)

    def answered(self, port: Port, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of an output, summed, and at how many places it counts."""
        return self._counted(port, logits, self._outputs[port.name], self.batch.nodes.any(1))

    def _counted(self, port: Port, logits: Tensor, truth: Tensor, live: Tensor) -> tuple[Tensor, Tensor]:
        real = real_places(port, self.batch.nodes, live)
        if port.name in self.defined:
            real = real & self.defined[port.name]
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
        chosen = replace(
            old,
            x=_either(rows, encoded.x, old.x),
            edges=_either(rows, encoded.edges, old.edges),
            graph=_either(rows, encoded.graph, old.graph),
        )
        return _Final(chosen, _chosen(rows, before, self.before), _chosen(rows, after, self.after))


def _chosen(rows: Tensor, one: Hidden, other: Hidden) -> Hidden:
    return Hidden(_either(rows, one.nodes, other.nodes), _either(rows, one.pairs, other.pairs))


def _either(rows: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """One where rows say so, else the other, which may go on with more rows."""
    count = len(one)
    chosen = torch.where(_like(rows, one), one, other[:count])
    return chosen if count == len(other) else torch.cat([chosen, other[count:]])


def _first(hidden: Hidden, count: int) -> Hidden:
    return Hidden(hidden.nodes[:count], hidden.pairs[:count])


def _part(encoded: Encoded, count: int) -> Encoded:
    return Encoded(
        encoded.nodes[:count],
        encoded.x[:count],
        encoded.edges[:count],
        encoded.projection,
        encoded.graph[:count],
        {name: mask[:count] for name, mask in encoded.attended.items()},
    )


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


def _stacked(group: str, rows: list[Table], orders: list[Tensor], device: torch.device) -> Table:
    found = {}
    for name in rows[0]:
        axis = 1 if group == "hints" or (group, name) in _BY_FRAME else 0
        parts = [row[name].index_select(axis, order) for row, order in zip(rows, orders, strict=True)]
        found[name] = torch.stack(parts).to(device)
    return found
