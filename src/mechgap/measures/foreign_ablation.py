"""Gate 2 for networks from elsewhere: whom must a node hear? As ``ablation``, with what these offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

import torch
from torch import Tensor

from ..kinds.scalar import Scalar
from ..lang.location import Location
from ..lang.program import Port
from ..semantics.batch import Batch
from ..semantics.trace import Trace
from .ablation import LEAST, Rows, effect_scores
from .foreign import ForeignSubject, Values
from .score import Score

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64

State = TypeVar("State")


def foreign_ablation(subject: ForeignSubject[State], exact: Trace, rows: Rows) -> dict[str, Score]:
    """The share of the effects of senders that comes from outside the admissible set.

    As ``ablation``, but for what is compared: decoded hints, or outputs where a network has no hints. So
    the effect of a sender is 1 where a value for the node becomes another one; of numbers it is the
    difference, at most 1.

    Args:
        subject: a network that says by ``heard`` and ``step_without`` whom its nodes hear.
        exact: the program's own run.
        rows: where to look.

    Returns:
        "gap" and "top1", as there. Nothing for a network whose nodes hear nobody that could be removed, or
        of which nothing is decoded at nodes or pairs.
    """
    batch = exact.batch.take(torch.arange(int(rows.graph.max()) + 1))
    removal = _Removal(subject, batch)
    effects, tried = torch.zeros(rows.admissible.shape), False
    with torch.no_grad():
        state = subject.steps.start(batch)
        for step in range(int(rows.step.max()) + 1):
            for some in _one_of_each_graph(rows, step):
                heard, found = removal.effects(state, rows.graph[some], rows.node[some])
                effects[some], tried = found, tried or heard
            state = subject.steps.step(batch, state)
    return effect_scores(effects, exact, rows) if tried else {}


def _one_of_each_graph(rows: Rows, step: int) -> Iterator[Int64[Tensor, " K"]]:
    """The rows of a step in parts that have no two of one graph."""
    here = (rows.step == step).nonzero()[:, 0]
    graphs = rows.graph[here]
    rank = torch.stack([(graphs[:k] == graph).sum() for k, graph in enumerate(graphs)]) if len(here) else here
    for number in range(int(rank.max()) + 1 if len(here) else 0):
        yield here[rank == number]


class _Removal(Generic[State]):
    """Lets a network do a step without some senders, and compares what it decodes.

    Args:
        subject: the network.
        batch: the graphs.
    """

    def __init__(self, subject: ForeignSubject[State], batch: Batch) -> None:
        self.steps, self.batch, self.interface = subject.steps, batch, subject.program.interface

    def effects(
        self, state: State, graph: Int64[Tensor, " K"], node: Int64[Tensor, " K"]
    ) -> tuple[bool, Float[Tensor, "K N"]]:
        """The effect of each sender on a node of each of some graphs, in the step from a state.

        Returns:
            Whether there was anyone to remove, and the effects; 0 where the node does not hear a sender, or
            hears nobody else.
        """
        heard = self.steps.heard(self.batch, state)
        by_row = heard[graph, :, node]
        by_row = by_row & (by_row.sum(-1, keepdim=True) > 1)
        plain = self._decoded(self.steps.step(self.batch, state))
        ports = [port for port in self._ports(plain) if port.location is not Location.GRAPH]
        found = torch.zeros(by_row.shape)
        for sender in by_row.any(0).nonzero()[:, 0].tolist() if ports else ():
            removed = self._pairs(graph, node, sender, by_row[:, sender])
            changed = self._decoded(self.steps.step_without(self.batch, state, removed))
            sizes = [_change(port, plain[port.name], changed[port.name], graph, node) for port in ports]
            found[:, sender] = torch.stack(sizes).amax(0) * by_row[:, sender]
        return bool(by_row.any()) and bool(ports), torch.where(found > LEAST, found, 0.0)

    def _pairs(self, graph: Tensor, node: Tensor, sender: int, rows: Tensor) -> Bool[Tensor, "B N N"]:
        """The pairs (sender, node) of those rows."""
        removed = torch.zeros_like(self.batch.pairs)
        removed[graph[rows], sender, node[rows]] = True
        return removed

    def _decoded(self, state: State) -> Values:
        return self.steps.hints(self.batch, state) or self.steps.outputs(self.batch, state)

    def _ports(self, values: Values) -> list[Port]:
        known = (*self.interface.hints, *self.interface.outputs)
        return [port for port in known if port.name in values]


def _change(port: Port, plain: Tensor, changed: Tensor, graph: Tensor, node: Tensor) -> Float[Tensor, " K"]:
    """How far two values for a node are apart: at the node, or at any of its pairs."""
    if isinstance(port.kind, Scalar):
        gap = (plain - changed).abs().clamp(max=1.0).nan_to_num(1.0).float()
    else:
        gap = (plain != changed).float()
    if port.location is Location.NODE:
        return gap[graph, node]
    return torch.maximum(gap[graph, node].amax(-1), gap[graph, :, node].amax(-1))
