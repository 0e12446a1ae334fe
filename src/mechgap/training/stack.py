"""Many runs of one configuration and different seeds, advanced together with stacked weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..errors import TrainingError
from ..semantics.trace import Trace
from .checkpoint import MOMENTS
from .lessons import Lessons, lesson_losses
from .run import Run

FREE = ("seed", "steps", "validate_every", "checkpoint_every")
"""Settings in which the runs of a stack may differ."""


HINT = "hint "
"""With what the names of the terms of hints begin."""


def obstacle(run: Run) -> str:
    """What of a run cannot be done side by side; empty if all can."""
    settings = run.settings
    parts = {
        "attention supervision": bool(settings.attention),
        "supervision of internal variables": bool(settings.internal),
        "truncated gradients": bool(settings.truncate),
        "a network that halts by itself": run.network.config.halting,
    }
    return ", ".join(name for name, there in parts.items() if there)


class Stack:
    """Runs that learn side by side; each stays the run that it would be alone.

    Weights and moments of all runs stand in one tensor for each name, of which those of a run are a
    part: a run can be validated, saved and gone on with alone at any time between two steps. A run whose
    loss is no number leaves the stack, with its weights as they were and its ``error`` set.

    Args:
        runs: of one network shape and the same settings but for the seed, all after the same step.

    Attributes:
        runs: those that go on.

    Raises:
        TrainingError: if the runs do not go together.
    """

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs = list(runs)
        _check_together(self.runs)
        self._weights: dict[str, Tensor] = {}
        self._counters: list[Tensor] = []
        self._optimiser = self._gathered()

    def advance(self, traces: Sequence[Trace]) -> list[dict[str, float] | None]:
        """Do one step of every run.

        Args:
            traces: one for each of ``runs``, in order.

        Returns:
            For each run that was in the stack the terms of its loss by name, None if it has left it.

        Raises:
            TrainingError: if the traces are not of one size.
        """
        runs, first = self.runs, self.runs[0]
        self._optimiser.zero_grad()
        lessons = Lessons.of(
            first.network, traces, [run.forced(trace) for run, trace in zip(runs, traces, strict=True)]
        )
        terms = lesson_losses(first.network, self._weights, lessons, first.settings.soft)
        if first.settings.hints == "none":
            terms = {name: value for name, value in terms.items() if not name.startswith(HINT)}
        if first.settings.l1:
            sizes = [weight.abs().flatten(1).sum(1) for weight in self._weights.values()]
            terms["l1"] = first.settings.l1 * torch.stack(sizes).sum(0)
        total = torch.stack(list(terms.values()))
        torch.autograd.backward(total.sum())
        for weight in self._weights.values():
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        norms = self._clipped()
        found: list[dict[str, float] | None] = []
        for run, values, norm in zip(runs, total.T.tolist(), norms.tolist(), strict=True):
            named = dict(zip(terms, values, strict=True))
            run.error = _failure(run, {**named, "gradient": norm})
            found.append(None if run.error else named)
        if any(run.error for run in runs):
            self._leave([place for place, run in enumerate(runs) if not run.error])
        if self.runs:
            self._update()
        for run in self.runs:
            run.step += 1
        return found

    def _clipped(self) -> Tensor:
        """Clip the gradient of each run as its settings say; the norms before, [S]."""
        settings = self.runs[0].settings
        gradients = [weight.grad for weight in self._weights.values() if weight.grad is not None]
        norms: Tensor = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in gradients]).norm(dim=0)
        if settings.clip_by == "value":
            torch._foreach_clamp_min_(gradients, -settings.clip)
            torch._foreach_clamp_max_(gradients, settings.clip)
            return norms
        factor = (settings.clip / (norms + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor.reshape(-1, *[1] * (gradient.dim() - 1)))
        return norms

    def _update(self) -> None:
        """One step of Adam, with decay that is apart from the gradient."""
        settings = self.runs[0].settings
        rate = settings.rate(self.runs[0].step)
        if settings.weight_decay:
            with torch.no_grad():
                for weight in self._weights.values():
                    weight.mul_(1 - rate * settings.weight_decay)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()
        torch._foreach_add_(self._counters, 1)

    def _leave(self, left: list[int]) -> None:
        """Go on with some of the runs only, which keep their gradients."""
        gradients = {name: weight.grad for name, weight in self._weights.items()}
        self.runs = [self.runs[place] for place in left]
        if not self.runs:
            return
        self._optimiser = self._gathered()
        for name, weight in self._weights.items():
            gradient = gradients[name]
            weight.grad = None if gradient is None else gradient[left]

    def _gathered(self) -> torch.optim.Adam:
        """Put weights and moments of the runs into common tensors, and let the runs share them."""
        named = [dict(run.network.named_parameters()) for run in self.runs]
        names = sorted(named[0])
        self._weights = {
            name: torch.stack([own[name].detach() for own in named]).requires_grad_() for name in names
        }
        self._counters = []
        settings = self.runs[0].settings
        optimiser = torch.optim.Adam(self._weights.values(), settings.learning_rate, fused=True)
        for name, weight in self._weights.items():
            moments = [_moments(run, own[name]) for run, own in zip(self.runs, named, strict=True)]
            state = {key: torch.stack([given[key] for given in moments]) for key in MOMENTS[1:]}
            state["step"] = moments[0]["step"].clone()
            optimiser.state[weight] = state
            for place, (run, own) in enumerate(zip(self.runs, named, strict=True)):
                own[name].data = weight.detach()[place]
                shared = {key: state[key][place] for key in MOMENTS[1:]}
                counter = state["step"].clone()
                self._counters.append(counter)
                run.optimiser.state[own[name]] = {"step": counter, **shared}
        return optimiser


def _moments(run: Run, weight: Tensor) -> dict[str, Tensor]:
    """What Adam knows of a weight; zeros before the first step."""
    known: dict[str, Any] = run.optimiser.state.get(weight, {})
    if known:
        return known
    zero = torch.zeros((), dtype=torch.float32, device=weight.device)
    return {"step": zero, **{key: torch.zeros_like(weight) for key in MOMENTS[1:]}}


def _failure(run: Run, values: dict[str, float]) -> TrainingError | None:
    try:
        run.check(values)
    except TrainingError as error:
        return error
    return None


def _check_together(runs: Sequence[Run]) -> None:
    def identity(run: Run) -> dict[str, Any]:
        settings = {name: value for name, value in run.settings.to_json().items() if name not in FREE}
        rate = run.settings.rate(run.step), run.settings.rate(run.step + 1)
        return {"step": run.step, **settings, "rate": rate, "network": run.network.config.to_json()}

    wanted = identity(runs[0]) if runs else {}
    for run in runs:
        for name, value in identity(run).items():
            if value != wanted[name]:
                raise TrainingError(
                    f"runs that are trained side by side, {name}",
                    f"{value} at seed {run.settings.seed}, {wanted[name]} at seed {runs[0].settings.seed}"[
                        :300
                    ],
                    "the same for all seeds",
                    "train these runs one after the other",
                )
    missing = obstacle(runs[0]) if runs else ""
    if missing:
        raise TrainingError(
            "runs that are trained side by side",
            missing,
            "what stacked weights can do",
            "train these runs one after the other",
        )
    if not runs:
        raise TrainingError("runs that are trained side by side", "none", "one or more", "give some seeds")
