"""Variants of a compiled network that look more as if they were learnt, each verified: for the zoo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..compiler.passes import Compiled, CompileSettings, compile_program
from ..errors import MechgapError
from ..tasks.task import Task
from .disturbances import with_noise
from .families import FAMILIES
from .realisations import changed_certificate, moved_layout, verify_exact
from .robustness import PARTS, outcome

if TYPE_CHECKING:
    from ..compiler.certificate import Certificate
    from ..compiler.layout import Layout
    from ..nets.network import Network
    from ..semantics.trace import Trace

PLAIN = "network"
WIDTH = 64
"""Of the layers at nodes of the padded variant."""
NOISY_N = 16
"""For how many nodes the noisy variant is compiled: the fewer, the more noise a network bears."""
NOISY_SIZES, NOISY_GRAPHS = (4, 9, 16), 4
"""On which graphs noise is tried: so many of each family and size."""
WORK = 2**21
"""A family is left out at a size at which frames times pairs of nodes of all its graphs exceed this."""
LADDER = (("", (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)), ("readouts.", (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)))
"""Which parameters get noise, and how much, relative to each weight: the first that is verified is taken."""
UNCERTIFIED = "none of this is certified: noise was added to the weights"
"""Stands among the conditions of a noisy network, whose certificate is that of the one without noise."""
CHANGES = {
    "padded": f"idle units up to a width of {WIDTH}, behind the others",
    "permuted": "units and heads in another order",
    "scaled": "units multiplied by powers of two from 2^-3 to 2^3",
    "noisy": "noise on weights",
}
"""The variants, and what each differs in."""


@dataclass(frozen=True)
class Specimen:
    """A network of the zoo.

    Attributes:
        name: "network" for the compiled one, or that of a variant.
        change: what differs from the compiled one, in words.
        network, layout, certificate: the network, and what is known of it.
        certified: whether the certificate holds for it; otherwise it was only verified.
        verified: what was verified: "everything" or the "decisions" only, graphs, steps, sizes, and the
            noise if there is any.
    """

    name: str
    change: str
    network: Network
    layout: Layout
    certificate: Certificate
    certified: bool
    verified: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """What is known of the specimen, without its weights and layout."""
        promised = {"n": self.certificate.n, "certified": self.certified, "verified": self.verified}
        return {"name": self.name, "change": self.change, **promised}


@dataclass(frozen=True)
class LeftOut:
    """A variant that there is not.

    Attributes:
        name: of the variant.
        reason: in words.
    """

    name: str
    reason: str


def specimens(task: Task, compiled: Compiled, seed: int) -> Iterator[Specimen | LeftOut]:
    """The compiled network of a task, and its variants.

    Padded, permuted and scaled ones are exact by construction, and verified against the interpreter bit
    for bit. The noisy one is not certified: with noise, numbers differ in their last digits. The noise is
    the largest of ``LADDER`` with which all decisions (masks, pointers, categories, halting) were right
    in all runs on families of graphs.

    Args:
        task: the program, and the sampler.
        compiled: from the program.
        seed: of everything that is drawn.

    Raises:
        MechgapError: if a variant that must be exact is not.
    """
    verified = _verified(task, compiled.network, compiled.certificate, PLAIN)
    parts = (compiled.network, compiled.layout, compiled.certificate)
    yield Specimen(PLAIN, "none", *parts, True, verified)
    for number, name in enumerate(("padded", "permuted", "scaled")):
        yield _rearranged(task, compiled, name, (seed, number))
    yield _noisy(task, compiled.certificate.target, seed)


def _rearranged(task: Task, compiled: Compiled, name: str, seed: tuple[int, int]) -> Specimen | LeftOut:
    import numpy as np
    import torch

    from ..nets.moves import Freedom
    from ..nets.symmetries import rearrange

    hidden = compiled.network.config.hidden
    if name == "padded" and hidden >= WIDTH:
        return LeftOut(name, f"the network has {hidden} dimensions already")
    generator = torch.Generator().manual_seed(int(np.random.default_rng(seed).integers(2**62)))
    width, freedom = WIDTH if name == "padded" else 0, Freedom(name == "permuted", name == "scaled")
    try:
        found = rearrange(compiled.network, generator, width, freedom)
    except MechgapError as error:
        return LeftOut(name, error.faults[0].given)
    layout = moved_layout(compiled.layout, found)
    certificate = changed_certificate(compiled.certificate, found.network)
    verified = _verified(task, found.network, certificate, name)
    return Specimen(name, CHANGES[name], found.network, layout, certificate, True, verified)


def _verified(task: Task, network: Network, certificate: Certificate, name: str) -> dict[str, Any]:
    report = verify_exact(task, network, certificate, name)
    sizes = sorted({check.n for check in report.checks})
    return {"what": PARTS[1], "graphs": report.graphs, "steps": report.steps, "sizes": sizes}


def _noisy(task: Task, target: str, seed: int) -> Specimen | LeftOut:
    small = compile_program(task.program, CompileSettings(n=NOISY_N, target=target))
    runs = list(_exact_runs(task, seed))
    for part, deviations in LADDER:
        for deviation in deviations:
            noisy = with_noise(small.network, deviation, (seed, 3), part)
            if all(bool(outcome(task.program, noisy, exact).whole[PARTS[0]].all()) for exact in runs):
                conditions = (*small.certificate.conditions, UNCERTIFIED)
                certificate = changed_certificate(replace(small.certificate, conditions=conditions), noisy)
                verified = _verified_decisions(runs, part.rstrip(".") or "all weights", deviation)
                change = f"noise on {part.rstrip('.') or 'all weights'}, deviation {deviation:g}"
                return Specimen("noisy", change, noisy, small.layout, certificate, False, verified)
    least = LADDER[-1][1][-1]
    return LeftOut("noisy", f"decisions were wrong with noise of {least:g} already")


def _verified_decisions(runs: list[Trace], noised: str, deviation: float) -> dict[str, Any]:
    return {
        "what": PARTS[0],
        "graphs": sum(len(exact.batch) for exact in runs),
        "steps": sum(int(exact.lengths.sum()) for exact in runs),
        "sizes": sorted({exact.batch.width for exact in runs}),
        "noise": {"deviation": deviation, "of": noised},
    }


def _exact_runs(task: Task, seed: int) -> Iterator[Trace]:
    from ..semantics.interpreter import interpret

    for n in NOISY_SIZES:
        for family in FAMILIES:
            if family.fits(task):
                exact = interpret(task.program, family.build(task, seed, n, NOISY_GRAPHS))
                if exact.frames * exact.batch.width**2 * len(exact.batch) <= WORK:
                    yield exact
