"""Compares runs with recorded traces: every hint at every step, halting times and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import Fault, FileFormatError, NotFoundError, Refusal
from ..interop.golden import read_trace
from ..lang.program import Port, Program
from ..semantics.inputs import places
from ..tasks.catalogue import NAMES, load
from ..tasks.task import Task

if TYPE_CHECKING:
    from torch import Tensor

    from ..semantics.batch import Batch
    from ..semantics.trace import Trace

Runner: TypeAlias = "Callable[[Program, Batch], Trace]"
INTERPRETER = "interpreter"
"""The target that is no network."""
NO_ERRORS: Mapping[str, float] = MappingProxyType({})
LENGTH = "length"
"""The row of a comparison that is about the number of frames."""


@dataclass(frozen=True)
class Comparison:
    """How one variable of a run compares with the recorded one.

    Attributes:
        stage: ``hint`` or ``output``; ``trace`` for the number of frames.
        name: of the variable.
        compared: number of values.
        mismatches: how many of them differ.
        largest: the largest absolute difference (0 or 1 for values that are no numbers).
        first: the first mismatch as frame, graph and nodes, without the frame for outputs.
    """

    stage: str
    name: str
    compared: int
    mismatches: int
    largest: float
    first: tuple[int, ...] = ()


@dataclass(frozen=True)
class FileParity:
    """How the runs from the inputs of one file compare with the file.

    Attributes:
        file, task: name of the file, and of the program that was run.
        graphs, nodes, frames: number of runs, of nodes, and of frames of the longest recorded run.
        comparisons: one for each hint and output, and one for the lengths.
    """

    file: str
    task: str
    graphs: int
    nodes: int
    frames: int
    comparisons: tuple[Comparison, ...]

    @property
    def mismatches(self) -> int:
        """The number of values that differ."""
        return sum(comparison.mismatches for comparison in self.comparisons)


@dataclass(frozen=True)
class Refused:
    """A file from whose inputs a target does not run the program.

    Attributes:
        file, task: name of the file, and of the program.
        reason: what the target says to it.
    """

    file: str
    task: str
    reason: Fault


@dataclass(frozen=True)
class ParityReport:
    """How the runs of a target compare with the files of a directory.

    Attributes:
        directory, target: what was compared with what.
        atol: the largest difference of numbers that counts as none.
        files: one for each file that was compared.
        refused: one for each file with a program, or a size, that the target refuses.
    """

    directory: str
    target: str
    atol: float
    files: tuple[FileParity, ...]
    refused: tuple[Refused, ...] = ()

    @property
    def mismatches(self) -> int:
        """The number of values that differ."""
        return sum(file.mismatches for file in self.files)

    @property
    def compared(self) -> int:
        """The number of values that were compared."""
        return sum(c.compared for file in self.files for c in file.comparisons)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {**asdict(self), "compared": self.compared, "mismatches": self.mismatches}


def parity(
    directory: str | Path,
    tasks: Sequence[str] | None = None,
    *,
    target: str = "interpreter",
    run: Runner | None = None,
    atol: float = 1e-5,
) -> ParityReport:
    """Run programs from recorded inputs and compare the runs with what was recorded.

    Args:
        directory: holds files ``TASK-nN.npz`` in the format of ``mechgap.interop.golden``.
        tasks: names of tasks, or ``file.py:name``; by default all of the package that have files.
        target: ``interpreter`` (in float64), or a family of compiled networks.
        run: runs a program on a batch, in the place of a target; ``target`` is then its name.
        atol: the largest difference of numbers that counts as none.

    Raises:
        NotFoundError: if a task or a target is unknown.
        FileFormatError: if there is no file for a task, or a file cannot be used.
        GraphError: if the inputs in a file are none of the task.
    """
    runner = run or _runner(target)
    files: list[FileParity] = []
    refused: list[Refused] = []
    for path, task in list(_jobs(Path(directory), tasks)):
        try:
            errors = certified_errors(task.program) if target != INTERPRETER and run is None else {}
            files.append(_compare_file(path, task, runner, (atol, errors)))
        except Refusal as refusal:
            refused.append(Refused(path.name, task.name, refusal.faults[0]))
    return ParityReport(str(directory), target, atol, tuple(files), tuple(refused))


def _jobs(folder: Path, tasks: Sequence[str] | None) -> Iterator[tuple[Path, Task]]:
    """Each recorded file with the task that it is of."""
    found = False
    for name in NAMES if tasks is None else tasks:
        task = load(name)
        files = sorted(folder.glob(f"{task.name}-n*.npz"), key=lambda path: (len(path.name), path.name))
        if not files and tasks is not None:
            raise _nothing(folder, f"{task.name}-n*.npz")
        for path in files:
            found = True
            yield path, task
    if not found:
        raise _nothing(folder, "TASK-n*.npz")


def _nothing(folder: Path, pattern: str) -> FileFormatError:
    return FileFormatError(
        str(folder),
        f"no file {pattern}" if folder.is_dir() else "no such directory",
        "a directory of recorded traces named TASK-nN.npz",
        "correct the directory or the task",
    )


def _compare_file(
    path: Path, task: Task, run: Runner, tolerance: tuple[float, Mapping[str, float]]
) -> FileParity:
    program = task.program
    recorded = read_trace(path, program)
    task.check(recorded.batch)
    trace = run(program, recorded.batch)
    graphs, nodes = recorded.batch.nodes.shape
    return FileParity(
        path.name,
        program.name,
        graphs,
        nodes,
        recorded.frames,
        tuple(compare(program, trace, recorded, *tolerance)),
    )


def compare(
    program: Program,
    trace: Trace,
    recorded: Trace,
    atol: float = 1e-5,
    errors: Mapping[str, float] = NO_ERRORS,
) -> Iterator[Comparison]:
    """Compare a run with the recorded one, variable by variable.

    Hints are compared in the frames that both have; a run of another length is a mismatch of its own.

    Args:
        program: what both ran.
        trace, recorded: the runs.
        atol: the largest difference of numbers that counts as none.
        errors: what is added to it for scalars that a certificate says may be off, by name of the variable,
            or "output NAME".
    """
    yield _length(trace, recorded)
    frames = min(trace.frames, recorded.frames)
    live = trace.live[:frames].cpu() & recorded.live[:frames]
    nodes = recorded.batch.nodes
    defined = recorded.defined
    for port in program.interface.hints:
        found, truth = trace.values[port.name][:frames].cpu(), recorded.values[port.name][:frames]
        live_places = _spread(live, truth.dim()) & places(port.location, nodes)
        live_places = live_places & defined.get(port.name, live_places)
        yield _values("hint", port, found, truth, live_places, atol + errors.get(port.name, 0.0))
    for port in program.interface.outputs:
        found, truth = trace.outputs[port.name].cpu(), recorded.outputs[port.name]
        real = places(port.location, nodes)
        tolerance = atol + errors.get(f"output {port.name}", 0.0)
        yield _values("output", port, found, truth, real & defined.get(port.name, real), tolerance)


def _length(trace: Trace, recorded: Trace) -> Comparison:
    difference = (trace.lengths.cpu() - recorded.lengths).abs()
    wrong = difference.nonzero()
    return Comparison(
        "trace",
        LENGTH,
        len(difference),
        len(wrong),
        float(difference.max()),
        tuple(wrong[:1].flatten().tolist()),
    )


def _values(stage: str, port: Port, found: Tensor, truth: Tensor, real: Tensor, atol: float) -> Comparison:
    wrong = (~port.kind.agreement(found, truth, atol) & real).nonzero()
    error = port.kind.error(found, truth)[real]
    return Comparison(
        stage,
        port.name,
        int(real.sum()),
        len(wrong),
        float(error.max()) if error.numel() else 0.0,
        tuple(wrong[:1].flatten().tolist()),
    )


def _spread(mask: Tensor, rank: int) -> Tensor:
    return mask.reshape(mask.shape + (1,) * (rank - mask.dim()))


def _runner(target: str) -> Runner:
    from ..compiler.targets.catalogue import TARGETS

    if target == INTERPRETER:
        return _interpreter()
    if target not in TARGETS:
        names = ", ".join((INTERPRETER, *TARGETS))
        raise NotFoundError("parity", f"the target {target!r}", f"one of {names}", "correct the target")
    return _compiled(target)


def certified_errors(program: Program) -> Mapping[str, float]:
    """How far the scalars of a compiled network may be off, as its certificate says; none if it has none."""
    from ..compiler.approximations import approximations

    try:
        return approximations(program).errors
    except Refusal:
        return NO_ERRORS


def _interpreter() -> Runner:
    import torch

    from ..semantics.interpreter import interpret

    return lambda program, batch: interpret(program, batch, dtype=torch.float64)


def _compiled(target: str) -> Runner:
    from ..compiler.passes import Compiled, CompileSettings, compile_program
    from ..nets.rollout import rollout

    compiled: dict[tuple[Program, int | None], Compiled | Refusal] = {}

    def made(program: Program, n: int | None) -> Compiled:
        """The network for graphs of n nodes; without n for as many as can be certified."""
        if (program, n) not in compiled:
            try:
                compiled[program, n] = compile_program(program, CompileSettings(n=n, target=target))
            except Refusal as refusal:
                compiled[program, n] = refusal
        found = compiled[program, n]
        if isinstance(found, Refusal):
            raise found
        return found

    def run(program: Program, batch: Batch) -> Trace:
        found = made(program, None)
        if batch.width > found.certificate.n:
            found = made(program, batch.width)
        return rollout(found.network, batch)

    return run
