"""Who stands in a line-up: trained networks, exact ones of many forms, rivals, untrained ones and a cheat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..compiler.passes import compile_program
from ..errors import NotFoundError, Refusal
from ..measures.distance import UNTRAINED
from ..measures.foreign import ForeignSubject
from ..measures.routing import selections_at_nodes
from ..measures.subject import NetworkSubject
from ..nets.network import Network
from .impostors import Memoriser, Spread
from .realisations import orbit
from .rivals import tie_variants
from .seeds import learn_many

if TYPE_CHECKING:
    from ..lang.program import Program
    from ..measures.subject import Measured
    from ..semantics.trace import Trace
    from ..tasks.task import Task
    from ..training.settings import TrainingSettings
    from .measurement import MeasurePlan
    from .verification import Watch

TRAINED, EXACT, RIVAL, FLOOR, CHEAT = ROLES = ("trained", "exact", "rival", "untrained", "cheat")
"""What a suspect is known to be; of trained networks it is the question."""


@dataclass(frozen=True)
class Suspect:
    """One column of a line-up.

    Attributes:
        name: at its head.
        role: one of ``ROLES``.
        what: it is, in words.
        subjects: the networks behind it; of several, the worst counts of exact ones, and the mean of others.
    """

    name: str
    role: str
    what: str
    subjects: tuple[Measured, ...]


def train_suspects(
    task: Task, settings: TrainingSettings, seeds: Sequence[int], folder: Path, watch: Watch | None = None
) -> dict[str, Network]:
    """Networks of several seeds, trained or read from the checkpoints of a training that is done.

    Args:
        task: what they learn.
        settings: how; their seed is not used.
        seeds: of the networks.
        folder: where the checkpoints are.
        watch: told about progress.

    Raises:
        TrainingError: if the loss of one is no number any more.
        CheckpointError: if a checkpoint is of another training.
        KeyboardInterrupt: if training was interrupted.
    """
    runs = learn_many(task, settings, seeds, folder, watch)
    for run in runs:
        if run.error is not None:
            raise run.error
        if not run.done:
            raise KeyboardInterrupt
    return {f"seed {run.settings.seed}": run.network.requires_grad_(False) for run in runs}


def suspects(
    task: Task,
    trained: Mapping[str, Network],
    rivals: Sequence[Program],
    plan: MeasurePlan,
    exact: Trace,
) -> tuple[list[Suspect], dict[str, str]]:
    """Everybody who stands beside trained networks.

    Args:
        task: what they should compute.
        trained: networks by name, at least one; untrained ones have the shape of the first.
        rivals: other programs, compiled as they are.
        plan: how many untrained networks and exact realisations.
        exact: the interpreter's run on what is measured, with selections.

    Returns:
        The suspects in the order of their roles, and name of a column -> why it is missing.

    Raises:
        NotFoundError: if no network is given.
        Refusal: if the task's own program cannot be compiled.
    """
    if not trained:
        raise NotFoundError(
            f"line-up of {task.name}", "no trained network", "one or more", "train one, or give its file"
        )
    found = [Suspect(name, TRAINED, "a trained network", (network,)) for name, network in trained.items()]
    first = next(iter(trained.values()))
    found += _exact(task, first, plan, exact)
    missing = {}
    for rival in rivals:
        try:
            network = compile_program(rival).network
        except Refusal as error:
            missing[rival.name] = f"{error.faults[0].where}: {error.faults[0].given}"
        else:
            found.append(Suspect(rival.name, RIVAL, f"{rival.name}, compiled", (network,)))
    if plan.random:
        # No training starts from these seeds.
        start = UNTRAINED + plan.seed * plan.random
        floor = tuple(Network(first.config, seed=start + k) for k in range(plan.random))
        what = f"mean of {plan.random} networks with random weights, of the shape of {next(iter(trained))}"
        found.append(Suspect("untrained", FLOOR, what, floor))
    cheat = ForeignSubject(Memoriser(task.program, plan.seed), task.program)
    found.append(
        Suspect("lookup table", CHEAT, "right answers by heart, states that nothing reads", (cheat,))
    )
    return found, missing


def _exact(task: Task, like: Network, plan: MeasurePlan, exact: Trace) -> list[Suspect]:
    """Networks that compute the program, with all that its algorithm leaves free."""
    compiled = compile_program(task.program).network
    found = [Suspect("exact", EXACT, "the compiled program", (compiled,))]
    members = tuple(orbit(task, like, plan.orbit, plan.seed).values())
    if members:
        what = f"the worst of {len(members)} random exact realisations, row by row"
        found.append(Suspect("orbit", EXACT, what, members))
    for name, network in tie_variants(task.program).items():
        what = "compiled, with the opposite rule wherever several choices are equally good"
        found.append(Suspect(name, EXACT, what, (network,)))
    if selections_at_nodes(exact):
        what = "compiled, but its attention is spread over all choices that are equally good"
        subject = Spread(NetworkSubject(compiled, task.program), task.program)
        found.append(Suspect("spread ties", EXACT, what, (subject,)))
    return found
