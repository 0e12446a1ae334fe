"""One training of a study: trained, measured at every moment, kept in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...compiler.passes import CompileSettings, compile_program
from ...errors import TrainingError
from ...tasks.catalogue import load
from ...training.checkpoint import CHECKPOINT, resume
from ...training.loop import Company, train
from ...training.perturbation import confident, perturbed, softened
from ...training.run import Run
from ..distillation import DistillationPlan, distilled
from ..learning import begin, traces, validation
from ..measurement import MeasurePlan
from ..rivals import rivals
from ..store import write_json
from .measuring import Meter
from .plan import Cell, Study

if TYPE_CHECKING:
    from ...nets.network import Network
    from ...tasks.task import Task
    from ...training.settings import TrainingSettings

FAILED = "failed.json"
STEEPEST = 2.0**24
"""The largest slope of compiled networks that are trained: whole numbers up to it stay exact."""
NATURALS = 32
"""How many natural starts are kept: small networks, each for all amounts of noise."""
METERS = 8
"""How many tasks are kept ready for measurements."""


def measured_file(step: int) -> str:
    """The name of the file with the figures of a moment."""
    return f"measured-{step}.json"


def is_done(study: Study, cell: Cell, folder: Path) -> bool:
    """Whether a cell needs nothing more: all its moments are measured, or its training failed."""
    own = folder / cell.folder
    return (own / FAILED).exists() or all((own / measured_file(step)).exists() for step in study.moments)


def run_cell(study: Study, cell: Cell, folder: Path) -> bool:
    """Train and measure one cell, from its last checkpoint on.

    A training whose loss is no number any more is noted as failed; the study goes on without it.

    Args:
        study: that it belongs to.
        cell: which one.
        folder: of all cells of the study.

    Returns:
        Whether it came to its end; False if it was interrupted.

    Raises:
        KeyboardInterrupt: if it was interrupted before there was anything to keep.
        MechgapError: if the task cannot be measured, or the folder holds another training.
    """
    own = folder / cell.folder
    task, settings = load(cell.task), study.settings(cell)
    meter = _meter(cell.task, study.measured(cell))
    arm, origin = study.arm(cell.arm), _origin(study, cell, task)
    run = _start(study, cell, task, origin)

    def measure(network: Network, step: int) -> None:
        further = arm.exchanges and origin is None
        shown = _exchanged(task, settings, arm.exchanges, network) if further else network
        # Compiled weights are of so many sizes that a distance from them says nothing.
        beside = origin if arm.start == "natural" else None
        write_json(own / measured_file(step), meter.figures(shown, beside))

    if 0 in study.moments and not (own / measured_file(0)).exists():
        measure(run.network, 0)
    checkpoint = own / CHECKPOINT
    if checkpoint.exists():
        run = resume(checkpoint, run)
    validate = validation(task, settings)

    def validated(network: Network) -> Mapping[str, float]:
        if run.step in study.moments:
            measure(network, run.step)
        return validate(network)

    try:
        return train(run, traces(task, settings), Company(validated, checkpoint, False))
    except TrainingError as error:
        write_json(own / FAILED, {"step": run.step, "fault": vars(error.faults[0])})
        return True


def _origin(study: Study, cell: Cell, task: Task) -> Network | None:
    """The network that a cell starts from, before noise; None if it starts from random weights.

    A compiled one is softened, so that gradients are finite.
    """
    arm = study.arm(cell.arm)
    if arm.start == "random":
        return None
    if arm.start == "compiled":
        compiled = compile_program(task.program, CompileSettings(target=arm.target)).network
        return confident(softened(compiled, STEEPEST), arm.confidence)
    return _natural(cell.task, study.settings(cell), arm.exchanges)


@lru_cache(maxsize=NATURALS)
def _natural(name: str, settings: TrainingSettings, exchanges: int) -> Network:
    """A network that runs a task's algorithm in weights of its own; arms that differ in noise share it."""
    task = load(name)
    run = begin(task, settings)
    if not train(run, traces(task, settings), Company(progress=False)):
        raise KeyboardInterrupt  # a start that is half trained would be another one
    return _exchanged(task, settings, exchanges, run.network.cpu())


def _start(study: Study, cell: Cell, task: Task, origin: Network | None) -> Run:
    """The cell's run before its first step."""
    settings = study.settings(cell)
    if origin is None:
        return begin(task, settings)
    return begin(task, settings, perturbed(origin, study.arm(cell.arm).noise, (settings.seed,)))


def _exchanged(task: Task, settings: TrainingSettings, steps: int, network: Network) -> Network:
    """A copy of a network that was trained further on exchanges."""
    plan = DistillationPlan(steps=steps, nodes=max(settings.sizes), graphs=settings.batch, seed=settings.seed)
    return distilled(network, task, {p.name: p for p in rivals(task)}, plan)


@lru_cache(maxsize=METERS)
def _meter(task: str, plan: MeasurePlan) -> Meter:
    """What measures networks of a task; made once in a process."""
    return Meter(load(task), plan)
