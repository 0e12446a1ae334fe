"""The processors of the benchmark, by name: what the compiler has to know of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...errors import Refusal
from ...lang.program import Program
from ..dialect import HIDDEN_LAYER, Dialect
from ..dialect import MESSAGES as BY_MESSAGES
from ..ir import Atom
from . import identity
from .attending import AttentionSettling, hears_neighbours
from .attention import fill_attention, middle
from .circuit import AbstractSettling, Circuit
from .hearing import check_heard
from .messages import fill_messages
from .parameters import Parameters
from .places import Places
from .rewriting import ATTENTION, MESSAGES, Rule
from .sending import MessageSettling


@dataclass(frozen=True)
class Processor:
    """A processor of the benchmark.

    Attributes:
        name: by which the benchmark makes it.
        everyone: whether nodes hear all nodes, not only neighbours.
        dialect: of the lowering.
        rules: by which programs are reworded.
        settling: makes the circuit.
        count: makes the index of a node.
        check_heard: looks for what a node would have to hear of nodes that are no neighbours.
        middle: how many units the attention of a head needs.
        fill: fills the parameters.
        gated: whether it ends in a gate.
        triplets: whether it makes triplet messages.
    """

    name: str
    everyone: bool
    dialect: Dialect
    rules: tuple[Rule, ...]
    settling: type[AbstractSettling]
    count: Callable[[int, identity.Marks], Atom]
    check_heard: Callable[[Program, Circuit, AbstractSettling, str], None]
    middle: Callable[[Circuit, int], int]
    fill: Callable[[Task], None]
    gated: bool = False
    triplets: bool = False


@dataclass(frozen=True)
class Task:
    """What is to be filled.

    Attributes:
        parameters: get the layers.
        circuit: what is computed.
        places: where.
        rounds: of a step.
        n: largest number of nodes.
        index: of nodes.
        processor: which one.
    """

    parameters: Parameters
    circuit: Circuit
    places: Places
    rounds: int
    n: int
    index: Atom
    processor: Processor


def _fill_messages(task: Task) -> None:
    parts = (task.processor.gated, task.processor.triplets)
    fill_messages(task.parameters, task.circuit, task.places, task.rounds, parts)


def _fill_attention(task: Task) -> None:
    fill_attention(task.parameters, task.circuit, task.places, (task.rounds, task.n), task.index)


def _check_attended(program: Program, circuit: Circuit, settling: AbstractSettling, where: str) -> None:
    if not hears_neighbours(circuit.fetches):
        raise Refusal(
            where,
            "a choice among all nodes",
            "choices among neighbours in the mask of edges: this processor attends no other nodes",
            "use gatv2_full, which attends all nodes",
        )


def _messages(name: str, everyone: bool, gated: bool = False, triplets: bool = False) -> Processor:
    return Processor(
        name,
        everyone,
        BY_MESSAGES,
        MESSAGES,
        MessageSettling,
        identity.index,
        check_heard,
        lambda circuit, n: 0,
        _fill_messages,
        gated,
        triplets,
    )


def _attention(name: str, everyone: bool) -> Processor:
    return Processor(
        name,
        everyone,
        HIDDEN_LAYER,
        ATTENTION,
        AttentionSettling,
        identity.attended_index,
        _check_attended,
        middle,
        _fill_attention,
    )


PROCESSORS: Mapping[str, Processor] = {
    processor.name: processor
    for processor in (
        _attention("gatv2", False),
        _attention("gatv2_full", True),
        _messages("mpnn", True),
        _messages("pgn", False),
        _messages("triplet_gmpnn", True, gated=True, triplets=True),
    )
}
