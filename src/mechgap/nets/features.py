"""Raw features: which columns of which values enter the encoders of a network, by name and in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..errors import GraphError
from ..kinds.kind import AbstractKind
from ..lang.location import Location
from ..lang.program import Port
from ..semantics.batch import Batch
from .config import NetworkConfig

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

INDEX = "index of the node"
"""Name of the column that holds the position of a node; no variable can have it."""

SQUARE = "square of the index"
"""Name of the column that holds the square of that position."""


@dataclass(frozen=True)
class Column:
    """One raw feature.

    Attributes:
        name: the port, or ``INDEX``, or ``SQUARE``.
        component: which of the port's features: the category of a categorical; for a pointer of an
            edge 0 is its mean over the first and 1 over the second node of the edge; otherwise 0.
        reversed: whether it is the value of the transposed pair (edges only).
        spread: standard deviation at which CLRS starts its encoder weights.
    """

    name: str
    component: int = 0
    reversed: bool = False
    spread: float = 1.0


@dataclass(frozen=True)
class Features:
    """Raw features of a batch; zero at padding.

    Attributes:
        nodes: of every node.
        edges: at (i, j) stands the value of the pair (i, j), and in the reversed
            columns that of (j, i), where attention reads i as the receiver and j as the sender.
        graph: of every graph.
    """

    nodes: Float[Tensor, "B N Kn"]
    edges: Float[Tensor, "B N N Ke"]
    graph: Float[Tensor, "B Kg"]


def node_columns(config: NetworkConfig) -> tuple[Column, ...]:
    """The columns of the raw node features, in order.

    The position comes first if the network has it, and its square; then values of nodes and pointers of
    the graph (one-hot), of the inputs and, if they are encoded, of the hints, in the order of their ports;
    last, with ``graph_to_nodes``, the graph inputs.
    """
    index = (Column(INDEX),) * config.node_index + (Column(SQUARE),) * config.index_square
    return (
        index
        + _columns(config, 1)
        + tuple(
            Column(port.name, component)
            for port in _spread_ports(config)
            for component in range(port.kind.width)
        )
    )


def edge_columns(config: NetworkConfig) -> tuple[Column, ...]:
    """The columns of the raw edge features, in order.

    Values of edges and pointers of nodes (at (i, j) whether i points to j), of the inputs and, if
    they are encoded, of the hints; then, with ``reverse_edges``, all of them again transposed.
    """
    forward = _columns(config, 2)
    if not config.reverse_edges:
        return forward
    return forward + tuple(Column(c.name, c.component, True, c.spread) for c in forward)


def graph_columns(config: NetworkConfig) -> tuple[Column, ...]:
    """The columns of the raw graph features, in order: graph values of the inputs, then of the hints."""
    return _columns(config, 0)


def hint_features(
    config: NetworkConfig,
    values: Mapping[str, Tensor],
    nodes: Tensor,
    defined: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """The features of true values of the hints, as ``raw_features`` takes them.

    Args:
        config: the shape of the network.
        values: of the hints by name.
        nodes: [B, N], which rows are nodes.
        defined: where hints are defined, by name, if that is not everywhere. Elsewhere stands what the
            benchmark writes there: -1, of one-hot values for the 1, and nothing for a pointer.
    """
    found = {p.name: p.kind.features(values[p.name], nodes) for p in config.interface.hints}
    for port in config.interface.hints:
        if defined and port.name in defined:
            found[port.name] = _blanked(port.kind, found[port.name], defined[port.name])
    return found


def _blanked(kind: AbstractKind, features: Tensor, defined: Tensor) -> Tensor:
    outside = ~defined[..., None]
    if kind.refers:
        return features.masked_fill(outside, 0.0)
    return torch.where(outside, -features if kind.width > 1 else -1.0, features)


def raw_features(
    config: NetworkConfig, batch: Batch, hints: Mapping[str, Tensor] | None, dtype: torch.dtype
) -> Features:
    """Collect the raw features of a batch.

    Args:
        config: the shape of the network.
        batch: the inputs.
        hints: features (see ``AbstractKind.features`` and ``soften``) of the hints by name; without
            them the hints' columns are zero.
        dtype: floating point type of the result.

    Raises:
        GraphError: if an input is missing.
    """
    ranked: dict[int, list[Tensor]] = {0: [], 1: [], 2: []}
    index = torch.arange(batch.width, device=batch.nodes.device, dtype=dtype)
    for column in [index] * config.node_index + [index.square()] * config.index_square:
        ranked[1].append(column[None, :, None].expand(len(batch), -1, -1))
    for port, value in _encoded_values(config, batch, hints):
        rank, columns = _placed(port, value, batch)
        ranked[rank].append(columns.to(dtype))
    for port in _spread_ports(config):
        value = port.kind.features(batch.values[port.name], batch.nodes)
        ranked[1].append(value[:, None].expand(-1, batch.width, -1).to(dtype))
    nodes, pairs = batch.nodes[..., None], batch.pairs[..., None]
    edges = _joined(ranked[2], pairs.shape[:-1], pairs, dtype)
    if config.reverse_edges:
        edges = torch.cat([edges, edges.transpose(1, 2)], -1)
    return Features(
        _joined(ranked[1], nodes.shape[:-1], nodes, dtype),
        edges,
        _joined(ranked[0], nodes.shape[:1], nodes[:, 0], dtype),
    )


def adjacency(
    config: NetworkConfig, batch: Batch, hints: Mapping[str, Tensor] | None
) -> Bool[Tensor, "B N N"]:
    """Whom a node attends that attends its neighbours; symmetric, every row itself.

    As in CLRS, two nodes are neighbours if an edge mask holds between them in either direction, or
    one points to the other (a soft pointer counts above 0.5, both directions together).
    """
    linked = torch.zeros_like(batch.pairs)
    for port, value in _encoded_values(config, batch, hints):
        if port.kind.links is not None and port.location.rank + port.kind.refers == 2:
            matrix = value if port.kind.refers else value[..., 0]
            linked = linked | (matrix + matrix.transpose(1, 2) > port.kind.links)
    return (linked & batch.pairs) | _identity(batch)


def everyone(batch: Batch) -> Bool[Tensor, "B N N"]:
    """Whom a node attends that attends all nodes; padding attends only itself."""
    return batch.pairs | _identity(batch)


def _identity(batch: Batch) -> Tensor:
    return torch.eye(batch.width, dtype=torch.bool, device=batch.nodes.device)


def _encoded_ports(config: NetworkConfig) -> tuple[Port, ...]:
    return config.interface.inputs + (config.interface.hints if config.encode_hints else ())


def _spread_ports(config: NetworkConfig) -> tuple[Port, ...]:
    """The graph inputs that stand at every node too."""
    if not config.graph_to_nodes:
        return ()
    return tuple(p for p in config.interface.inputs if p.location is Location.GRAPH and not p.kind.refers)


def _columns(config: NetworkConfig, rank: int) -> tuple[Column, ...]:
    found: list[Column] = []
    for port in _encoded_ports(config):
        if min(port.location.rank + port.kind.refers, 2) != rank:
            continue
        spread = port.kind.spread(config.hidden, port in config.interface.hints)
        marginals = port.location.rank + port.kind.refers == 3
        count = 2 if marginals else port.kind.width
        found.extend(Column(port.name, component, spread=spread) for component in range(count))
    return tuple(found)


def _encoded_values(
    config: NetworkConfig, batch: Batch, hints: Mapping[str, Tensor] | None
) -> Iterator[tuple[Port, Tensor]]:
    """Features of every encoded port that is known, zeros for hints that are not given."""
    for port in config.interface.inputs:
        if port.name not in batch.values:
            raise GraphError(
                f"input {port.name} of a network",
                f"a batch with {', '.join(sorted(batch.values)) or 'no values'}",
                f"a value for each of {', '.join(p.name for p in config.interface.inputs)}",
                "make the batch with the inputs of the network's program",
            )
        yield port, port.kind.features(batch.values[port.name], batch.nodes)
    for port in config.interface.hints if config.encode_hints else ():
        if hints is not None:
            yield port, hints[port.name]
        else:
            last = batch.width if port.kind.refers else port.kind.width
            places = [batch.width] * port.location.rank
            yield port, torch.zeros(len(batch), *places, last, device=batch.nodes.device)


def _placed(port: Port, value: Tensor, batch: Batch) -> tuple[int, Tensor]:
    """The rank of the places at which a port's features stand, and the columns there."""
    if not port.kind.refers:
        return port.location.rank, value
    if port.location is not Location.EDGE:
        return port.location.rank + 1, value[..., None]
    # A pointer of a pair would be a cube; as in CLRS only its two marginals are encoded.
    cube = value.masked_fill(~batch.pairs[..., None], 0.0)
    sizes = batch.sizes[:, None, None]
    return 2, torch.stack([cube.sum(1) / sizes, cube.sum(2) / sizes], -1)


def _joined(columns: list[Tensor], shape: torch.Size, real: Tensor, dtype: torch.dtype) -> Tensor:
    """The columns side by side, zero at padding."""
    if not columns:
        return torch.zeros(*shape, 0, dtype=dtype, device=real.device)
    joined = torch.cat(columns, -1)
    return joined.masked_fill(~real, 0.0)
