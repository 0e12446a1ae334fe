"""A training run between two steps: all that its future depends on, and one step of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..errors import TrainingError
from ..lang.program import Interface
from ..nets.network import Network
from ..semantics.trace import Trace
from .objective import losses
from .settings import TrainingSettings


@dataclass(frozen=True)
class Entry:
    """What was noted at a validation.

    Attributes:
        step: how many steps were done.
        losses: terms of the loss of the last of them.
        scores: what the validation found.
    """

    step: int
    losses: Mapping[str, float]
    scores: Mapping[str, float]


@dataclass
class Run:
    """A training run.

    Its data and whatever it draws depend on the seed and the number of the step alone, so that
    there is no state of a random generator to keep.

    Attributes:
        network: what is trained.
        settings: how.
        optimiser: Adam, with its moments.
        step: how many steps were done.
        history: what was noted at validations.
        error: why it stopped for good, if it did beside other runs that went on.
    """

    network: Network
    settings: TrainingSettings
    optimiser: torch.optim.Adam
    step: int = 0
    history: list[Entry] = field(default_factory=list)
    error: TrainingError | None = None

    @classmethod
    def start(cls, interface: Interface, settings: TrainingSettings) -> Run:
        """A run of a new network for the ports of a program."""
        return cls.of(Network(settings.network(interface), settings.seed), settings)

    @classmethod
    def of(cls, network: Network, settings: TrainingSettings) -> Run:
        """A run of a network that is given, of any shape and weights."""
        weights = [weight for _, weight in sorted(network.named_parameters())]
        return cls(network, settings, torch.optim.Adam(weights, settings.learning_rate, fused=True))

    @property
    def done(self) -> bool:
        """Whether all steps are done."""
        return self.step >= self.settings.steps

    def advance(self, trace: Trace) -> dict[str, float]:
        """Do one step.

        Returns:
            The terms of the loss before it, by name.

        Raises:
            TrainingError: if the loss or its gradient is no number; the weights stay as they were.
        """
        self.optimiser.zero_grad()
        terms = losses(self.network, trace, self.settings.soft, self.forced(trace))
        if self.settings.l1:
            sizes = [weight.abs().sum() for weight in self.network.parameters()]
            terms["l1"] = self.settings.l1 * torch.stack(sizes).sum()
        total = torch.stack(list(terms.values()))
        values = dict(zip(terms, total.tolist(), strict=True))
        self.check(values)
        torch.autograd.backward(total.sum())
        for weight in self.network.parameters():
            if weight.grad is None:  # of hints, where every run of the batch ends at once
                weight.grad = torch.zeros_like(weight)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        self.check({"gradient": norm.item()})
        self.optimiser.step()
        self.step += 1
        return values

    def forced(self, trace: Trace) -> Tensor | None:
        """At which frames each graph of this step's trace reads the true hints: [T, B], or None for never."""
        chance = self.settings.teacher_forcing
        if chance == 0.0:
            return None
        generator = torch.Generator().manual_seed(self.settings.seed << 32 | self.step)
        draws = torch.rand(trace.frames, len(trace.batch), generator=generator)
        return (draws < chance).to(trace.lengths.device)

    def check(self, values: Mapping[str, float]) -> None:
        """Look whether terms of the loss, and the norm "gradient", are numbers.

        Raises:
            TrainingError: if one is none.
        """
        for name, value in values.items():
            if not math.isfinite(value):
                what = name if name in ("l1", "gradient") else f"loss of {name}"
                raise TrainingError(
                    f"training, step {self.step}, {what}",
                    f"{value} at learning rate {self.settings.learning_rate:g}, clip {self.settings.clip:g}",
                    "a finite number",
                    "lower learning_rate (a third is a good try) or clip, and train again; "
                    "if it happens at step 0, look for inputs that are not finite",
                )
