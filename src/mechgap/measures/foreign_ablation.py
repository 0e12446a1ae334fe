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
from .ablation import LEAST, Rows, at_node, effect_scores
from .foreign import ForeignSubject, Values
from .plan import rank_within
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
    effects, tried = torch.zeros(rows.admissible.shape), False
    with torch.no_grad():
        state = subject.steps.start(batch)
        for step in range(int(rows.step.max()) + 1):
            removal = _Removal(subject, batch, state)
            for some in _one_of_each_graph(rows, step):
                heard, found = removal.effects(rows.graph[some], rows.node[some])
                effects[some], tried = found, tried or heard
            state = removal.after
    return effect_scores(effects, exact, rows) if tried else {}


def _one_of_each_graph(rows: Rows, step: int) -> Iterator[Int64[Tensor, " K"]]:
    """The rows of a step in parts that have no two of one graph."""
    here = (rows.step == step).nonzero()[:, 0]
    if not len(here):
        return
    rank = rank_within(rows.graph[here], here)
    for number in range(int(rank.max()) + 1):
        yield here[rank == number]


class _Removal(Generic[State]):
    """Lets a network do one step without some senders, and compares what it decodes.

    Args:
        subject: the network.
        batch: the graphs.
        before: the state from which the step goes.

    Attributes:
        after: the state that it leads to if nobody is removed.
    """

    def __init__(self, subject: ForeignSubject[State], batch: Batch, before: State) -> None:
        self.steps, self.batch, self.before = subject.steps, batch, before
        self.after = self.steps.step(batch, before)
        self._heard = self.steps.heard(batch, before)
        self._plain = self._decoded(self.after)
        interface = subject.program.interface
        self._ports = [
            port
            for port in (*interface.hints, *interface.outputs)
            if port.name in self._plain and port.location is not Location.GRAPH
        ]

    def effects(
        self, graph: Int64[Tensor, " K"], node: Int64[Tensor, " K"]
    ) -> tuple[bool, Float[Tensor, "K N"]]:
        """The effect of each sender on a node of each of some graphs.

        Returns:
            Whether there was anyone to remove, and the effects; 0 where the node does not hear a sender, or
            hears nobody else.
        """
        heard = self._heard[graph, :, node]
        heard = heard & (heard.sum(-1, keepdim=True) > 1)
        found = torch.zeros(heard.shape)
        for sender in heard.any(0).nonzero()[:, 0].tolist() if self._ports else ():
            removed = self._pairs(graph, node, sender, heard[:, sender])
            changed = self._decoded(self.steps.step_without(self.batch, self.before, removed))
            sizes = [
                at_node(_change(port, self._plain[port.name], changed[port.name]), port, graph, node)
                for port in self._ports
            ]
            found[:, sender] = torch.stack(sizes).amax(0) * heard[:, sender]
        return bool(heard.any()) and bool(self._ports), torch.where(found > LEAST, found, 0.0)

    def _pairs(self, graph: Tensor, node: Tensor, sender: int, rows: Tensor) -> Bool[Tensor, "B N N"]:
        """The pairs (sender, node) of those rows."""
        removed = torch.zeros_like(self.batch.pairs)
        removed[graph[rows], sender, node[rows]] = True
        return removed

    def _decoded(self, state: State) -> Values:
        return self.steps.hints(self.batch, state) or self.steps.outputs(self.batch, state)


def _change(port: Port, plain: Tensor, changed: Tensor) -> Tensor:
    """How far two values are apart, at all places."""
    if isinstance(port.kind, Scalar):
        return (plain - changed).abs().clamp(max=1.0).nan_to_num(1.0).float()
    return (plain != changed).float()
