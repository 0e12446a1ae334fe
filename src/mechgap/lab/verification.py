"""Verifies a compiled network: every variable at every step against the interpreter, on many graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..errors import GraphError, NotFoundError, RangeError, Refusal
from ..tasks.task import Task
from .divergence import Divergence, first_divergence
from .families import FAMILIES, Family
from .parity import Comparison, certified_errors, compare

if TYPE_CHECKING:
    from torch import Tensor

    from ..compiler.certificate import Certificate
    from ..nets.network import Network
    from ..semantics.batch import Batch

SIZES = (4, 16, 64, 256)
ATOL = 1e-5
CELLS = 2**21
"""How many pairs of nodes run at once."""
Watch = Callable[[int, int, str], None]
"""Told how many parts are done, of how many, and which one is next."""


@dataclass(frozen=True)
class Check:
    """How the runs on one family of one size compare.

    Attributes:
        n, family: number of nodes, and name of the family.
        graphs, steps: how many runs, and frames of all of them, were compared.
        comparisons: one for each variable, output and the lengths.
        divergence: the first one, if there is any.
        seed: from which the family was drawn.
    """

    n: int
    family: str
    graphs: int
    steps: int
    comparisons: tuple[Comparison, ...]
    divergence: Divergence | None = None
    seed: int = 0

    @property
    def mismatches(self) -> int:
        """The number of values that differ."""
        return sum(c.mismatches for c in self.comparisons)

    @property
    def largest(self) -> float:
        """The largest error of a variable that is a number, or of the halting times."""
        return max((c.largest for c in self.comparisons), default=0.0)


@dataclass(frozen=True)
class Verification:
    """How a compiled network compares with the interpreter.

    Attributes:
        program, digest: what was verified.
        atol: the largest difference of numbers that counts as none.
        seed: of the graphs.
        checks: one for each size and family.
    """

    program: str
    digest: str
    atol: float
    seed: int
    checks: tuple[Check, ...]

    @property
    def mismatches(self) -> int:
        """The number of values that differ."""
        return sum(check.mismatches for check in self.checks)

    @property
    def steps(self) -> int:
        """The number of frames that were compared."""
        return sum(check.steps for check in self.checks)

    @property
    def graphs(self) -> int:
        """The number of runs that were compared."""
        return sum(check.graphs for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        checks = [{**asdict(c), "mismatches": c.mismatches, "largest": c.largest} for c in self.checks]
        totals = {"mismatches": self.mismatches, "steps": self.steps, "graphs": self.graphs}
        return {**asdict(self), **totals, "checks": checks}


@dataclass(frozen=True)
class VerificationPlan:
    """What a network is verified on.

    Attributes:
        sizes: numbers of nodes; graphs of one node are tried too if the task has such.
        count: graphs of each family and size.
        seed: of the graphs.
        atol: the largest difference of numbers that counts as none.
        work: if given, at most so many pairs of nodes times frames in one family of one size: then
            fewer graphs are tried, and a family is left out at a size at which one graph exceeds it.
        families: names of the families; by default all that fit the program.
    """

    sizes: Sequence[int] = SIZES
    count: int = 8
    seed: int = 0
    atol: float = ATOL
    work: int | None = None
    families: Sequence[str] | None = None


def verify(
    task: Task,
    network: Network,
    certificate: Certificate,
    plan: VerificationPlan | None = None,
    watch: Watch | None = None,
) -> Verification:
    """Compare a compiled network with the interpreter at every step.

    Args:
        task: the program, and the sampler that all families are made from.
        network: compiled from the program.
        certificate: of the network.
        plan: on what.
        watch: told about progress.

    Raises:
        Refusal: if a size is beyond the certificate.
    """
    plan = plan or VerificationPlan()
    chosen = _families(task, plan.families)
    _check_sizes(task, certificate, plan.sizes)
    sizes = (1, *plan.sizes) if _has_single_nodes(task) else plan.sizes
    jobs = [(n, family) for n in dict.fromkeys(sizes) for family in chosen]
    checks = []
    for index, (n, family) in enumerate(jobs):
        if watch:
            watch(index, len(jobs), f"n = {n}, {family.name}")
        found = _check(task, network, n, family, replace(plan, seed=plan.seed + index))
        if found is not None:
            checks.append(found)
    return Verification(task.name, task.program.digest, plan.atol, plan.seed, tuple(checks))


def verify_on(
    task: Task, network: Network, certificate: Certificate, batch: Batch, name: str, atol: float = ATOL
) -> Verification:
    """Compare a compiled network with the interpreter on given inputs.

    Args:
        task, network, certificate: as for ``verify``.
        batch: the inputs.
        name: what they are, in a word or two; it stands where families have theirs.
        atol: the largest difference of numbers that counts as none.

    Raises:
        Refusal: if the graphs are larger than is certified.
    """
    _check_sizes(task, certificate, [int(batch.sizes.max())])
    check = replace(compare_runs(task, network, batch, atol), family=name)
    return Verification(task.name, task.program.digest, atol, 0, (check,))


def failing_inputs(task: Task, check: Check, count: int) -> Batch | None:
    """The one graph on which a check found the first difference; None if it found none.

    Args:
        task: that was verified.
        check: what was found.
        count: graphs of each family and size, as they were planned.
    """
    import torch

    if check.divergence is None:
        return None
    family = next(family for family in FAMILIES if family.name == check.family)
    batch = family.build(task, check.seed, check.n, count)
    return batch.take(torch.tensor([check.divergence.graph]))


def _check_sizes(task: Task, certificate: Certificate, sizes: Sequence[int]) -> None:
    too_large = [n for n in sizes if n > certificate.n]
    if too_large:
        raise Refusal(
            f"verifying {task.name} at n = {', '.join(map(str, too_large))}",
            f"a certificate for at most {certificate.n} nodes",
            f"sizes up to {certificate.n}",
            "verify smaller sizes, or compile for larger ones with --n",
        )


def _families(task: Task, names: Sequence[str] | None) -> list[Family]:
    known = {family.name: family for family in FAMILIES}
    for name in names or ():
        if name not in known:
            raise NotFoundError(
                f"verifying {task.name}",
                f"the family {name!r}",
                f"one of {', '.join(known)}",
                "correct the name",
            )
    return [family for name, family in known.items() if family.fits(task) and (not names or name in names)]


def _has_single_nodes(task: Task) -> bool:
    """Whether one node can be an input of a task; two strings, for one, have two letters."""
    try:
        task.sample(0, 1, 1)
    except GraphError:
        return False
    return True


def _check(task: Task, network: Network, n: int, family: Family, plan: VerificationPlan) -> Check | None:
    """One family at one size; None if one graph is more work than is allowed."""
    batch = family.build(task, plan.seed, n, plan.count)
    parts: list[Check] = []
    for rows in _parts(task, batch, plan.work):
        part = compare_runs(task, network, batch.take(rows), plan.atol)
        shifted = _shifted(part, int(rows[0]))
        parts.append(replace(part, n=n, family=family.name, divergence=shifted, seed=plan.seed))
    return _total(parts) if parts else None


def _parts(task: Task, batch: Batch, work: int | None) -> Iterator[Tensor]:
    """The rows that run together; fewer than all if they are too much work."""
    import torch

    from ..semantics.interpreter import interpret

    count, pairs = len(batch), batch.width**2
    if work is not None and pairs * 2 > 2**10:
        frames = interpret(task.program, batch.take(torch.tensor([0]))).frames
        count = min(count, work // (pairs * frames))
    share = max(1, CELLS // pairs)
    for start in range(0, count, share):
        yield torch.arange(start, min(start + share, count))


def compare_runs(task: Task, network: Network, batch: Batch, atol: float = ATOL) -> Check:
    """Run a network and the interpreter on a batch and compare the runs.

    Args:
        task: the program.
        network: what should compute it.
        batch: the inputs.
        atol: the largest difference of numbers that counts as none, beside errors that certificates state.

    Raises:
        MechgapError: if the program itself cannot run on the inputs.
    """
    import torch

    from ..nets.rollout import RolloutOptions, rollout
    from ..semantics.interpreter import interpret

    exact = interpret(task.program, batch)
    limit = 4 * exact.frames + 16
    halting = RolloutOptions(max_frames=limit)
    try:
        trace = rollout(network, batch, halting)
    except RangeError:
        # A wrong network may never halt: then the frames that the program has are compared.
        trace = rollout(network, batch, RolloutOptions(lengths=exact.lengths))
        trace = replace(trace, lengths=torch.full_like(exact.lengths, limit))
    errors = certified_errors(task.program)
    comparisons = tuple(compare(task.program, trace, exact, atol, errors))
    steps = int(exact.lengths.sum())
    found = first_divergence(task.program, comparisons, trace, exact)
    return Check(batch.width, "", len(batch), steps, comparisons, found)


def _shifted(check: Check, rows: int) -> Divergence | None:
    """A divergence with the graph counted from the start of the family."""
    found = check.divergence
    return None if found is None else replace(found, graph=found.graph + rows)


def _total(parts: Sequence[Check]) -> Check:
    """The parts of one family as one."""
    comparisons = tuple(
        Comparison(
            same[0].stage,
            same[0].name,
            sum(c.compared for c in same),
            sum(c.mismatches for c in same),
            max(c.largest for c in same),
            next((c.first for c in same if c.first), ()),
        )
        for same in zip(*(part.comparisons for part in parts), strict=True)
    )
    divergence = next((part.divergence for part in parts if part.divergence is not None), None)
    first = parts[0]
    graphs, steps = sum(p.graphs for p in parts), sum(p.steps for p in parts)
    return Check(first.n, first.family, graphs, steps, comparisons, divergence, first.seed)
