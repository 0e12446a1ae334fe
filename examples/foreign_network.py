"""A network from outside: a small one in plain PyTorch, trained by its own loop, measured at all gates.

Run it with ``python examples/foreign_network.py``; it takes about a minute on one processor core.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor, nn

from mechgap import Setting, interpret, load_task, measure
from mechgap.measures.floors import References
from mechgap.measures.foreign import AbstractSteps, ForeignSubject, Vectors
from mechgap.measures.panel import Panel
from mechgap.semantics.batch import Batch
from mechgap.semantics.trace import Trace

TASK = load_task("bfs")
RIVALS = tuple(load_task(name).program for name in ("bfs_distance", "bfs_frontier"))
NODES, CHANCE = 12, (0.35, 0.4, 0.45)


class Messenger(nn.Module):
    """Nodes attend their neighbours and keep what they hear in a gated recurrent unit."""

    def __init__(self, hidden: int = 32, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.read = nn.Linear(2, hidden)
        self.send = nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, hidden, bias=False)
        self.cell = nn.GRUCell(2 * hidden, hidden)
        self.reach = nn.Linear(hidden, 1)
        self.asks, self.answers = nn.Linear(2 * hidden, hidden), nn.Linear(2 * hidden, hidden)

    def inputs(self, batch: Batch) -> Tensor:
        """What every node is told: whether it is the source, and its place in the order."""
        return self.read(torch.stack([batch.values["s"].float(), batch.values["pos"].float()], -1))

    def forward(self, batch: Batch, h: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [B, N, H] of the next frame, and attention [B, 1, N, N] as (receiver, sender)."""
        joined = (batch.values["adj"] | torch.eye(batch.width, dtype=torch.bool)).transpose(1, 2)
        logits = (self.score(h) @ h.transpose(1, 2)).masked_fill(~joined, float("-inf"))
        attention = logits.softmax(-1)
        heard = torch.cat([self.inputs(batch), attention @ self.send(h).relu()], -1)
        return self.cell(heard.flatten(0, 1), h.flatten(0, 1)).view_as(h), attention[:, None]

    def logits(self, batch: Batch, h: Tensor) -> tuple[Tensor, Tensor]:
        """Of being reached [B, N], and of every node as the parent [B, N, N]."""
        x = torch.cat([self.inputs(batch), h], -1)
        joined = batch.values["adj"].transpose(1, 2) | torch.eye(batch.width, dtype=torch.bool)
        pointers = (self.asks(x) @ self.answers(x).transpose(1, 2)).masked_fill(~joined, -1e4)
        return self.reach(h)[..., 0], pointers


class MessengerSteps(AbstractSteps[Vectors]):
    """The network as measures want it: a first state, a step, and what is read off a state."""

    def __init__(self, network: Messenger) -> None:
        self.network = network

    def start(self, batch: Batch) -> Vectors:
        return Vectors(self.network.inputs(batch).tanh())

    def step(self, batch: Batch, state: Vectors) -> Vectors:
        return Vectors(*self.network(batch, state.nodes))

    def hints(self, batch: Batch, state: Vectors) -> dict[str, Tensor]:
        reach, pointers = self.network.logits(batch, state.nodes)
        return {"reach_h": reach > 0, "pi_h": pointers.argmax(-1)}

    def outputs(self, batch: Batch, state: Vectors) -> dict[str, Tensor]:
        return {"pi": self.hints(batch, state)["pi_h"]}

    def nodes(self, state: Vectors) -> Tensor:
        return state.nodes

    def with_nodes(self, state: Vectors, vectors: Tensor) -> Vectors:
        return Vectors(vectors, state.weights)

    def attention(self, state: Vectors) -> Tensor | None:
        return state.weights


def loss(steps: MessengerSteps, trace: Trace) -> Tensor:
    """How far all frames of a run are from the algorithm's."""
    state, terms = steps.start(trace.batch), []
    for frame in range(trace.frames):
        state = steps.step(trace.batch, state) if frame else state
        reach, pointers = steps.network.logits(trace.batch, state.nodes)
        live = trace.live[frame][:, None].float()
        reached, parent = trace.values["reach_h"][frame], trace.values["pi_h"][frame]
        wrong = nn.functional.binary_cross_entropy_with_logits(reach, reached.float(), reduction="none")
        wrong = wrong + nn.functional.cross_entropy(pointers.transpose(1, 2), parent, reduction="none")
        terms.append((wrong * live).sum() / (live.sum() * trace.batch.width).clamp(min=1))
    return torch.stack(terms).sum()


def train(network: Messenger, steps: int, seed: int = 0) -> None:
    """Any loop will do: this one has nothing of mechgap but graphs and the algorithm's runs."""
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    for step in range(steps):
        batch = TASK.sample(seed * 10**6 + step + 1, NODES, 32, p=list(CHANCE))
        optimiser.zero_grad()
        loss(MessengerSteps(network), interpret(TASK.program, batch)).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()


def subject(network: Messenger) -> ForeignSubject:
    """The network, ready to be measured."""
    return ForeignSubject(MessengerSteps(network), TASK.program)


def main(steps: int = 800, graphs: int = 48) -> Panel:
    """Train, measure, and print what was found."""
    network = Messenger()
    train(network, steps)
    setting = Setting(
        program=TASK.program,
        batch=TASK.sample(0, NODES, graphs, p=list(CHANCE)),
        rivals=RIVALS,
        valid=TASK.valid,
    )
    references = References(random=2, untrained=lambda seed: subject(Messenger(seed=seed)))
    panel = measure(subject(network), setting, references)
    for name, row in panel.rows.items():
        untrained = "" if row.random is None else f", untrained {row.random.value:.3f}"
        print(f"{name}: {row.score.value:.3f} [{row.score.low:.3f}, {row.score.high:.3f}]{untrained}")
    print(f"verdict: {panel.verdict.summary}")
    return panel


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*(int(argument) for argument in sys.argv[1:]))
