"""Write a graph algorithm, compile it into exact network weights, train the same network, measure the gap.

The names below are what most people meet; each is loaded when it is first used, so that importing
the package is cheap. Everything else is imported from the module that defines it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .compiler.passes import Compiled, CompileSettings, compile_program
    from .errors import (
        CheckpointError,
        FileFormatError,
        GraphError,
        MechgapError,
        NotFoundError,
        ProgramError,
        RangeError,
        Refusal,
        TrainingError,
    )
    from .graphs import Graph
    from .interop.edges import read_edges
    from .interop.networkx import from_networkx
    from .lab.realisations import realisations
    from .lab.streams import traces
    from .lang.program import Program
    from .lang.substitution import substitute
    from .lang.vocabulary import (
        all_of,
        any_of,
        anywhere,
        arctan2,
        argmax,
        argmin,
        at_pair,
        choose,
        direct,
        edge,
        everywhere,
        first,
        first_leg,
        follow,
        graph,
        index,
        last,
        max_of,
        maximum,
        me,
        min_of,
        minimum,
        node,
        node_at,
        otherwise,
        receiver,
        reverse,
        rules,
        second_leg,
        sender,
        size,
        when,
        where,
    )
    from .measures.floors import References
    from .measures.foreign import ForeignSubject, FunctionSteps
    from .measures.panel import Setting, measure
    from .nets.config import NetworkConfig, clrs_config
    from .nets.network import Network
    from .nets.rollout import rollout
    from .nets.storage import load as load_network
    from .nets.storage import save as save_network
    from .semantics.batch import Batch
    from .semantics.inputs import to_batch
    from .semantics.interpreter import interpret
    from .semantics.trace import Trace
    from .tasks.catalogue import load as load_task
    from .tasks.task import Task
    from .training.loop import train
    from .training.run import Run
    from .training.settings import TrainingSettings

_NAMES = {
    "compiler.passes": ("CompileSettings", "Compiled", "compile_program"),
    "errors": (
        "CheckpointError",
        "FileFormatError",
        "GraphError",
        "MechgapError",
        "NotFoundError",
        "ProgramError",
        "RangeError",
        "Refusal",
        "TrainingError",
    ),
    "graphs": ("Graph",),
    "interop.edges": ("read_edges",),
    "interop.networkx": ("from_networkx",),
    "lab.realisations": ("realisations",),
    "lab.streams": ("traces",),
    "lang.program": ("Program",),
    "lang.substitution": ("substitute",),
    "lang.vocabulary": (
        *("node", "edge", "graph", "me", "size"),
        *("where", "minimum", "maximum", "arctan2", "index", "node_at", "sender", "receiver", "reverse"),
        *("any_of", "all_of", "anywhere", "everywhere", "min_of", "max_of"),
        *("first_leg", "second_leg", "direct", "at_pair"),
        *("first", "last", "choose", "argmin", "argmax", "follow", "when", "otherwise", "rules"),
    ),
    "measures.floors": ("References",),
    "measures.foreign": ("ForeignSubject", "FunctionSteps"),
    "measures.panel": ("Setting", "measure"),
    "nets.config": ("NetworkConfig", "clrs_config"),
    "nets.network": ("Network",),
    "nets.rollout": ("rollout",),
    "nets.storage": ("load_network", "save_network"),
    "semantics.batch": ("Batch",),
    "semantics.inputs": ("to_batch",),
    "semantics.interpreter": ("interpret",),
    "semantics.trace": ("Trace",),
    "tasks.catalogue": ("load_task",),
    "tasks.task": ("Task",),
    "training.loop": ("train",),
    "training.run": ("Run",),
    "training.settings": ("TrainingSettings",),
}
_SHORT = {"load_network": "load", "save_network": "save", "load_task": "load"}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [
    "Batch",
    "CheckpointError",
    "CompileSettings",
    "Compiled",
    "FileFormatError",
    "ForeignSubject",
    "FunctionSteps",
    "Graph",
    "GraphError",
    "MechgapError",
    "Network",
    "NetworkConfig",
    "NotFoundError",
    "Program",
    "ProgramError",
    "RangeError",
    "References",
    "Refusal",
    "Run",
    "Setting",
    "Task",
    "Trace",
    "TrainingError",
    "TrainingSettings",
    "__version__",
    "all_of",
    "any_of",
    "anywhere",
    "arctan2",
    "argmax",
    "argmin",
    "at_pair",
    "choose",
    "clrs_config",
    "compile_program",
    "direct",
    "edge",
    "everywhere",
    "first",
    "first_leg",
    "follow",
    "from_networkx",
    "graph",
    "index",
    "interpret",
    "last",
    "load_network",
    "load_task",
    "max_of",
    "maximum",
    "me",
    "measure",
    "min_of",
    "minimum",
    "node",
    "node_at",
    "otherwise",
    "read_edges",
    "realisations",
    "receiver",
    "reverse",
    "rollout",
    "rules",
    "save_network",
    "second_leg",
    "sender",
    "size",
    "substitute",
    "to_batch",
    "traces",
    "train",
    "when",
    "where",
]


def __getattr__(name: str) -> object:
    """Load a public name from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOMES[name]}", __name__), _SHORT.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
