"""Whether maxima over all nodes are maxima over neighbours too, for processors that hear only these."""

from __future__ import annotations

from ...errors import Refusal
from ...kinds.mask import Mask
from ...lang.location import Location
from ...lang.program import Program
from ..ir import Atom, EdgeColumn, Form
from ..message_ir import Pooled
from ..pair_ir import EndAtom, MessageUnit
from .circuit import AbstractSettling, Circuit


def check_heard(program: Program, circuit: Circuit, settling: AbstractSettling, where: str) -> None:
    """Look for a maximum to which a node could matter that is not heard.

    A node hears itself, and every node with which an input that is a mask of edges connects it, in
    either direction.

    Raises:
        Refusal: naming the first such maximum.
    """
    masks = {
        port.name
        for port in program.interface.inputs
        if port.location is Location.EDGE and isinstance(port.kind, Mask)
    }
    cut = {pool for pool in circuit.pools if _only_cut(pool, circuit)}
    for pool in circuit.pools:
        if all(isinstance(a, EndAtom) and settling.is_uniform(a.source) for a in pool.form.atoms):
            continue
        unheard = _Unheard(masks)
        floor = 0.0 if pool in cut else pool.floor
        if unheard.top(pool.form) > (floor if floor >= 0 else _least(pool.form)):
            raise Refusal(
                f"{where}, in `{pool.origin}`",
                "a choice among all nodes",
                "choices among neighbours in the mask of edges: this processor hears no other nodes",
                "use mpnn, which hears all nodes",
            )


def _only_cut(pool: Pooled, circuit: Circuit) -> bool:
    """Whether all that is read of a maximum is its positive part."""
    forms = (*circuit.start.values(), *circuit.step.values(), *(unit.form for unit in circuit.units))
    readers = [form for form in forms if pool in form.atoms]
    units = [unit for unit in circuit.units if pool in unit.form.atoms]
    return len(units) == len(readers) and all(unit.form.single is pool for unit in units)


def _least(form: Form) -> float:
    """Lower bound of a key that no penalty moves; penalties are whole and outweigh all else."""
    terms = dict(form.terms)
    rest = form
    for atom, factor in terms.items():
        others = form - Form(((atom, factor),))
        if factor < 0 and atom.whole and -factor >= 2.0 * _span(others, -factor):
            rest = rest - Form(((atom, factor),))
    return rest.bottom


def _span(form: Form, factor: float) -> float:
    """Reach of the terms that are smaller than a factor."""
    return abs(form.constant) + sum(abs(c) * a.high for a, c in form.terms if abs(c) < factor)


class _Unheard:
    """Bounds of numbers at pairs without an edge.

    Args:
        masks: inputs that are 0 there.
    """

    def __init__(self, masks: set[str]) -> None:
        self._masks = masks
        self._known: dict[Atom, tuple[float, float]] = {}

    def top(self, form: Form) -> float:
        """Upper bound of a form."""
        return form.constant + sum(c * self._bounds(a)[c > 0] for a, c in form.terms)

    def _bottom(self, form: Form) -> float:
        return form.constant + sum(c * self._bounds(a)[c < 0] for a, c in form.terms)

    def _bounds(self, atom: Atom) -> tuple[float, float]:
        if atom not in self._known:
            self._known[atom] = self._found(atom)
        return self._known[atom]

    def _found(self, atom: Atom) -> tuple[float, float]:
        match atom:
            case EdgeColumn() if atom.port in self._masks:
                return 0.0, 0.0
            case MessageUnit():
                high = min(atom.high, max(0.0, self.top(atom.form)))
                return max(0.0, self._bottom(atom.form)), high
        return atom.low, atom.high
