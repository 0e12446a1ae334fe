"""The compiler: its passes in order, each followed by a checker."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import MechgapError
from ..kinds.scalar import Scalar
from ..lang.program import Program
from ..nets.network import Network
from . import checks
from .approximations import approximations
from .certificate import Analysis, Bound, Certificate, analyse
from .gadgets import TooLarge
from .layout import Head, Layout, place
from .targets.catalogue import target_of
from .targets.filling import Plan, nonzero

LARGEST_N = 2**16
LARGEST_REAL_N = 2**11
"""Default for programs that order real keys: their resolution is proportional to n."""
SMALLEST_N = 2


@dataclass(frozen=True)
class CompileSettings:
    """How to compile.

    Attributes:
        n: largest number of nodes; by default the largest power of two that can be certified, up
            to 2^16, or 2^11 if real keys are ordered.
        distinct_keys: promise that no two real keys are ever equal at one receiver. That saves the
            rounds that tell equal keys apart by index, and becomes a condition of the certificate.
        target: family of networks.
    """

    n: int | None = None
    distinct_keys: bool = False
    target: str = "gatv2"


@dataclass(frozen=True)
class Compiled:
    """A compiled program.

    Attributes:
        program: what was compiled.
        network: computes it.
        layout: where its variables are in the hidden vectors.
        certificate: for which inputs it is exact.
        plan: what the weights were emitted from.
    """

    program: Program
    network: Network
    layout: Layout
    certificate: Certificate
    plan: Plan = field(repr=False)


def compile_program(program: Program, settings: CompileSettings | None = None) -> Compiled:
    """Compile a program into the weights of a network.

    Args:
        program: what to compile.
        settings: how.

    Returns:
        A network that makes the same trace as the interpreter in float32.

    Raises:
        Refusal: if the program cannot be expressed, or not be certified for any size.
        NotFoundError: if there is no such target.
    """
    settings = settings or CompileSettings()
    if settings.n is not None:
        _check_size(settings.n)
        return _compile(program, settings.n, settings)
    n = LARGEST_N
    while True:
        try:
            compiled = _compile(program, n, settings)
        except TooLarge:
            if n <= SMALLEST_N:
                raise
            n //= 2
            continue
        if compiled.certificate.resolution == 0.0 or n <= LARGEST_REAL_N:
            return compiled
        n = LARGEST_REAL_N


def _compile(program: Program, n: int, settings: CompileSettings) -> Compiled:
    target = target_of(settings.target)
    lowered, meaning = target.lower(program, n, not settings.distinct_keys)
    checks.check_lowered(lowered)
    start = target.schedule(lowered.slots, lowered.start)
    step = target.schedule(lowered.slots, lowered.step)
    for scheduled in (start, step):
        target.check_schedule(scheduled)
    hidden, pairs, (start_rounds, step_rounds) = place((start, step))
    for rounds in (start_rounds, step_rounds):
        checks.check_layout(rounds, hidden, pairs)
    where = f"program {program.name}, compiling for n = {n}"
    analysis = analyse((*start_rounds, *step_rounds), n, where, target.logits)
    plan = Plan(program, lowered.slots, meaning, (hidden, pairs), (start_rounds, step_rounds), n)
    network = target.emit(plan)
    checks.check_network(network)
    certificate = _certificate(plan, network, analysis, settings)
    return Compiled(program, network, _layout(plan), certificate, plan)


def _layout(plan: Plan) -> Layout:
    heads = tuple(
        Head(r, h, tuple(fetch.notes.selections), str(fetch.origin))
        for r, round in enumerate(plan.rounds[1])
        for h, fetch in enumerate(round.fetches)
    )
    hidden, pairs = plan.widths
    return Layout(
        hidden,
        plan.held(False),
        {slot.name: slot.low for slot in plan.slots},
        plan.meaning.slots,
        heads,
        pairs,
        plan.held(True),
    )


def _certificate(plan: Plan, network: Network, analysis: Analysis, settings: CompileSettings) -> Certificate:
    program, config = plan.program, network.config
    scalars = {
        v.name: Bound(v.kind.low, v.kind.high)
        for v in (*program.inputs, *program.state)
        if isinstance(v.kind, Scalar) and v.kind.high != float("inf")
    }
    conditions = ("no two real keys are equal at one receiver",) if settings.distinct_keys else ()
    approximated = approximations(program)
    return Certificate(
        program=program.name,
        digest=program.digest,
        target=settings.target,
        n=plan.n,
        ranges=scalars,
        rounds=len(config.rounds),
        prologue=len(config.prologue),
        heads=sum(len(round.fetches) for round in plan.rounds[1]),
        depth=sum(1 + len(shape.mlp) + len(shape.pairs) for shape in config.rounds),
        hidden=config.hidden,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        nonzero=nonzero(network),
        largest_whole=analysis.largest_whole,
        margin=analysis.margin,
        resolution=analysis.resolution,
        conditions=(*conditions, *approximated.conditions),
        negative_slope=config.negative_slope,
        pairs=config.pairs,
        approximations=approximated.operations,
        errors=approximated.errors,
    )


def _check_size(n: int) -> None:
    if not SMALLEST_N <= n <= LARGEST_N:
        raise MechgapError(
            "compile settings",
            f"n = {n}",
            f"a number of nodes from {SMALLEST_N} to {LARGEST_N}",
            "leave n out to get the largest that can be certified",
        )
