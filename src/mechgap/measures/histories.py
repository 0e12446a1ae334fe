"""The runs of one program on the inputs that receive states and on those that give them."""

from __future__ import annotations

import torch
from torch import Tensor

from ..kinds.mask import MaskOne
from ..lang.location import Location
from ..lang.program import Program
from ..semantics.batch import Batch
from .admissible import Frame, SetMachine, first_true
from .plan import Sites


class History:
    """The runs of one program on the base and on the donor inputs, frame by frame.

    Args:
        program: whose runs they are.
        base, donor: the inputs [P] that receive states, and those that give them.
        lengths: [P], frames of the base runs.
        frames: how many frames to keep.

    Attributes:
        nodes: [P, N], which rows are nodes.
        base, donor: the frames, [T, P, …].
        factual: the outputs of the base runs.
    """

    def __init__(self, program: Program, base: Batch, donor: Batch, lengths: Tensor, frames: int) -> None:
        self.program = program
        self.nodes = base.nodes
        self.base = SetMachine(program, base).run(frames)
        self.donor = SetMachine(program, donor).run(frames)
        last = lengths - 1
        rows = torch.arange(len(base))
        ended = self.base.map(lambda _, value: value[last, rows])
        self.factual = SetMachine(program, base).answers(ended)

    def differs(self) -> Tensor:
        """[T, P, N], where the states of a node differ."""
        found = self._nowhere()
        for variable in self.program.state:
            if variable.location is Location.NODE:
                found = found | (self.base.values[variable.name] != self.donor.values[variable.name])
        return found

    def fits(self) -> Tensor:
        """[T, P, N], where an exchange leaves a well-formed state.

        A mask_one must keep exactly one node, and what a program keeps for a graph must be the
        same in both runs, since a network can only keep it at nodes.
        """
        fit = ~self._nowhere()
        for variable in self.program.state:
            same = self.base.values[variable.name] == self.donor.values[variable.name]
            if variable.location is Location.GRAPH:
                fit = fit & same[..., None]
            elif isinstance(variable.kind, MaskOne):
                fit = fit & same
        return fit

    def _nowhere(self) -> Tensor:
        """[T, P, N], false."""
        frames = len(next(iter(self.base.values.values())))
        return torch.zeros(frames, *self.nodes.shape, dtype=torch.bool)

    def exchanged(self, sites: Sites, givers: Tensor | None = None) -> Frame:
        """The frames [R] in which the exchange has just been made.

        Args:
            sites: where.
            givers: [R], the pairs whose donors give the states; by default those of the sites.
        """
        givers = sites.pair if givers is None else givers
        rows = torch.arange(len(sites.node))
        local = {v.name for v in self.program.state if v.location is Location.NODE}

        def change(name: str, base: Tensor, donor: Tensor) -> Tensor:
            value = base[sites.step, sites.pair].clone()
            if name in local:
                value[rows, sites.node] = donor[sites.step, givers, sites.node]
            return value

        return self.base.join(self.donor, change)


def steps_to_halt(machine: SetMachine, frame: Frame, limit: int) -> Tensor:
    """[R], after how many steps each run halts; `limit` if it does not by then."""
    halts = [machine.halted(frame)]
    done = halts[0]
    while not bool(done.all()) and len(halts) < limit:
        frame = machine.step(frame)
        halts.append(machine.halted(frame))
        done = done | halts[-1]
    steps = first_true(torch.stack(halts))
    return torch.where(done, steps, limit)
