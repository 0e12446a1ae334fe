"""Subjects that answer rightly for other reasons, and one that attends otherwise: what controls need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from ..measures.foreign import AbstractSteps, Values
from ..measures.routing import selections_at_nodes
from ..measures.subject import AbstractSubject, Graft
from ..semantics.interpreter import interpret

if TYPE_CHECKING:
    from torch import Tensor

    from ..lang.program import Program
    from ..semantics.batch import Batch
    from ..semantics.trace import Trace

WIDTH = 8
"""Of the vectors of a memoriser."""


@dataclass(frozen=True)
class Page:
    """A frame of a run that was looked up.

    Attributes:
        run: the whole run.
        frame: which frame of it.
        nodes: [B, N, H], vectors that nothing reads.
    """

    run: Trace
    frame: int
    nodes: Tensor


class Memoriser(AbstractSteps[Page]):
    """Knows all runs of a program by heart: right answers and hints, even attention, and idle vectors.

    Its vectors are noise that says nothing of the run, and no answer depends on them.

    Args:
        program: whose runs it looks up.
        seed: of the noise.
    """

    def __init__(self, program: Program, seed: int = 0) -> None:
        self.program = program
        self.seed = seed

    def start(self, batch: Batch) -> Page:
        return Page(interpret(self.program, batch), 0, self._noise(batch, 0))

    def step(self, batch: Batch, state: Page) -> Page:
        return Page(state.run, state.frame + 1, self._noise(batch, state.frame + 1))

    def hints(self, batch: Batch, state: Page) -> Values:
        frame = min(state.frame, state.run.frames - 1)
        return {v.name: state.run.values[v.name][frame] for v in self.program.hints}

    def outputs(self, batch: Batch, state: Page) -> Values:
        return state.run.outputs

    def nodes(self, state: Page) -> Tensor:
        return state.nodes

    def with_nodes(self, state: Page, vectors: Tensor) -> Page:
        return replace(state, nodes=vectors)

    def attention(self, state: Page) -> Tensor:
        """The same weight for every node of the graph."""
        nodes = state.run.batch.nodes
        share = nodes / nodes.sum(1, keepdim=True)
        return share[:, None, None, :].expand(-1, 1, nodes.shape[1], -1)

    def _noise(self, batch: Batch, frame: int) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed * 1000 + frame)
        return torch.randn(len(batch), batch.width, WIDTH, generator=generator)


class Spread(AbstractSubject):
    """Another subject whose attention is spread evenly over all choices that a program admits.

    Args:
        subject: runs.
        program: says what is admissible; rows in which it chooses nothing attend all nodes.
    """

    def __init__(self, subject: AbstractSubject, program: Program) -> None:
        self.subject = subject
        self.program = program

    def run(
        self, batch: Batch, lengths: Tensor, *, graft: Graft | None = None, attention: bool = False
    ) -> Trace:
        trace = self.subject.run(batch, lengths, graft=graft)
        if not attention:
            return trace
        exact = interpret(self.program, batch, selections=True)
        spread = []
        for selection in selections_at_nodes(exact).values():
            sets = selection.admissible[: trace.frames - 1]
            allowed = torch.where(sets.any(-1, keepdim=True), sets, batch.nodes[None, :, None, :])
            spread.append(allowed / allowed.sum(-1, keepdim=True))
        return replace(trace, attention=(torch.stack(spread, 2),))
