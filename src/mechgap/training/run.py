"""A training run between two steps: all that its future depends on, and one step of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..errors import TrainingError
from ..lang.program import Interface, Port
from ..nets.device import device_of
from ..nets.network import Network
from ..semantics.trace import Trace
from .internals import Internals
from .objective import Aims, losses
from .settings import TrainingSettings

SCORE = "valid"
"""The score of validations that decides whether a run ends early."""


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
        internals: readouts of internal variables, which are trained too and are no part of the network.
        origin: says which network it began with, if that was given; empty for a new one.
        step: how many steps were done.
        history: what was noted at validations.
        error: why it stopped for good, if it did beside other runs that went on.
    """

    network: Network
    settings: TrainingSettings
    optimiser: torch.optim.Adam
    internals: Internals
    origin: str = ""
    step: int = 0
    history: list[Entry] = field(default_factory=list)
    error: TrainingError | None = None

    @classmethod
    def start(cls, interface: Interface, settings: TrainingSettings, internals: Sequence[Port] = ()) -> Run:
        """A run of a new network for the ports of a program.

        Args:
            interface: the ports.
            settings: how it is trained, and the shape of the network.
            internals: variables that are read out if ``settings.internal`` is not 0 (``internal_ports``).

        Raises:
            TrainingError: if internal variables are to be supervised and there are none.
            NotFoundError: if the device of the settings is not there.
        """
        return cls.of(Network(settings.network(interface), settings.seed), settings, internals)

    @classmethod
    def of(
        cls, network: Network, settings: TrainingSettings, internals: Sequence[Port] = (), origin: str = ""
    ) -> Run:
        """A run of a network that is given, of any shape and weights; all of them are trained.

        Args:
            network: is changed by the run, and goes to the device of the settings.
            settings: how it is trained; what they say of shapes does not count.
            internals: as for ``start``.
            origin: as the attribute.

        Raises:
            TrainingError: if internal variables are to be supervised and there are none.
            NotFoundError: if the device of the settings is not there.
        """
        if settings.internal and not internals:
            raise TrainingError(
                "training settings, internal",
                f"internal = {settings.internal:g} without internal variables",
                "a program with state variables at nodes that are internal and no pointers",
                "leave internal at 0",
            )
        network.requires_grad_(True).to(device_of(settings.device))
        ports = internals if settings.internal else ()
        readouts = Internals(ports, network.config.hidden, settings.seed).to(network.device, network.dtype)
        weights = [weight for module in (network, readouts) for _, weight in _sorted(module)]
        optimiser = torch.optim.Adam(weights, settings.learning_rate, fused=True)
        return cls(network, settings, optimiser, readouts, origin)

    @property
    def done(self) -> bool:
        """Whether all steps are done, or validations have not become better for long enough."""
        return self.step >= self.settings.steps or self._tired()

    def weights(self) -> Iterator[tuple[str, nn.Parameter]]:
        """All that is trained, by name; readouts of internal variables as "internal.<name>"."""
        yield from self.network.named_parameters()
        for name, weight in self.internals.named_parameters():
            yield f"internal.{name}", weight

    def advance(self, trace: Trace) -> dict[str, float]:
        """Do one step, on a trace from whatever device.

        Returns:
            The terms of the loss before it, by name.

        Raises:
            TrainingError: if the loss or its gradient is no number; the weights stay as they were.
        """
        self.optimiser.zero_grad()
        if trace.lengths.device != self.network.device:
            trace = trace.to(self.network.device)
        terms = losses(self.network, trace, self.settings.soft, self.forced(trace), self._aims())
        if self.settings.l1:
            sizes = [weight.abs().sum() for weight in self.network.parameters()]
            terms["l1"] = self.settings.l1 * torch.stack(sizes).sum()
        total = torch.stack(list(terms.values()))
        values = dict(zip(terms, total.tolist(), strict=True))
        self.check(values)
        torch.autograd.backward(total.sum())
        trained = [weight for _, weight in self.weights()]
        for weight in trained:
            if weight.grad is None:  # of hints, where every run of the batch ends at once
                weight.grad = torch.zeros_like(weight)
        self.check({"gradient": self._clipped(trained)})
        self._update(trained)
        self.step += 1
        return values

    def _clipped(self, trained: list[nn.Parameter]) -> float:
        """Clip the gradient; its norm or its sum, which is no number if some part is none."""
        if self.settings.clip_by == "norm":
            return torch.nn.utils.clip_grad_norm_(trained, self.settings.clip).item()
        torch.nn.utils.clip_grad_value_(trained, self.settings.clip)
        found = [weight.grad.sum() for weight in trained if weight.grad is not None]
        return torch.stack(found).sum().item()

    def _update(self, trained: list[nn.Parameter]) -> None:
        """One step of Adam, with decay that is apart from the gradient."""
        rate = self.settings.rate(self.step)
        if self.settings.weight_decay:
            with torch.no_grad():
                for weight in trained:
                    weight.mul_(1 - rate * self.settings.weight_decay)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()

    def _aims(self) -> Aims:
        settings = self.settings
        return Aims(
            hints=settings.hints != "none",
            attention=settings.attention,
            heads=settings.attention_heads,
            internal=settings.internal,
            internals=self.internals,
            truncate=settings.truncate,
        )

    def _tired(self) -> bool:
        """Whether the last validations, as many as the patience, were no better than one before."""
        scores = [entry.scores[SCORE] for entry in self.history if SCORE in entry.scores]
        if not self.settings.patience or not scores:
            return False
        return len(scores) - 1 - scores.index(max(scores)) >= self.settings.patience

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
                    "if it happens at step 0, look for inputs that are not finite; of a compiled network "
                    "set clip_by to value, and train one that is softened",
                )


def _sorted(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return sorted(module.named_parameters())
