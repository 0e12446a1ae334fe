"""Gate 2 for any network: whom must a node hear? It is not let hear one node after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..kinds.scalar import Scalar
from ..lang.location import Location
from ..lang.program import Port, Program
from ..nets.encoded import Encoded
from ..nets.features import hint_features
from ..nets.hidden import Hidden
from ..nets.network import Network, hint_key
from ..nets.unrolling import Frame, Unrolling, feedback
from ..semantics.defined import where_defined
from ..semantics.machine import Machine
from ..semantics.trace import Selection, Trace
from .admissible import parts
from .bootstrap import Clusters
from .routing import selections_at_nodes
from .score import Score, score

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64

GRAPHS = 32
"""Graphs that are looked at, at most."""
ROWS = 12
"""Rows that are looked at in each graph, at most; in each of them one sender after the other is removed."""
CELLS = 2**23
"""How many numbers over pairs of nodes a network may hold at once; more removals run in parts."""
LEAST = 1e-6
"""Effect that counts as none."""


@dataclass(frozen=True)
class Rows:
    """Places where a program selects among senders and the choice can change the next frame.

    Attributes:
        step, graph, node: of each row R; the step leads from frame ``step`` to the next one.
        admissible: whom an exact realisation may take there, by any selection that is active.
    """

    step: Int64[Tensor, " R"]
    graph: Int64[Tensor, " R"]
    node: Int64[Tensor, " R"]
    admissible: Bool[Tensor, "R N"]

    @classmethod
    def drawn(cls, exact: Trace, seed: int = 0) -> Rows | None:
        """Up to ``ROWS`` rows of each of the first ``GRAPHS`` graphs of a run; None without any.

        Rows of selections among senders; where a program has none, of those over the graph, which
        every node hears. A program that selects at pairs of nodes has none: whom a node may hear
        for the sake of its pairs is not among what selections say.

        Args:
            exact: the interpreter's run, with selections.
            seed: of the drawing.
        """
        if not exact.selections or any(s.admissible.dim() > 4 for s in exact.selections.values()):
            return None
        sets = {name: _at_nodes(selection) for name, selection in exact.selections.items()}
        live = exact.live[1:, :, None] & exact.batch.nodes[None]
        active = torch.stack([live & acting for _, acting in sets.values()])
        own_rows = torch.tensor([name in selections_at_nodes(exact) for name in sets])
        where = active[own_rows] if bool(active[own_rows].any()) else active
        anywhere = where.any(0)[:, :GRAPHS].transpose(0, 1)
        generator = torch.Generator().manual_seed(seed)
        chance = torch.rand(anywhere.shape, generator=generator) * anywhere
        rank = chance.flatten(1).argsort(1, descending=True).argsort(1).reshape(chance.shape)
        graph, step, node = (anywhere & (rank < ROWS)).nonzero().unbind(1)
        if not len(graph):
            return None
        own = active[:, step, graph, node]
        chosen = torch.stack([admissible[step, graph, node] for admissible, _ in sets.values()])
        admissible = (chosen & own[..., None]).any(0)
        return cls(step, graph, node, admissible)


def _at_nodes(selection: Selection) -> tuple[Tensor, Tensor]:
    """[T-1, B, N, N], whom each node may take, and [T-1, B, N or 1], whether it does; for a graph all do."""
    if selection.admissible.dim() == 4:
        return selection.admissible, selection.active
    width = selection.admissible.shape[-1]
    return selection.admissible[:, :, None].expand(-1, -1, width, -1), selection.active[..., None]


def ablation(network: Network, program: Program, exact: Trace, rows: Rows) -> dict[str, Score]:
    """The share of the effects of senders that comes from outside the admissible set.

    The network runs by itself. In every row (step, node i) one sender j after the other is taken from
    what i hears, in all rounds of the step; the effect of j is the largest change, over the hints, of
    what the network predicts for i after the step: the total variation between the two predictions; of
    numbers the difference, at most 1. Nothing else is changed, so that an effect is a cause.

    Args:
        network: of any family.
        program: what it should compute; it gives the first hints to a network without a prologue.
        exact: the program's own run.
        rows: where to look.

    Returns:
        "gap" (effects outside the set over all effects, mean over rows) and "top1" (share of rows whose
        largest effect is inside). Rows in which no sender has an effect do not count; the note says how
        many. Nothing for a network without hints at nodes or pairs.
    """
    if all(port.location is Location.GRAPH for port in network.config.interface.hints):
        return {}
    effects = torch.zeros(rows.admissible.shape)
    for frame in _frames(network, program, exact, rows):
        here = (rows.step == frame.index - 1).nonzero()[:, 0]
        if len(here):
            effects[here] = _effects(network, frame, rows.graph[here], rows.node[here]).to(effects)
    return effect_scores(effects, exact, rows)


def effect_scores(effects: Float[Tensor, "R N"], exact: Trace, rows: Rows) -> dict[str, Score]:
    """What the effects of all senders in all rows come to; see ``ablation``."""
    total = effects.sum(-1)
    acting = total > 0
    outside = torch.where(rows.admissible, 0.0, effects).sum(-1) / total.clamp(min=LEAST)
    inside = rows.admissible.gather(1, effects.argmax(-1, keepdim=True))[:, 0]
    kept = f"{int(acting.sum())} of {len(acting)} rows in {len(set(rows.graph.tolist()))} graphs"
    note = f"one sender removed at a time; {kept} have an effect"
    found = {}
    for name, values, ideal in (("gap", outside, 0.0), ("top1", inside, 1.0)):
        clusters = Clusters.of(values, acting).grouped(rows.graph, len(exact.batch))
        found[name] = score(name, clusters, ideal, note=note)
    return found


def _frames(network: Network, program: Program, exact: Trace, rows: Rows) -> Iterator[Frame]:
    """The frames of the network's own run on the graphs of the rows, as far as there are rows."""
    batch = exact.batch.take(torch.arange(int(rows.graph.max()) + 1))
    machine, ports = Machine(program, batch), network.config.interface.hints
    values, defined = machine.record(machine.start()), where_defined(program, batch)
    first = hint_features(network.config, values, batch.nodes, defined)
    first = {name: value.to(network.device) for name, value in first.items()}
    batch = batch.to(network.device)

    def feed(index: int, logits: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        if not logits:
            return first
        return {p.name: feedback(p.kind, logits[p.name], batch.nodes, soft=True) for p in ports}

    with torch.no_grad():
        for frame in Unrolling(network, batch, feed):
            yield frame
            if frame.index > int(rows.step.max()):
                return


def _effects(network: Network, frame: Frame, graph: Tensor, node: Tensor) -> Float[Tensor, "R N"]:
    """The effect of each sender on the predictions for a node, where it is heard; else 0."""
    graph, node = graph.to(network.device), node.to(network.device)
    heard = torch.stack([mask[graph, node] for mask in frame.encoded.attended.values()]).any(0)
    heard = heard & (heard.sum(-1, keepdim=True) > 1)
    row, sender = heard.nonzero().unbind(1)
    found = torch.zeros(heard.shape, device=heard.device)
    widest = max(shape.widest for shape in network.config.rounds)
    share = max(1, CELLS // (heard.shape[1] ** 2 * max(1, widest, network.config.pointer_width)))
    plain = _predictions(network, frame.encoded, frame.before, frame.after)
    for some in parts(len(row), share):
        graphs, nodes, senders = graph[row[some]], node[row[some]], sender[some]
        encoded, before = frame.encoded.take(graphs), frame.before.take(graphs)
        order = torch.arange(len(some), device=node.device)
        masks = {name: mask.clone() for name, mask in encoded.attended.items()}
        for mask in masks.values():
            mask[order, nodes, senders] = False
            mask[order, nodes, nodes] |= ~mask[order, nodes].any(-1)
        encoded = replace(encoded, attended=masks)
        after, _ = network.step(encoded, before)
        changed = _predictions(network, encoded, before, after)
        sizes = [
            _variation(port, plain[port.name][graphs], changed[port.name], nodes)
            for port in network.config.interface.hints
            if port.location is not Location.GRAPH
        ]
        found[row[some], senders] = torch.stack(sizes).amax(0).to(found)
    return torch.where(found > LEAST, found, 0.0)


def _predictions(network: Network, encoded: Encoded, before: Hidden, after: Hidden) -> dict[str, Tensor]:
    """What the network predicts of each hint, as it reads it itself."""
    ports = network.config.interface.hints
    logits = network.decode(encoded, before, after, [hint_key(port.name) for port in ports])
    return {port.name: port.kind.soften(logits[hint_key(port.name)], encoded.nodes) for port in ports}


def _variation(port: Port, plain: Tensor, changed: Tensor, node: Tensor) -> Float[Tensor, " K"]:
    """How far two predictions for a node are apart: at the node, or at any of its pairs."""
    order = torch.arange(len(node), device=node.device)
    gap = (plain - changed).abs()
    if isinstance(port.kind, Scalar):
        gap = gap.clamp(max=1.0)
    gap = gap.sum(-1) / 2 if gap.shape[-1] > 1 else gap[..., 0]
    return at_node(gap, port, order, node)


def at_node(gap: Tensor, port: Port, graph: Int64[Tensor, " K"], node: Int64[Tensor, " K"]) -> Tensor:
    """Of differences at all places of a port the one at a node, or the largest at any of its pairs: [K]."""
    if port.location is Location.NODE:
        return gap[graph, node]
    return torch.maximum(gap[graph, node].amax(-1), gap[graph, :, node].amax(-1))
