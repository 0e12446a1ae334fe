"""How far from exact conditions a compiled network still runs its program: noise, formats, sizes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import GraphError, Refusal
from ..kinds.scalar import Scalar
from ..semantics.inputs import places
from ..tasks.task import Task
from .disturbances import rounded_activations, with_noise
from .parity import NO_ERRORS
from .verification import Watch

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..lang.program import Port, Program
    from ..measures.score import Score
    from ..nets.network import Network
    from ..semantics.trace import Trace

FORMATS = ("float32", "bfloat16", "float16")
PARTS = ("decisions", "everything")
"""What must be right: all that is no number (masks, pointers, categories); or all, bit for bit."""
DRAW = "noise draw"
KINDS = {
    "noise": "noise on weights, compiled for the largest n",
    "noise_small": "noise on weights, compiled for few nodes",
    "activations": "hidden vectors rounded after every round",
    "cast": "weights, inputs and arithmetic in the format",
    "size": "graphs with more nodes than certified",
}
"""The kinds of conditions, in words."""


@dataclass(frozen=True)
class RobustnessPlan:
    """On what networks are tried.

    Attributes:
        n: number of nodes, of the noise and the formats.
        graphs: number of graphs of each condition.
        noise: standard deviations, relative to each weight's own size.
        draws: of the noise, for each deviation.
        formats: names of formats of numbers.
        certified: the n for which the network is compiled that is run on larger graphs, and beside
            the other one with noise.
        sizes: numbers of nodes of these graphs.
        seed: of graphs and noise.
    """

    n: int = 16
    graphs: int = 16
    noise: Sequence[float] = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
    draws: int = 10
    formats: Sequence[str] = FORMATS
    certified: int = 16
    sizes: Sequence[int] = (16, 17, 24, 32, 64)
    seed: int = 0


@dataclass(frozen=True)
class Condition:
    """How often a network is right in one condition.

    Attributes:
        kind: one of ``KINDS``.
        setting: the deviation, the format, or the number of nodes.
        steps, traces: the shares of steps and of whole traces that are exact, by the name of the part:
            "decisions" or "everything". The unit of replication is the noise draw, or the graph.
    """

    kind: str
    setting: float | str
    steps: dict[str, Score]
    traces: dict[str, Score]

    def to_json(self) -> dict[str, Any]:
        """The condition as plain data."""
        shares = {"steps": self.steps, "traces": self.traces}
        plain = {name: {part: s.to_json() for part, s in found.items()} for name, found in shares.items()}
        return {"kind": self.kind, "setting": self.setting, **plain}


@dataclass(frozen=True)
class Robustness:
    """How robust the compiled network of a program is.

    Attributes:
        program, target: what was compiled, and to which family of networks.
        n: for how many nodes the network was compiled that noise and formats were tried on.
        plan: on what.
        conditions: what was found.
    """

    program: str
    target: str
    n: int
    plan: RobustnessPlan
    conditions: tuple[Condition, ...]

    def of(self, kind: str) -> list[Condition]:
        """The conditions of a kind, in the order in which they were tried."""
        return [condition for condition in self.conditions if condition.kind == kind]

    def breaking(self, kind: str, part: str) -> tuple[float | str | None, float | str | None]:
        """The last setting before which all traces of all settings were exact, and the first failing one."""
        last: float | str | None = None
        for condition in self.of(kind):
            if condition.traces[part].value < 1.0:
                return last, condition.setting
            last = condition.setting
        return last, None

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        kinds = dict.fromkeys(condition.kind for condition in self.conditions)
        breaking = {kind: {part: list(self.breaking(kind, part)) for part in PARTS} for kind in kinds}
        plan = {name: getattr(self.plan, name) for name in self.plan.__dataclass_fields__}
        return {
            "program": self.program,
            "target": self.target,
            "n": self.n,
            "plan": plan,
            "breaking": breaking,
            "conditions": [condition.to_json() for condition in self.conditions],
        }


def robustness(
    task: Task, target: str = "gatv2", plan: RobustnessPlan | None = None, watch: Watch | None = None
) -> Robustness:
    """Try the compiled network of a program in conditions that its certificate does not promise.

    - *noise*: every weight w becomes w (1 + s e), with e drawn from N(0, 1), rounded to float32; once
      for the network that is compiled for as many nodes as possible, once for one for few (*noise_small*).
    - *activations*: the hidden vectors, of nodes and of pairs, are rounded to a format after every
      round; everything else is float32.
    - *cast*: weights, inputs and all arithmetic are of the format.
    - *size*: a network that is certified for few nodes runs on more.

    A step counts as exact if all of its values are the interpreter's (float32). A network runs on by
    itself, so that steps after a wrong one are mostly wrong too; it is given the number of steps, and
    a trace is exact only if the network would have halted there, and its outputs are right.

    Args:
        task: the program, and the sampler of the graphs.
        target: family of networks.
        plan: on what.
        watch: told about progress.

    Raises:
        Refusal: if the program cannot be compiled.
        GraphError: if a plan has no graphs or draws.
    """
    from ..compiler.passes import CompileSettings, compile_program

    plan = plan or RobustnessPlan()
    _check(plan)
    compiled = compile_program(task.program, CompileSettings(target=target))
    small = compile_program(task.program, CompileSettings(n=plan.certified, target=target))
    if compiled.certificate.n < plan.n or plan.certified < plan.n:
        raise Refusal(
            f"robustness of {task.name} at n = {plan.n}",
            f"certificates for at most {compiled.certificate.n} and {plan.certified} nodes",
            f"n up to {min(compiled.certificate.n, plan.certified)}",
            "choose a smaller n: what is not exact to begin with cannot break",
        )
    networks = compiled.network, small.network
    jobs = list(_jobs(task, networks, plan, compiled.certificate.errors))
    found = []
    for number, (name, job) in enumerate(jobs):
        if watch:
            watch(number, len(jobs), f"{task.name}, {name}")
        found.append(job())
    return Robustness(task.name, target, compiled.certificate.n, plan, tuple(found))


_Job = tuple[str, Callable[[], Condition]]


def _jobs(
    task: Task, networks: tuple[Network, Network], plan: RobustnessPlan, errors: Mapping[str, float]
) -> Iterator[_Job]:
    network, small = networks
    runs = _Runs(task, plan, errors)
    for kind, subject in (("noise", network), ("noise_small", small)):
        for number, deviation in enumerate(plan.noise):
            yield f"{kind} {deviation:g}", partial(runs.noise, subject, kind, deviation, number)
    for name in plan.formats:
        yield f"activations in {name}", partial(runs.activations, network, name)
    for name in plan.formats:
        yield f"cast to {name}", partial(runs.cast, network, name)
    for n in plan.sizes:
        yield f"n = {n}", partial(runs.size, small, n)


class _Runs:
    """The conditions of one task; all of one size share their graphs."""

    def __init__(self, task: Task, plan: RobustnessPlan, errors: Mapping[str, float]) -> None:
        self._task = task
        self._errors = errors
        self._plan = plan
        self._exact: dict[int, Trace] = {}

    def noise(self, network: Network, kind: str, deviation: float, number: int) -> Condition:
        from ..measures.score import over_seeds

        exact = self._runs(self._plan.n)
        found = []
        for draw in range(self._plan.draws):
            noisy = with_noise(network, deviation, (self._plan.seed, number, draw))
            found.append(_condition(kind, deviation, self._outcome(noisy, exact)))

        def over(share: str) -> dict[str, Score]:
            gathered = {part: [getattr(c, share)[part] for c in found] for part in PARTS}
            return {part: replace(over_seeds(scores), unit=DRAW) for part, scores in gathered.items()}

        return Condition(kind, deviation, over("steps"), over("traces"))

    def activations(self, network: Network, name: str) -> Condition:
        with rounded_activations(network, _dtype(name)):
            found = self._outcome(network, self._runs(self._plan.n))
        return _condition("activations", name, found)

    def cast(self, network: Network, name: str) -> Condition:
        other = copy.deepcopy(network).to(_dtype(name))
        return _condition("cast", name, self._outcome(other, self._runs(self._plan.n)))

    def size(self, network: Network, n: int) -> Condition:
        return _condition("size", n, self._outcome(network, self._runs(n)))

    def _outcome(self, network: Network, exact: Trace) -> Outcome:
        return outcome(self._task.program, network, exact, self._errors)

    def _runs(self, n: int) -> Trace:
        from ..semantics.interpreter import interpret

        if n not in self._exact:
            batch = self._task.sample(self._plan.seed, n, self._plan.graphs)
            self._exact[n] = interpret(self._task.program, batch)
        return self._exact[n]


@dataclass(frozen=True)
class Outcome:
    """How the runs of a network compare with those of the interpreter.

    Attributes:
        steps: [B], number of frames of each run.
        right: for each part, [B], how many of them are exact.
        whole: for each part, [B] bool, whether all are, and halting and the outputs too.
    """

    steps: Tensor
    right: dict[str, Tensor]
    whole: dict[str, Tensor]


def outcome(
    program: Program, network: Network, exact: Trace, errors: Mapping[str, float] = NO_ERRORS
) -> Outcome:
    """Run a compiled network for as many frames as the interpreter's runs have, and compare.

    Args:
        program: what both run.
        network: with a prologue, so that it makes its first frame by itself.
        exact: the interpreter's runs.
        errors: how far scalars may be off, as a certificate says, by name of the variable or "output NAME".
    """
    import torch

    from ..nets.unrolling import Outputs, Unrolling

    lengths, batch = exact.lengths, exact.batch
    right = {part: torch.zeros_like(lengths) for part in PARTS}
    halted = torch.ones_like(lengths, dtype=torch.bool)
    frames, outputs = Unrolling(network, batch, lambda index, logits: {}), Outputs(network)
    ends, last = outputs.frames(lengths), int(lengths.max())
    with torch.no_grad():
        for frame in frames:
            if frame.stop is not None:
                halted &= (frame.stop == (lengths == frame.index)) | (frame.index > lengths)
            if frame.index < last:
                hints = {
                    port.name: port.kind.decode(frame.logits[port.name], batch.nodes)
                    for port in program.interface.hints
                }
                truth = {name: exact.values[name][frame.index] for name in hints}
                for part in PARTS:
                    same = _same(program.interface.hints, part, (hints, truth), exact, errors)
                    right[part] += same & (frame.index < lengths)
            outputs.add(frame, frames.rows, ends == frame.index)
            if frame.index >= last:
                break
        ports = program.interface.outputs
        logits = outputs.logits()
        found = {port.name: port.kind.decode(logits[port.name], batch.nodes) for port in ports}
    allowed = {port.name: errors.get(f"output {port.name}", 0.0) for port in ports}
    whole = {
        part: (right[part] == lengths) & halted & _same(ports, part, (found, exact.outputs), exact, allowed)
        for part in PARTS
    }
    return Outcome(lengths, right, whole)


def _same(
    ports: Sequence[Port],
    part: str,
    values: tuple[Mapping[str, Tensor], Mapping[str, Tensor]],
    exact: Trace,
    errors: Mapping[str, float],
) -> Tensor:
    """[B] bool, whether all values of a part are the same, but for errors that are allowed."""
    import torch

    found, truth = values
    same = torch.ones_like(exact.lengths, dtype=torch.bool)
    for port in ports:
        if part == PARTS[0] and isinstance(port.kind, Scalar):
            continue
        real = places(port.location, exact.batch.nodes)
        real = real & exact.defined.get(port.name, real)
        # A number that is none of the format is compared as it is: never the same.
        agrees = port.kind.agreement(found[port.name], truth[port.name], errors.get(port.name, 0.0))
        same &= (agrees | ~real).reshape(len(same), -1).all(1)
    return same


def _condition(kind: str, setting: float | str, found: Outcome) -> Condition:
    from ..measures.bootstrap import Clusters
    from ..measures.score import score

    def share(part: str, values: dict[str, Tensor], counts: Tensor, name: str) -> Score:
        clusters = Clusters(values[part].double().numpy(), counts.double().numpy())
        return score(f"exact {name}, {part}", clusters, 1.0)

    ones = found.steps.clamp(max=1)
    steps = {part: share(part, found.right, found.steps, "steps") for part in PARTS}
    traces = {part: share(part, found.whole, ones, "traces") for part in PARTS}
    return Condition(kind, setting, steps, traces)


def _dtype(name: str) -> torch.dtype:
    import torch

    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]


def _check(plan: RobustnessPlan) -> None:
    unknown = [name for name in plan.formats if name not in FORMATS]
    if min(plan.graphs, plan.draws, plan.n, plan.certified - 1, *plan.sizes) < 1 or unknown:
        raise GraphError(
            "robustness",
            f"graphs={plan.graphs}, draws={plan.draws}, n={plan.n}, certified={plan.certified}, "
            f"sizes={list(plan.sizes)}, formats={list(plan.formats)}",
            f"at least one graph, draw and node, certified of 2 or more, formats of {', '.join(FORMATS)}",
            "correct the plan",
        )
