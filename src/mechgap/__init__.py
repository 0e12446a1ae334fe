"""Write a graph algorithm, compile it into exact network weights, train the same network, measure the gap.

The names below are what most people meet; each is loaded when it is first used, so that importing
the package is cheap. Everything else is imported from the module that defines it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .compiler.passes import Compiled as Compiled
    from .compiler.passes import CompileSettings as CompileSettings
    from .compiler.passes import compile_program as compile_program
    from .errors import CheckpointError as CheckpointError
    from .errors import FileFormatError as FileFormatError
    from .errors import GraphError as GraphError
    from .errors import MechgapError as MechgapError
    from .errors import NotFoundError as NotFoundError
    from .errors import ProgramError as ProgramError
    from .errors import RangeError as RangeError
    from .errors import Refusal as Refusal
    from .errors import TrainingError as TrainingError
    from .graph import Graph as Graph
    from .interop.edges import read_edges as read_edges
    from .interop.networkx import from_networkx as from_networkx
    from .lang.program import Program as Program
    from .lang.vocabulary import all_of as all_of
    from .lang.vocabulary import any_of as any_of
    from .lang.vocabulary import anywhere as anywhere
    from .lang.vocabulary import argmax as argmax
    from .lang.vocabulary import argmin as argmin
    from .lang.vocabulary import choose as choose
    from .lang.vocabulary import edge as edge
    from .lang.vocabulary import everywhere as everywhere
    from .lang.vocabulary import first as first
    from .lang.vocabulary import follow as follow
    from .lang.vocabulary import graph as graph
    from .lang.vocabulary import index as index
    from .lang.vocabulary import last as last
    from .lang.vocabulary import max_of as max_of
    from .lang.vocabulary import maximum as maximum
    from .lang.vocabulary import me as me
    from .lang.vocabulary import min_of as min_of
    from .lang.vocabulary import minimum as minimum
    from .lang.vocabulary import node as node
    from .lang.vocabulary import node_at as node_at
    from .lang.vocabulary import receiver as receiver
    from .lang.vocabulary import reverse as reverse
    from .lang.vocabulary import rules as rules
    from .lang.vocabulary import sender as sender
    from .lang.vocabulary import size as size
    from .lang.vocabulary import when as when
    from .lang.vocabulary import where as where
    from .nets.config import NetworkConfig as NetworkConfig
    from .nets.config import clrs_config as clrs_config
    from .nets.network import Network as Network
    from .nets.rollout import rollout as rollout
    from .nets.storage import load as load_network
    from .nets.storage import save as save_network
    from .semantics.batch import Batch as Batch
    from .semantics.inputs import to_batch as to_batch
    from .semantics.interpreter import interpret as interpret
    from .semantics.trace import Trace as Trace
    from .tasks.catalogue import load as load_task
    from .tasks.task import Task as Task

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
    "graph": ("Graph",),
    "interop.edges": ("read_edges",),
    "interop.networkx": ("from_networkx",),
    "lang.program": ("Program",),
    "lang.vocabulary": (
        *("node", "edge", "graph", "me", "size"),
        *("where", "minimum", "maximum", "index", "node_at", "sender", "receiver", "reverse"),
        *("any_of", "all_of", "anywhere", "everywhere", "min_of", "max_of"),
        *("first", "last", "choose", "argmin", "argmax", "follow", "when", "rules"),
    ),
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
}
_SHORT = {"load_network": "load", "save_network": "save", "load_task": "load"}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__version__ = "0.1.0"
__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604


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
