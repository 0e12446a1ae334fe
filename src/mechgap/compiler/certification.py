"""Whether a compiled network is exact in other formats of numbers; if not, why, and what would do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import Refusal
from ..lang.operations import Operation
from ..lang.program import Program
from .approximations import varying
from .certificate import Analysis, Certificate, measure
from .formats import FLOAT32, FORMATS, NumberFormat
from .gadgets import NO_FRACTION
from .ir import Form, Unit
from .layout import RoundPlan
from .pair_ir import PairUnit
from .passes import SMALLEST_N, Compiled, CompileSettings, compile_program
from .scales import INDEX_STEP, SPARE_BITS
from .targets.catalogue import target_of


@dataclass(frozen=True)
class Finding:
    """Why a network is not exact in a format.

    Attributes:
        what: the constant or the bound that does not fit.
        found: its value in the network.
        allowed: what the format needs.
        suffices: a constant with which it would be exact, in words.
    """

    what: str
    found: str
    allowed: str
    suffices: str


@dataclass(frozen=True)
class Verdict:
    """A compiled network in a format of numbers.

    Attributes:
        format: name of the format.
        n: largest number of nodes that was examined.
        largest_whole: largest whole number in any sum; at most ``exact``.
        exact_whole: up to where whole numbers are exact in the format.
        margin: smallest gap of logits over the one at which the format's exp is zero; at least 1.
        resolution: smallest difference of real numbers that is told apart.
        findings: why it is not exact; none if it is.
        smaller: a number of nodes for which it is exact, if it is not for ``n`` and there is one.
    """

    format: str
    n: int
    largest_whole: float
    exact_whole: float
    margin: float
    resolution: float
    findings: tuple[Finding, ...]
    smaller: int | None = None

    @property
    def exact(self) -> bool:
        """Whether the network is exact in the format."""
        return not self.findings


@dataclass(frozen=True)
class Certification:
    """What is promised of a program, in every format.

    Attributes:
        certificate: of the compiled network, for float32.
        verdicts: one for each format.
    """

    certificate: Certificate
    verdicts: tuple[Verdict, ...]

    def to_json(self) -> dict[str, Any]:
        """The certification as plain data."""
        verdicts = [{**asdict(verdict), "exact": verdict.exact} for verdict in self.verdicts]
        return {"certificate": self.certificate.to_json(), "formats": verdicts}


def certify(program: Program, settings: CompileSettings | None = None) -> Certification:
    """Compile a program, and say for which inputs and in which formats the network is exact.

    Raises:
        Refusal: if the program cannot be compiled.
    """
    settings = settings or CompileSettings()
    compiled = compile_program(program, settings)
    verdicts = [examine(compiled, number_format) for number_format in FORMATS]
    return Certification(
        compiled.certificate,
        tuple(
            _with_smaller(program, settings, verdict, f) for verdict, f in zip(verdicts, FORMATS, strict=True)
        ),
    )


def examine(compiled: Compiled, number_format: NumberFormat) -> Verdict:
    """Whether the weights of a compiled network, converted to a format, are exact in it.

    Exact means: equal to a run of the interpreter in that format, under the conditions of the certificate.
    """
    plan = compiled.plan
    rounds = tuple(round for part in plan.rounds for round in part)
    logits = target_of(compiled.certificate.target).logits
    analysis = measure(rounds, plan.n, number_format, logits)
    findings = (
        *_whole(analysis, number_format),
        *_selection(rounds, analysis, number_format),
        *_rounding(rounds, number_format),
        *_operations(plan.program, number_format),
        *_real_keys(rounds, number_format),
        *_weights(compiled, number_format),
        *_range(analysis, number_format),
    )
    return Verdict(
        number_format.name,
        plan.n,
        analysis.largest_whole,
        number_format.exact,
        analysis.margin,
        analysis.resolution,
        findings,
    )


def _with_smaller(
    program: Program, settings: CompileSettings, verdict: Verdict, number_format: NumberFormat
) -> Verdict:
    """The verdict with a smaller number of nodes, if only that stands in the way."""
    n = verdict.n
    while not verdict.exact and n > SMALLEST_N:
        n = max(SMALLEST_N, 2 ** (math.ceil(math.log2(n)) - 1))
        try:
            compiled = compile_program(program, CompileSettings(n, settings.distinct_keys, settings.target))
        except Refusal:
            break
        found = examine(compiled, number_format)
        if found.exact:
            return Verdict(**{**vars(verdict), "smaller": n})
        if {f.what for f in found.findings} & {
            "logit of an index",
            "rounding",
            "products",
            "angles",
            "real keys",
        }:
            break  # no size changes these
    return verdict


_ANY_SIZE = {"logit of an index", "rounding", "products", "angles", "real keys"}
"""Findings that no size changes."""


# ---- what must hold


def _whole(analysis: Analysis, number_format: NumberFormat) -> Iterator[Finding]:
    if analysis.largest_whole > number_format.exact:
        bits = math.ceil(math.log2(analysis.largest_whole))
        yield Finding(
            "whole numbers",
            f"up to {analysis.largest_whole:,.0f}",
            f"at most 2^{number_format.bits} = {number_format.exact:,.0f}",
            f"a mantissa of {bits} bits, smaller bounds, or a smaller n",
        )


def _selection(
    rounds: tuple[RoundPlan, ...], analysis: Analysis, number_format: NumberFormat
) -> Iterator[Finding]:
    if analysis.margin < 1 and any(round.fetches for round in rounds):
        power = math.ceil(math.log2(number_format.underflow))
        yield Finding(
            "logit of an index",
            f"2^{math.log2(INDEX_STEP):.0f} = {INDEX_STEP:.0f}",
            f"at least {number_format.underflow:g}, where exp is zero",
            f"2^{power} = {2**power}",
        )


def _range(analysis: Analysis, number_format: NumberFormat) -> Iterator[Finding]:
    largest = analysis.largest_whole * (INDEX_STEP if analysis.margin else 1.0)
    if math.log2(max(largest, 1.0)) >= number_format.largest:
        yield Finding(
            "range",
            f"logits up to {largest:.3g}",
            f"numbers below 2^{number_format.largest}",
            "smaller bounds, a smaller n, or a format with the exponents of float32",
        )


def _rounding(rounds: tuple[RoundPlan, ...], number_format: NumberFormat) -> Iterator[Finding]:
    """Rounding by adding 2^23, which is right for float32 alone."""
    used = any(
        isinstance(atom, (Unit, PairUnit)) and not atom.whole and _adds_no_fraction(atom.form)
        for round in rounds
        for layer in (round.update, *round.layers, *round.pairs)
        for atom in layer
    )
    if used and number_format.no_fraction != NO_FRACTION:
        power = number_format.bits - 1
        yield Finding(
            "rounding",
            f"adds 2^{math.log2(NO_FRACTION):.0f}",
            f"2^{power}, from where on there are no fractions",
            f"2^{power}, for fewer than 2^{power - 1} nodes",
        )


def _adds_no_fraction(form: Form) -> bool:
    """Whether a unit rounds by adding; products take a half away first."""
    return NO_FRACTION - form.constant in (0.0, 0.5)


def _operations(program: Program, number_format: NumberFormat) -> Iterator[Finding]:
    """Products and angles, which are computed as float32 computes them."""
    if number_format.bits == FLOAT32.bits:
        return
    for operation, what, found in (
        (Operation.MULTIPLY, "products", f"of {FLOAT32.bits} digits"),
        (Operation.ARCTAN2, "angles", f"to {FLOAT32.bits} digits"),
    ):
        if varying(program, operation):
            digits = f"{number_format.bits} digits"
            yield Finding(what, found, digits, f"significands, or turns, for {digits}")


def _real_keys(rounds: tuple[RoundPlan, ...], number_format: NumberFormat) -> Iterator[Finding]:
    """Real keys that are ordered together with the index."""
    ordered = any(
        fetch.key is not None and not fetch.key.whole and fetch.order is not None
        for round in rounds
        for fetch in round.fetches
    )
    if ordered and number_format.spare_bits < SPARE_BITS:
        yield Finding(
            "real keys",
            f"ordered to 2^-{SPARE_BITS} of their range for one index",
            f"2^-{number_format.spare_bits}, below which averages of equal keys are rounded away",
            f"2^{number_format.spare_bits}, or the promise that no two keys are equal (--distinct-keys)",
        )


def _weights(compiled: Compiled, number_format: NumberFormat) -> Iterator[Finding]:
    """Weights of the rounds that the format cannot write; readouts are rounded as recorded values are."""
    parameters = [*compiled.network.prologue.parameters(), *compiled.network.rounds.parameters()]
    values = {value for parameter in parameters for value in parameter.detach().flatten().tolist()}
    wrong = [value for value in values if not number_format.holds(value)]
    if not wrong:
        return
    largest = max(wrong, key=abs)
    small = math.log2(abs(largest)) < number_format.largest
    yield Finding(
        "weights",
        f"{len(wrong)} that cannot be written, up to {abs(largest):.3g}",
        f"numbers of {number_format.bits} bits below 2^{number_format.largest}",
        "smaller bounds or a smaller n" if small else "a format with the exponents of float32",
    )
