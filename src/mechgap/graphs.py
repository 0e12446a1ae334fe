"""A graph as a user has it: which nodes are joined, with which weights, and what they are called."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import Fault, GraphError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Edge = tuple[Hashable, Hashable] | tuple[Hashable, Hashable, float]

_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph with named nodes. Its edges are pairs (sender, receiver); an undirected edge is two.

    Attributes:
        adjacency: [N, N] bool as (sender, receiver); loops only where the graph has them.
        weights: [N, N] float, 0 where there is no edge and 1 for edges without a weight.
        directed: whether an edge may lead one way only.
        names: name of each node, in the order of the rows.

    Raises:
        GraphError: if the arrays do not fit together; the error lists every fault.
    """

    adjacency: NDArray[np.bool_]
    weights: NDArray[np.float64]
    directed: bool
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise GraphError.of(faults)

    @classmethod
    def from_matrix(
        cls, matrix: ArrayLike, *, directed: bool | None = None, names: Sequence[object] | None = None
    ) -> Graph:
        """A graph from a square matrix: entries that are not 0 are edges, their value is the weight.

        Args:
            matrix: [N, N] numbers or truth values; row = sender, column = receiver.
            directed: by default, directed if the matrix is not symmetric.
            names: names of the nodes; by default 0, 1, 2, …

        Raises:
            GraphError: if it is no square matrix of finite numbers.

        Example:
            >>> Graph.from_matrix([[0, 2.5], [2.5, 0]]).directed
            False
        """
        try:
            weights = np.asarray(matrix, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise GraphError(
                "a graph from a matrix",
                f"{type(matrix).__name__}: {error}",
                "a square matrix of numbers",
                "pass a NumPy array or a list of equally long lists",
            ) from error
        if directed is None:
            directed = (
                weights.ndim != 2
                or weights.shape[0] != weights.shape[1]
                or bool((weights != weights.T).any())
            )
        count = weights.shape[0] if weights.ndim else 0
        labels = range(count) if names is None else names
        return cls(weights != 0, weights, directed, tuple(str(name) for name in labels))

    @classmethod
    def from_edges(
        cls, edges: Iterable[Edge], *, directed: bool = False, nodes: Iterable[Hashable] = ()
    ) -> Graph:
        """A graph from (source, target) or (source, target, weight); edges without a weight have 1.

        Nodes come in the order of ``nodes``, then as the edges name them; if all names are whole
        numbers, in the order of the numbers. An edge that is given again with the same weight (in
        an undirected graph also the other way round) counts once; with another weight it is an error.

        Args:
            edges: the edges.
            directed: whether an edge leads one way only.
            nodes: nodes that may have no edge, or that should come first.

        Raises:
            GraphError: if there is no node, a weight is no finite number, or edges contradict each other.

        Example:
            >>> Graph.from_edges([("a", "b"), ("b", "c", 0.5)]).names
            ('a', 'b', 'c')
        """
        listed = [(str(e[0]), str(e[1]), _weight(e)) for e in edges]
        ends = (name for source, target, _ in listed for name in (source, target))
        names = _ordered(list(dict.fromkeys((*map(str, nodes), *ends))))
        place = {name: i for i, name in enumerate(names)}
        adjacency = np.zeros((len(names), len(names)), dtype=bool)
        weights = np.zeros(adjacency.shape)
        faults = []
        for source, target, weight in listed:
            ends_at = [(place[source], place[target])]
            if not directed:
                ends_at.append((place[target], place[source]))
            for i, j in ends_at:
                if adjacency[i, j] and weights[i, j] != weight:
                    faults.append(_contradiction(source, target, weights[i, j], weight))
                    break
                adjacency[i, j], weights[i, j] = True, weight
        if faults:
            raise GraphError.of(faults)
        return cls(adjacency, weights, directed, tuple(names))

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.names)

    @property
    def edges(self) -> int:
        """The number of edges; an undirected edge counts once."""
        loops = int(np.trace(self.adjacency))
        total = int(self.adjacency.sum())
        return total if self.directed else (total - loops) // 2 + loops

    def position(self, node: object) -> int:
        """The row of a node, given by its name or, if no node has that name, by its number.

        Raises:
            GraphError: if there is no such node.
        """
        name = str(node)
        if name in self.names:
            return self.names.index(name)
        if isinstance(node, (int, np.integer)) and 0 <= node < self.size:
            return int(node)
        raise GraphError(
            "a node of a graph",
            f"{name!r}, which is no node",
            f"one of the {self.size} nodes {shown(self.names)}",
            "give the name of a node of the graph, or its number from 0",
        )

    def __repr__(self) -> str:
        kind = "directed" if self.directed else "undirected"
        return f"Graph({self.size} nodes, {self.edges} {kind} edges)"


def shown(names: Sequence[str]) -> str:
    """The first few names, in words."""
    rest = ", …" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest


def _weight(edge: Edge) -> float:
    value = edge[2] if len(edge) > 2 else 1.0
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise GraphError(
            f"the edge {edge[0]} -> {edge[1]}", f"the weight {value!r}", "a number", "correct the weight"
        ) from error
    if not np.isfinite(number):
        raise GraphError(
            f"the edge {edge[0]} -> {edge[1]}",
            f"the weight {number}",
            "a finite number",
            "correct the weight, or leave the edge out",
        )
    return number


def _ordered(names: list[str]) -> list[str]:
    """The names, by number if all are whole numbers."""
    if all(name.isdecimal() for name in names):
        return sorted(names, key=int)
    return names


def _contradiction(source: str, target: str, old: float, new: float) -> Fault:
    return Fault(
        f"the edge {source} -> {target}",
        f"the weights {old:g} and {new:g}",
        "one weight for each edge",
        "keep one of them; if the graph is directed, say directed=True",
    )


def _faults(graph: Graph) -> Iterable[Fault]:
    where = "a graph"
    shape = graph.adjacency.shape
    if graph.adjacency.ndim != 2 or shape[0] != shape[1]:
        yield Fault(
            where,
            f"a matrix of shape {shape}",
            "a square matrix [N, N]",
            "give one row and one column for each node",
        )
        return
    if shape[0] == 0:
        yield Fault(where, "no node", "at least one node", "give a node or an edge")
        return
    if graph.weights.shape != shape or len(graph.names) != shape[0]:
        yield Fault(
            where,
            f"weights {graph.weights.shape} and {len(graph.names)} names for a matrix of shape {shape}",
            "weights of the same shape, and one name for each node",
            "make them agree",
        )
        return
    doubled = sorted({name for name in graph.names if graph.names.count(name) > 1})
    if doubled:
        yield Fault(
            where, f"several nodes named {shown(doubled)}", "a name of its own for each node", "rename them"
        )
    yield from _entry_faults(graph)


def _entry_faults(graph: Graph) -> Iterable[Fault]:
    bad = np.argwhere(~np.isfinite(graph.weights))
    for i, j in bad[:_SHOWN]:
        yield Fault(
            f"a graph, entry [{i}, {j}] ({graph.names[i]} -> {graph.names[j]})",
            f"the weight {graph.weights[i, j]}",
            "a finite number",
            "correct the weight, or use 0 for no edge",
        )
    if len(bad):
        return
    if not graph.directed and bool((graph.weights != graph.weights.T).any()):
        i, j = np.argwhere(graph.weights != graph.weights.T)[0]
        yield Fault(
            f"an undirected graph, entry [{i}, {j}] ({graph.names[i]} -> {graph.names[j]})",
            f"{graph.weights[i, j]:g} one way and {graph.weights[j, i]:g} the other way",
            "a symmetric matrix",
            "make it symmetric, or say directed=True",
        )
