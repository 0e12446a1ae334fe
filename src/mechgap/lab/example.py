"""One small graph, run step by step by several networks: what a report draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from ..kinds.scalar import Scalar
from ..lang.location import Location
from ..measures.routing import Attention, selections_at_nodes
from ..measures.subject import NetworkSubject
from ..semantics.interpreter import interpret
from ..tasks.task import Task
from .families import sparse_chance

if TYPE_CHECKING:
    from torch import Tensor

    from ..lang.expression import Variable
    from ..lang.program import Port
    from ..nets.network import Network
    from ..semantics.batch import Batch
    from ..semantics.trace import Selection, Trace

CANDIDATES = 48
NODES = 10


def draw_example(
    task: Task, networks: Mapping[str, Network], *, nodes: int = NODES, seed: int = 0
) -> dict[str, Any]:
    """Runs of several networks on one graph, as plain data.

    The graph is the one among some drawn ones on which the program has most choices to make. For
    every network the attention shown is that of the head that stays most within the admissible
    choices of the program's busiest selection.

    Args:
        task: the task.
        networks: by name.
        nodes: of the graph.
        seed: of the graph.
    """
    batch = task.sample(seed, nodes, CANDIDATES, p=sparse_chance(task, nodes))
    exact = interpret(task.program, batch, selections=True)
    name, selection = _busiest(exact)
    row = _liveliest(exact, selection)
    frames = int(exact.lengths[row])
    runs = {}
    for label, network in networks.items():
        trace = NetworkSubject(network, task.program).run(batch, exact.lengths, attention=True)
        runs[label] = _shown(task, trace, exact, selection, row)
    one = batch.take(torch.tensor([row]))
    active = selection.active[: frames - 1, row].any(-1) if selection is not None else torch.ones(frames - 1)
    return {
        "nodes": nodes,
        "frames": frames,
        "seed": seed,
        "selection": name,
        "active": [bool(x) for x in active],
        "edges": drawn_edges(task, one),
        "variables": _variables(task),
        "program": _states(task, exact, row),
        "admissible": None if selection is None else _admissible(selection, exact, row),
        "runs": runs,
    }


def _busiest(exact: Trace) -> tuple[str | None, Selection | None]:
    """The selection among senders that has most active rows."""
    found = selections_at_nodes(exact)
    if not found:
        return None, None
    name = max(found, key=lambda each: int(found[each].active.sum()))
    return name, found[name]


def _liveliest(exact: Trace, selection: Selection | None) -> int:
    """The graph with the longest run; among them the one with most choices."""
    choices = selection.active.sum((0, 2)) if selection is not None else torch.zeros_like(exact.lengths)
    return int((exact.lengths * 1000 + choices).argmax())


def _shown(task: Task, trace: Trace, exact: Trace, selection: Selection | None, row: int) -> dict[str, Any]:
    channel, label = _channel(trace, exact, selection)
    steps = int(exact.lengths[row]) - 1
    matrices = None if channel is None else channel[:steps, row].double().round(decimals=4).tolist()
    return {"attention": matrices, "head": label, "states": _states(task, trace, row)}


def _channel(trace: Trace, exact: Trace, selection: Selection | None) -> tuple[Tensor | None, str | None]:
    """The attention [T-1, B, N, N] of one head, and its name."""
    attention = Attention.of(trace)
    if attention is None:
        return None, None
    if selection is None:
        return attention.channels[0], attention.labels[0]
    rows = selection.active & exact.live[1:, :, None]
    gaps = [float((channel * ~selection.admissible).sum(-1)[rows].sum()) for channel in attention.channels]
    best = min(range(len(gaps)), key=gaps.__getitem__)
    return attention.channels[best], attention.labels[best]


def _states(task: Task, trace: Trace, row: int) -> dict[str, Any]:
    """The hints at nodes and of the graph, frame by frame."""
    frames = int(trace.lengths[row])
    return {
        port.name: trace.values[port.name][:frames, row].double().tolist()
        for port in task.program.interface.hints
        if port.location is not Location.EDGE
    }


def _admissible(selection: Selection, exact: Trace, row: int) -> Any:
    """[T-1, N, N] as 0 and 1: admissible senders of active receivers."""
    steps = int(exact.lengths[row]) - 1
    chosen = selection.admissible[:steps, row] & selection.active[:steps, row, :, None]
    return chosen.int().tolist()


def _variables(task: Task) -> list[dict[str, Any]]:
    """What a drawing needs to know of the hints."""
    return [described(port) for port in task.program.interface.hints if port.location is not Location.EDGE]


def described(port: Port | Variable) -> dict[str, Any]:
    """What a drawing needs to know of a variable, as plain data."""
    return {
        "name": port.name,
        "location": port.location.value,
        "kind": port.kind.describe(),
        "refers": port.kind.refers,
        "numeric": isinstance(port.kind, Scalar),
        "categories": list(getattr(port.kind, "categories", ())),
    }


def drawn_edges(task: Task, batch: Batch) -> list[list[int]]:
    """Pairs (sender, receiver) that the first input at edges joins in the first graph, loops left out."""
    for variable in reversed(task.program.inputs):
        if variable.location is Location.EDGE and not variable.kind.refers:
            joined = batch.values[variable.name][0] != 0
            joined = joined & ~torch.eye(batch.width, dtype=torch.bool)
            return [[int(i), int(j)] for i, j in joined.nonzero()]
    return []
