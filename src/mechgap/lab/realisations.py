"""Exact realisations of a program: networks that differ in everything that its algorithm leaves free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..compiler.passes import Compiled, CompileSettings, compile_program
from ..compiler.targets.catalogue import TARGETS, target_of
from ..errors import GraphError, MechgapError, Refusal
from ..lang.expression import Tie
from ..lang.program import Program
from ..tasks.defaults import default_task
from ..tasks.task import Task
from .rivals import with_ties
from .verification import Verification, VerificationPlan, verify

if TYPE_CHECKING:
    from ..compiler.certificate import Certificate
    from ..compiler.layout import Layout
    from ..measures.subject import Measured
    from ..nets.moves import Move
    from ..nets.network import Network
    from ..nets.symmetries import Rearranged

SHARPEST = 2
"""Logits are multiplied by 2^0 to 2^2."""
PLAN = VerificationPlan(sizes=(4, 9), count=3, atol=0.0, work=2**20)
"""What each realisation is verified on, bit for bit."""


@dataclass(frozen=True)
class Realisation:
    """An exact network of a program, one of many.

    Attributes:
        program: what it computes; with another rule for free choices it makes another admissible run.
        network: computes it.
        layout: where its variables are in the hidden vectors.
        certificate: for which inputs it is exact.
        choices: what was drawn: the rule of ties in words, sharpness, width, seed; the number of heads
            whose idle rows attend others, and of heads that are copies; whether units are in duplicate.
            A family that lacks a freedom has 0 heads there, and MPNN, which has no logits, sharpness 1.
    """

    program: Program
    network: Network
    layout: Layout
    certificate: Certificate
    choices: dict[str, Any]


def realisations(
    program: Program | Task,
    target: str = "gatv2",
    k: int = 8,
    seed: int = 0,
    *,
    width: int | None = None,
    settings: CompileSettings | None = None,
) -> Iterator[Realisation]:
    """Random exact realisations of a program, each verified against the interpreter.

    They differ in the rule of every choice that the program declares free, the order of units, the
    sizes of units (powers of two, which round nothing), and idle units up to a width; half of them have
    units in duplicate. Where there is attention, they differ also in its sharpness and the order of heads,
    and half of them in each of these: whom nodes attend whose choice does not matter, selections that are
    spread over several heads.

    Args:
        program: a program, or a task (whose sampler then verifies them).
        target: family of networks that the compiler knows.
        k: how many.
        seed: of everything that is drawn; the j-th realisation depends on seed and j alone.
        width: smallest width of the layers at nodes; by default one of none, 32 and 64, at random.
        settings: of the compiler; its target is the one above.

    Raises:
        Refusal: if the program cannot be compiled.
        NotFoundError: if there is no such target.
        GraphError: if k or the seed is negative, or a width is less than 1.
    """
    _check(target, k, seed, width)
    task = program if isinstance(program, Task) else default_task(program)
    settings = replace(settings or CompileSettings(), target=target)
    plain = compile_program(task.program, settings)
    for number in range(k):
        yield _realisation(task, plain, settings, (seed, number), width)


def orbit(task: Program | Task, subject: Measured, k: int = 4, seed: int = 0) -> dict[str, Network]:
    """Exact realisations of a program by name, in a network's own family or one that it compiles to.

    They stand beside what is measured in a measurement: a measure that tells them apart is no measure of the
    algorithm.

    Args:
        task: a program or a task.
        subject: what is measured.
        k: how many.
        seed: of everything that is drawn.

    Returns:
        Nothing if the program cannot be compiled.
    """
    from ..nets.network import Network

    own = [subject.config.rounds[0].family] if isinstance(subject, Network) else []
    families = dict.fromkeys((*own, *TARGETS))
    for family in families:
        try:
            made = list(realisations(task, family, k, seed))
        except Refusal:
            continue
        return {f"realisation {number}": found.network for number, found in enumerate(made, start=1)}
    return {}


def _check(target: str, k: int, seed: int, width: int | None) -> None:
    target_of(target)
    if min(k, seed) < 0 or (width is not None and width < 1):
        raise GraphError(
            "realisations",
            f"k={k}, seed={seed}, width={width}",
            "k and seed of at least 0, and a width of at least 1",
            "correct the numbers",
        )


def _realisation(
    task: Task,
    plain: Compiled,
    settings: CompileSettings,
    origin: tuple[int, int],
    width: int | None,
) -> Realisation:
    import numpy as np
    import torch

    from ..nets.symmetries import rearrange

    rng = np.random.default_rng(origin)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    compiled, ties = _with_other_ties(plain, settings, rng)
    wanted = int(rng.choice([0, 32, 64])) if width is None else width
    network, layout, copied = _with_copies(compiled, rng, generator)
    found = rearrange(network, generator, wanted)
    sharpness = _sharpen(found.network, 2.0 ** int(rng.integers(SHARPEST + 1)))
    layout = moved_layout(layout, found)
    certificate = changed_certificate(compiled.certificate, found.network, sharpness)
    choices = {"ties": ties, "sharpness": sharpness, "width": found.network.config.hidden, "seed": origin}
    choices |= copied
    made = Realisation(compiled.program, found.network, layout, certificate, choices)
    verify_exact(replace(task, program=compiled.program), made.network, made.certificate, f"{choices}")
    return made


def _with_other_ties(plain: Compiled, settings: CompileSettings, rng: Any) -> tuple[Compiled, str]:
    """The program with random rules for free choices, compiled; as it is where that is refused."""
    variant = with_ties(plain.program, lambda choice: Tie.LAST if rng.integers(2) else Tie.FIRST)
    if variant is None:
        return plain, "no free choice"
    try:
        return compile_program(variant, settings), "random"
    except Refusal:
        return plain, "its own"


def _with_copies(compiled: Compiled, rng: Any, generator: Any) -> tuple[Network, Layout, dict[str, Any]]:
    """A network with other attention of idle rows, heads and units in several copies; each or not."""
    from ..compiler.idle import redirected
    from ..nets.copies import duplicate_units, spread_heads

    network, layout = compiled.network, compiled.layout
    redirect, spread, duplicate = (bool(rng.integers(2)) for _ in range(3))
    priced = 0
    if redirect:
        network, priced = redirected(
            compiled, lambda count, highest: rng.integers(1, highest + 1, count).tolist()
        )
    copies = 0
    if spread:
        found = spread_heads(network, generator)
        network, layout = found.network, _spread_layout(layout, found.heads)
        copies = len(layout.heads) - len(compiled.layout.heads)
    if duplicate:
        network = duplicate_units(network, generator)
    return network, layout, {"idle": priced, "copies": copies, "duplicates": duplicate}


def _spread_layout(layout: Layout, sources: Sequence[Any]) -> Layout:
    """A layout in which copies of heads make the choices of those that they copy."""
    known = {(head.round, head.head): head for head in layout.heads}
    heads = [
        replace(known[k, old], head=new)
        for k, source in enumerate(sources)
        for new, old in enumerate(source.tolist())
        if (k, old) in known
    ]
    return replace(layout, heads=tuple(heads))


def _sharpen(network: Network, factor: float) -> float:
    """Multiply the logits of all attention; by what they were: 1 where there is none."""
    from ..nets.attention_round import AbstractAttentionRound

    modules = [m for m in network.modules() if isinstance(m, AbstractAttentionRound)]
    for module in modules:
        module.sharpen(factor)
    return factor if modules else 1.0


def moved_layout(layout: Layout, found: Rearranged) -> Layout:
    """The layout of a rearranged network, from that of the network that it was made from."""
    heads = tuple(replace(head, head=int(found.heads[head.round][head.head])) for head in layout.heads)

    def moved(slots: Any, move: Move) -> tuple[dict[str, int], dict[str, float]]:
        places = {name: int(move.places[k]) for name, k in slots.items()}
        return places, {name: float(move.scale[k]) for name, k in slots.items()}

    slots, scales = moved(layout.slots, found.hidden)
    pair_slots, pair_scales = moved(layout.pair_slots, found.pairs)
    return replace(
        layout,
        hidden=found.hidden.size,
        slots=slots,
        heads=tuple(sorted(heads, key=lambda head: (head.round, head.head))),
        pair_slots=pair_slots,
        scales={**scales, **pair_scales},
    )


def changed_certificate(certificate: Certificate, network: Network, sharpness: float = 1.0) -> Certificate:
    """The certificate of a network that computes the same by other weights.

    Args:
        certificate: of the network that it was made from.
        network: the other one.
        sharpness: what its logits were multiplied by.
    """
    parameters = list(network.parameters())
    return replace(
        certificate,
        hidden=network.config.hidden,
        parameters=sum(p.numel() for p in parameters),
        nonzero=sum(int((p != 0).sum()) for p in parameters),
        margin=certificate.margin * sharpness,
    )


def verify_exact(task: Task, network: Network, certificate: Certificate, what: str) -> Verification:
    """Run a network against the interpreter on families of graphs.

    Args:
        task: the program, and the sampler.
        network, certificate: what should compute it, and up to which size.
        what: which realisation it is, in words.

    Raises:
        MechgapError: if anything differs.
    """
    sizes = [n for n in PLAN.sizes if n <= certificate.n]
    report = verify(task, network, certificate, replace(PLAN, sizes=sizes))
    if report.mismatches or not report.graphs:
        raise MechgapError(
            f"a realisation of {task.name} ({what})",
            f"{report.mismatches} values in {report.graphs} runs that are not the interpreter's",
            "none: realisations are exact",
            "this is a fault of mechgap: please report it",
        )
    return report
