"""Trains a network until exchanged states act as a program says: its algorithm in weights of its own.

The loss is that of interchange interventions (A. Geiger et al. 2022), beside that of plain runs.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..lang.program import Program
from ..measures.donors import draw_pairs
from ..measures.swaps import plan_swaps
from ..semantics.interpreter import interpret
from ..training.objective import losses
from .families import sparse_chance
from .mixture import Moment, NetworkSteps

if TYPE_CHECKING:
    from torch import Tensor

    from ..measures.plan import Plan
    from ..nets.network import Network
    from ..semantics.batch import Batch
    from ..tasks.task import Task


@dataclass(frozen=True)
class DistillationPlan:
    """How a network is distilled.

    Attributes:
        steps: of Adam.
        nodes, graphs: of the graphs of a step.
        swaps: exchanges in each graph.
        learning_rate: at the start; it falls to a tenth.
        seed: of everything that is drawn.
    """

    steps: int = 80
    nodes: int = 10
    graphs: int = 16
    swaps: int = 2
    learning_rate: float = 5e-3
    seed: int = 0


def distilled(network: Network, task: Task, rivals: Mapping[str, Program], plan: DistillationPlan) -> Network:
    """A copy of a network, trained on exchanges until it acts as a task's program.

    Args:
        network: a trained one, of any family and on any device; stays as it is. Exchanges are done on the
            processor, and the copy goes back to the device.
        task: whose program it shall run.
        rivals: programs from which it shall be told: exchanges are drawn where they differ.
        plan: how.
    """
    found = copy.deepcopy(network).cpu().requires_grad_(True)
    optimiser = torch.optim.Adam(found.parameters(), plan.learning_rate)
    fall = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.1 ** (1 / max(1, plan.steps)))
    programs = {task.program.name: task.program, **rivals}
    steps = NetworkSteps(found, task.program)
    for step in range(plan.steps):
        seed = (plan.seed << 20) + step
        batch = task.sample(seed, plan.nodes, plan.graphs, p=sparse_chance(task, plan.nodes))
        pairs = draw_pairs(task.program.interface, batch, donors=1, seed=seed)
        swaps = plan_swaps(programs, pairs, swaps=plan.swaps, seed=seed)
        plain = losses(found, interpret(task.program, batch))
        total = torch.stack([*plain.values(), _exchange_loss(steps, swaps, task.program)]).sum()
        optimiser.zero_grad()
        torch.autograd.backward(total)
        torch.nn.utils.clip_grad_norm_(found.parameters(), 1.0)
        optimiser.step()
        fall.step()
    return found.requires_grad_(False).to(network.device)


def _exchange_loss(steps: NetworkSteps, plan: Plan, program: Program) -> Tensor:
    """The loss of the outputs after every exchange, at places that an exchange does not touch."""
    sites, batch = plan.sites, plan.batch
    donors = _states(steps, plan.pairs.donor, int(plan.donor_lengths.max()))
    vectors = torch.stack([steps.nodes(state) for state in donors])[sites.step, sites.pair, sites.node]
    state, last, logits = steps.start(batch), plan.lengths - 1, dict[str, torch.Tensor]()
    for frame in range(int(last.max()) + 1):
        state = steps.step(batch, state) if frame else state
        here = (sites.step == frame)[:, None] & (torch.arange(batch.width) == sites.node[:, None])
        nodes = torch.where(here[..., None], vectors[:, None], steps.nodes(state))
        state = steps.with_nodes(state, nodes)
        for name, value in steps.logits(state, hints=False).items():
            ends = (last == frame).reshape(-1, *[1] * (value.dim() - 1))
            logits[name] = torch.where(ends, value, logits.get(name, value))
    truth = plan.predictions[program.name].swapped
    cells = {
        port.name: port.kind.loss(logits[port.name], truth[port.name].value, batch.nodes)
        for port in program.interface.outputs
    }
    return torch.where(plan.judged, plan.cells(cells), 0.0).sum() / plan.judged.sum()


def _states(steps: NetworkSteps, batch: Batch, frames: int) -> list[Moment]:
    """The states of frame 0, 1, …"""
    found = [steps.start(batch)]
    while len(found) < frames:
        found.append(steps.step(batch, found[-1]))
    return found
