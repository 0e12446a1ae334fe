"""Compiles a program into the parameters of the unmodified network of the CLRS benchmark."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...errors import NotFoundError, Refusal
from ...lang.location import Location
from ...lang.program import Port, Program
from ..gadgets import Gadgets, TooLarge
from ..ir import Atom
from ..lowering import lower, output_key
from . import identity
from .coders import Decoders, fill_encoders
from .exactness import check_exact
from .parameters import Parameters, Stock
from .places import place
from .processors import PROCESSORS, Processor, Task
from .rewriting import counts, frozen, rewritten
from .timing import rounds

LARGEST_CODE = 2**12
"""Codes of nodes that are tried first; at most half as many nodes are told apart for certain."""

SMALLEST_CODE = 2**8
"""Codes of nodes that are tried last, and for programs that count with indices the number of nodes."""


@dataclass(frozen=True)
class Promises:
    """What a program is compiled for.

    Attributes:
        counted: whether indices are counted, and not only ordered.
        undirected: see ``stock_parameters``.
    """

    counted: bool
    undirected: bool


def stock_parameters(
    program: Program, processor: str, undirected: bool = False, at_once: bool = False
) -> Stock:
    """Compile a program into parameters of the benchmark's network.

    Args:
        program: what to compile.
        processor: of the benchmark, one of ``PROCESSORS``.
        undirected: the promise that inputs of edges are the same in both directions. Messages know
            the edge that they come along, and not the opposite one.
        at_once: whether a run may be over in its first frame, and its outputs must then stay as they
            are in the step that the benchmark makes even so.

    Raises:
        Refusal: if the network cannot compute it.
        NotFoundError: if there is no such processor.
    """
    if processor not in PROCESSORS:
        raise NotFoundError(
            "the benchmark's network",
            f"the processor {processor!r}",
            f"one of {', '.join(PROCESSORS)}",
            "correct the name",
        )
    program = rewritten(frozen(program) if at_once else program, PROCESSORS[processor].rules)
    counted = counts(program)
    n = identity.COUNTED if counted else LARGEST_CODE
    while True:
        try:
            return _compile(program, PROCESSORS[processor], n, Promises(counted, undirected))
        except TooLarge:
            if n <= SMALLEST_CODE:
                raise
            n //= 2


def _compile(program: Program, processor: Processor, n: int, promises: Promises) -> Stock:
    where = f"program {program.name}, for the benchmark's {processor.name}"
    marks, made = identity.Marks.of(program), list[Atom]()

    def index(n: int, gadgets: Gadgets) -> Atom:
        name = processor.count if promises.counted else identity.code
        made.append(name(n, marks))
        return made[0]

    lowered, meaning = lower(program, n, True, replace(processor.dialect, index=index))
    ports = _ports(program)
    slots = {slot.name: slot for slot in lowered.slots}
    silent = {key for key in ports if any(slots[name].paired for name in meaning.slots[key])}
    _check_outputs(ports, silent, where)
    everywhere = [port.name for port in program.interface.inputs if port.location is Location.GRAPH]
    settling = processor.settling(lowered, everywhere, where, promises.undirected)
    shown = [name for key in ports if key not in silent for name in meaning.slots[key]]
    circuit = settling.circuit(shown, made)
    check_exact(circuit, n, where)
    if not processor.everyone:
        processor.check_heard(program, circuit, settling, where)
    parameters = Parameters()
    places = place(program, circuit, processor.middle(circuit, n))
    fill_encoders(parameters, program, places)
    count = rounds(circuit)
    own = circuit.shown[str(made[0].origin)]
    processor.fill(Task(parameters, circuit, places, count, n, own, processor))
    decoders = Decoders(parameters, places, (1 + processor.triplets) * places.width, slots)
    for key, port in ports.items():
        names = () if key in silent else meaning.slots[key]
        decoders.fill(port, [(name, circuit.shown[name]) for name in names], own)
    return Stock(
        program.name,
        processor.name,
        parameters.arrays(),
        places.width,
        count,
        n if promises.counted else n // (4 if marks.second else 2),
        places.heads,
        promises.undirected,
        tuple(ports[key].name for key in ports if key in silent),
    )


def _ports(program: Program) -> dict[str, Port]:
    """The hints and outputs, by the names under which their slots are known."""
    hints = {port.name: port for port in program.interface.hints}
    return hints | {output_key(port.name): port for port in program.interface.outputs}


def _check_outputs(ports: dict[str, Port], silent: set[str], where: str) -> None:
    """Refuse outputs that live on edges: nothing but inputs is known there, and decoders are linear."""
    for key, port in ports.items():
        if key in silent and key == output_key(port.name):
            raise Refusal(
                f"{where}, output {port.name}",
                f"an {port.location.value} {port.kind.name}, computed at pairs of nodes",
                "outputs of nodes and of the graph: pairs keep nothing, and their decoders are linear",
                "compile for the networks of this package instead",
            )
