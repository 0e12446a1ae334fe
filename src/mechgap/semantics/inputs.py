"""Makes batches of inputs out of graphs, and checks batches before they are run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ..errors import Fault, GraphError
from ..graphs import Graph, shown
from ..kinds.categorical import Categorical
from ..kinds.kind import AbstractKind
from ..kinds.mask import Mask, MaskOne
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.location import Location
from ..lang.program import Program
from .batch import Batch

_DTYPES: dict[type[AbstractKind], torch.dtype] = {
    Mask: torch.bool,
    MaskOne: torch.bool,
    Pointer: torch.int64,
    Categorical: torch.int64,
    Scalar: torch.float32,
}
_WHOLE = 1e-3
"""How far, in units, a recorded whole number may be from one (its unit need not be a binary fraction)."""


def to_batch(
    graph: Graph,
    program: Program,
    *,
    source: object = None,
    values: Mapping[str, ArrayLike] | None = None,
) -> Batch:
    """The inputs of a program on one graph, as a batch of one.

    Inputs are filled by name: ``adj`` (which pairs are edges, and all loops, as in CLRS), ``A`` (the
    weights, 0 where there is no edge), ``s`` (the source), ``pos`` (i / N); any other from ``values``.

    Args:
        graph: the graph.
        program: whose inputs are wanted.
        source: name or number of the source, if the program has an input ``s``.
        values: further inputs by name, without a batch axis; they go before those made of the graph.

    Raises:
        GraphError: if an input is missing or does not fit what the program declares.
    """
    given = dict(values or {})
    known = {variable.name: variable for variable in program.inputs}
    for name in given:
        if name not in known:
            raise _unknown(program, name)
    if source is not None and "s" in known and "s" not in given:
        given["s"] = np.arange(graph.size) == graph.position(source)
    standard: dict[str, ArrayLike] = {
        "pos": np.arange(graph.size) / graph.size,
        "A": graph.weights,
        "adj": graph.adjacency | np.eye(graph.size, dtype=bool),
    }
    found = {**{name: value for name, value in standard.items() if name in known}, **given}
    missing = [
        _missing(program, variable, graph) for variable in program.inputs if variable.name not in found
    ]
    if missing:
        raise GraphError.of(missing)
    batch = Batch(
        {name: _tensor(program, variable, found[name]) for name, variable in known.items()},
        torch.ones(1, graph.size, dtype=torch.bool),
    )
    check_batch(program, batch, names=graph.names)
    return batch


def join(batches: Sequence[Batch]) -> Batch:
    """One batch of the graphs of several, padded to the largest number of nodes.

    Raises:
        GraphError: if there are none, or if they do not have the same inputs.
    """
    names = [tuple(sorted(batch.values)) for batch in batches]
    if not batches or len(set(names)) > 1:
        raise GraphError(
            "joining batches",
            f"{len(batches)} batches with the inputs {sorted(set(names))}",
            "one or more batches with the same inputs",
            "join batches of one program",
        )
    width = max(batch.width for batch in batches)
    values = {name: torch.cat([_padded(batch.values[name], width) for batch in batches]) for name in names[0]}
    return Batch(values, torch.cat([_padded(batch.nodes, width) for batch in batches]))


def check_batch(program: Program, batch: Batch, *, names: Sequence[str] = ()) -> None:
    """Check a batch against the inputs that a program declares: shapes, types, kinds and ranges.

    Inputs that the program does not read are ignored.

    Args:
        program: the program to be run.
        batch: its inputs.
        names: names of the nodes, for the messages.

    Raises:
        GraphError: if anything does not fit; the error lists every fault.
    """
    faults = list(_node_faults(program, batch))
    if not faults:
        for variable in program.inputs:
            faults.extend(_input_faults(program, variable, batch, names))
    if faults:
        raise GraphError.of(faults)


def places(location: Location, nodes: Tensor) -> Tensor:
    """Which places of a location belong to nodes [B, N]: [B, N, N], [B, N] or [B]."""
    return (nodes[:, 0], nodes, nodes[:, :, None] & nodes[:, None, :])[location.rank]


def _node_faults(program: Program, batch: Batch) -> Iterator[Fault]:
    nodes, where = batch.nodes, f"program {program.name}, batch"
    if nodes.dim() != 2 or nodes.dtype != torch.bool or not nodes.numel():
        yield Fault(
            where,
            f"`nodes` of shape {tuple(nodes.shape)} and type {nodes.dtype}",
            "truth values [B, N], with B and N at least 1",
            "say which rows are nodes",
        )
    elif not bool(nodes[:, 0].all()) or bool((nodes[:, 1:] & ~nodes[:, :-1]).any()):
        yield Fault(
            where,
            "a graph without nodes, or with padding before its nodes",
            "at least one node, and the nodes before the padding",
            "reorder the rows",
        )


def _input_faults(
    program: Program, variable: Variable, batch: Batch, names: Sequence[str]
) -> Iterator[Fault]:
    where = f"program {program.name}, input {variable.name}"
    if variable.name not in batch.values:
        yield Fault(
            where,
            f"no value; the batch has {', '.join(batch.values) or 'nothing'}",
            f"a {variable.location.value} {variable.kind.describe()}",
            "add it to the batch",
        )
        return
    value = batch.values[variable.name]
    shape = (len(batch), *[batch.width] * variable.location.rank)
    wanted = _DTYPES[type(variable.kind)]
    if tuple(value.shape) != shape:
        yield Fault(
            where,
            f"a value of shape {tuple(value.shape)}",
            f"shape {shape}, one value for each {variable.location.value}",
            "reshape it",
        )
        return
    if value.dtype != wanted and not (value.is_floating_point() and wanted.is_floating_point):
        yield Fault(
            where,
            f"values of type {value.dtype}",
            f"{wanted} for a {variable.kind.name}",
            "convert the values",
        )
        return
    wrong, expected = _CHECKS[type(variable.kind)](variable.kind, value, batch)
    if not bool(wrong.any()):
        return
    real = places(variable.location, batch.nodes)
    wrong = (wrong & real).nonzero() if wrong.shape == real.shape else wrong.nonzero()
    if len(wrong):
        first = tuple(wrong[0].tolist())
        entry = (
            value[first].item() if len(first) == value.dim() else f"{int(value[first].sum())} nodes marked"
        )
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        yield Fault(
            f"{where}, {_spot(first, names)}",
            f"{entry}{more}",
            expected,
            "correct the input, or widen what the program declares",
        )


def _spot(place: tuple[int, ...], names: Sequence[str]) -> str:
    """A place of a value in words."""
    words = [names[i] if i < len(names) else str(i) for i in place[1:]]
    spot = {0: "", 1: ", node ", 2: ", pair "}[len(words)] + " -> ".join(words)
    return f"graph {place[0]}{spot}"


def _check_scalar(kind: AbstractKind, value: Tensor, batch: Batch) -> tuple[Tensor, str]:
    assert isinstance(kind, Scalar)
    expected = f"a finite {kind.describe()}, as the input declares"
    low, high = (float(bound) for bound in torch.aminmax(value))  # NaN if there is one
    inside = kind.low * kind.unit <= low and high <= kind.high * kind.unit
    inside = inside and -math.inf < low and high < math.inf
    if inside and (not kind.whole or (kind.unit == 1.0 and torch.equal(value, value.round()))):
        return torch.zeros((), dtype=torch.bool), expected
    units = value.double() / kind.unit
    slack = _WHOLE if kind.whole and kind.unit != 1.0 else 0.0
    bad = ~units.isfinite() | (units < kind.low - slack) | (units > kind.high + slack)
    if kind.whole:
        bad |= (units - units.round()).abs() > slack
    return bad, expected


def _check_mask(kind: AbstractKind, value: Tensor, batch: Batch) -> tuple[Tensor, str]:
    return torch.zeros((), dtype=torch.bool), "truth values"


def _check_mask_one(kind: AbstractKind, value: Tensor, batch: Batch) -> tuple[Tensor, str]:
    return ((value & batch.nodes).sum(1) != 1) | (value & ~batch.nodes).any(1), "exactly one marked node"


def _check_pointer(kind: AbstractKind, value: Tensor, batch: Batch) -> tuple[Tensor, str]:
    limit = batch.sizes.reshape(-1, *[1] * (value.dim() - 1))
    return (value < 0) | (value >= limit), "the number of a node of the graph, from 0"


def _check_categorical(kind: AbstractKind, value: Tensor, batch: Batch) -> tuple[Tensor, str]:
    assert isinstance(kind, Categorical)
    codes = len(kind.categories)
    return (value < 0) | (value >= codes), f"a code from 0 to {codes - 1} ({', '.join(kind.categories)})"


_CHECKS: dict[type[AbstractKind], Callable[[AbstractKind, Tensor, Batch], tuple[Tensor, str]]] = {
    Scalar: _check_scalar,
    Mask: _check_mask,
    MaskOne: _check_mask_one,
    Pointer: _check_pointer,
    Categorical: _check_categorical,
}


def _tensor(program: Program, variable: Variable, value: ArrayLike) -> Tensor:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise GraphError(
            f"program {program.name}, input {variable.name}",
            f"values of type {array.dtype}",
            f"numbers or truth values for a {variable.kind.describe()}",
            "convert the values",
        )
    value = torch.as_tensor(np.array(array)).to(_DTYPES[type(variable.kind)])
    if not value.is_floating_point() and bool((value.double().numpy() != array).any()):
        raise GraphError(
            f"program {program.name}, input {variable.name}",
            "numbers that are no " + ("truth values" if value.dtype == torch.bool else "whole numbers"),
            f"a {variable.kind.describe()}",
            "correct the values",
        )
    return value[None]


def _padded(value: Tensor, width: int) -> Tensor:
    """A value with its node axes lengthened by zeros."""
    extra = [0, width - value.shape[1]] * (value.dim() - 1) if value.dim() > 1 else []
    return torch.nn.functional.pad(value, extra) if extra else value


def _unknown(program: Program, name: str) -> GraphError:
    return GraphError(
        f"program {program.name}",
        f"a value for {name!r}",
        f"values for its inputs: {', '.join(v.name for v in program.inputs)}",
        "rename or drop the value",
    )


def _missing(program: Program, variable: Variable, graph: Graph) -> Fault:
    where = f"program {program.name}, input {variable.name}"
    wanted = f"a {variable.location.value} {variable.kind.describe()}"
    if variable.name == "s":
        return Fault(where, "no source", f"one of the nodes {shown(graph.names)}", "give a source")
    return Fault(
        where,
        "no value: a graph gives only adj, A, s and pos",
        wanted,
        f"pass it in `values`, as {variable.name}=…",
    )
