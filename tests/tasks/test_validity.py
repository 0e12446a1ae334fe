"""Valid-answer checks against the list of all right answers."""

from __future__ import annotations

from itertools import combinations, product

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechgap.semantics.batch import Batch
from mechgap.semantics.inputs import join
from mechgap.tasks.answers.hulls import valid_hull
from mechgap.tasks.answers.orders import valid_topological_order
from mechgap.tasks.answers.partitions import valid_components, valid_strong_components
from mechgap.tasks.answers.paths import valid_all_shortest_paths, valid_widest_paths
from mechgap.tasks.answers.spanning import valid_spanning_forest, valid_spanning_tree
from mechgap.tasks.validity import valid_bfs, valid_dfs, valid_shortest_paths
from oracles import textbook
from oracles.graphs import adjacencies, batch_of, weighted


def answers(count):
    """Every way to give each node a parent."""
    return torch.tensor(list(product(range(count), repeat=count)))


def repeated(batch, count):
    return join([batch]).take(torch.zeros(count, dtype=torch.int64))


@given(adjacencies(4), st.data())
def test_a_breadth_first_parent_is_a_neighbour_one_level_up(adjacency, data):
    source = data.draw(st.integers(0, len(adjacency) - 1))
    parents = answers(len(adjacency))
    valid = valid_bfs({"pi": parents}, repeated(batch_of(adjacency, source), len(parents)))
    levels = textbook.levels(adjacency, source)
    for answer, found in zip(parents.tolist(), valid.tolist(), strict=True):
        for v, parent in enumerate(answer):
            right = v == parent
            if levels[v] > 0:
                right = bool(adjacency[parent, v]) and levels[parent] == levels[v] - 1
            assert found[v] == right


@given(weighted(4), st.data())
def test_parents_of_shortest_paths_lead_to_the_source_at_the_right_length(graph, data):
    weights, adjacency = graph
    source = data.draw(st.integers(0, len(adjacency) - 1))
    parents = answers(len(adjacency))
    batch = repeated(batch_of(adjacency, source, weights), len(parents))
    valid = valid_shortest_paths({"pi": parents}, batch).all(1)
    lengths = textbook.distances(weights, adjacency, source)
    for answer, found in zip(parents.tolist(), valid.tolist(), strict=True):
        right = all(walk(answer, v, source, weights, adjacency) == lengths[v] for v in range(len(answer)))
        assert found == right


def walk(parents, node, source, weights, adjacency):
    """Length of the path that the parents give; infinite for a node that is its own parent."""
    if node != source and parents[node] == node:
        return np.inf
    length = 0.0
    for _ in parents:
        if node == source:
            return length if parents[node] == node else None
        if not adjacency[parents[node], node]:
            return None
        length, node = length + weights[parents[node], node], parents[node]
    return length if node == source and parents[node] == node else None


@settings(max_examples=60)
@given(adjacencies(4))
def test_depth_first_forests_are_exactly_those_that_some_order_makes(adjacency):
    forests = textbook.dfs_forests(adjacency)
    parents = answers(len(adjacency))
    valid = valid_dfs({"pi": parents}, repeated(batch_of(adjacency), len(parents))).all(1)
    assert {tuple(p) for p, ok in zip(parents.tolist(), valid.tolist(), strict=True) if ok} == forests


def test_one_wrong_parent_does_not_spoil_the_others():
    path = np.eye(5, k=1, dtype=bool)
    batch = batch_of(path)
    parents = torch.tensor([[0, 0, 1, 1, 3]])
    assert valid_bfs({"pi": parents}, batch).tolist() == [[True, True, True, False, True]]
    assert valid_dfs({"pi": parents}, batch).tolist() == [[True, True, True, False, True]]


OF_POINTERS = {
    "pi": (valid_bfs, valid_shortest_paths, valid_dfs, valid_spanning_tree, valid_widest_paths),
    "scc_id": (valid_strong_components,),
    "component": (valid_components,),
}


@pytest.mark.parametrize(("name", "valid"), [(n, v) for n, checks in OF_POINTERS.items() for v in checks])
def test_a_pointer_to_no_node_is_wrong_and_padding_is_never_right(name, valid):
    batch = join([batch_of(np.ones((2, 2), dtype=bool)), batch_of(np.ones((3, 3), dtype=bool))])
    pointers = torch.tensor([[0, 7, 2], [0, 0, -1]])
    assert valid({name: pointers}, batch).tolist() == [[True, False, False], [True, True, False]]


@st.composite
def undirected(draw, largest=4):
    """(weights, adjacency), both symmetric, with many ties."""
    weights, adjacency = draw(weighted(largest))
    adjacency = adjacency | adjacency.T
    return np.maximum(weights, weights.T) * adjacency, adjacency


def forest_weight(weights, adjacency, nodes=None):
    """The weight of a minimum spanning forest, by networkx."""
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(weights)))
    graph.add_weighted_edges_from((u, v, weights[u, v]) for u, v in np.argwhere(adjacency) if u != v)
    graph = graph if nodes is None else graph.subgraph(nodes)
    return sum(w for _, _, w in networkx.minimum_spanning_edges(graph, data=True) for w in [w["weight"]])


@given(undirected(), st.data())
def test_spanning_trees_from_a_source_are_those_of_least_weight(graph, data):
    weights, adjacency = graph
    source = data.draw(st.integers(0, len(adjacency) - 1))
    parents = answers(len(adjacency))
    valid = valid_spanning_tree({"pi": parents}, repeated(batch_of(adjacency, source, weights), len(parents)))
    reached = [v for v, level in enumerate(textbook.levels(adjacency, source)) if level >= 0]
    least = forest_weight(weights, adjacency, reached)
    edges = adjacency & ~np.eye(len(adjacency), dtype=bool)
    for answer, found in zip(parents.tolist(), valid.all(1).tolist(), strict=True):
        right = all((v == p) == (v == source or v not in reached) for v, p in enumerate(answer))
        right = right and all(edges[p, v] for v, p in enumerate(answer) if v != p)
        right = right and all(source in walked(answer, v) for v in reached)
        right = right and sum(weights[p, v] for v, p in enumerate(answer) if v != p) == least
        assert found == right


def walked(parents, node):
    """The nodes that following the parents comes to."""
    seen = {node}
    for _ in parents:
        node = parents[node]
        seen.add(node)
    return seen


def all_masks(count):
    """Every square mask of up to 3 nodes, every symmetric one without loops of more."""
    if count < 4:
        return torch.tensor(list(product((False, True), repeat=count**2))).reshape(-1, count, count)
    pairs = list(combinations(range(count), 2))
    masks = torch.zeros(2 ** len(pairs), count, count, dtype=torch.bool)
    for (u, v), bits in zip(
        pairs, torch.tensor(list(product((False, True), repeat=len(pairs)))).T, strict=True
    ):
        masks[:, u, v] = masks[:, v, u] = bits
    return masks


@settings(max_examples=50)
@given(undirected())
def test_spanning_forests_are_those_of_least_weight(graph):
    weights, adjacency = graph
    count = len(adjacency)
    masks = all_masks(count)
    valid = valid_spanning_forest({"in_mst": masks}, repeated(batch_of(adjacency, 0, weights), len(masks)))
    assert not (valid.all(1) & (masks != masks.transpose(1, 2)).flatten(1).any(1)).any()
    least, parts = forest_weight(weights, adjacency), number_of_parts(adjacency)
    edges = adjacency & ~np.eye(count, dtype=bool)
    for mask, found in zip(masks.numpy(), valid.all(1).tolist(), strict=True):
        right = (mask == mask.T).all() and not (mask & ~edges).any()
        right = right and mask.sum() == 2 * (count - parts) and number_of_parts(mask) == parts
        assert found == (right and (weights * mask).sum() == 2 * least)


def number_of_parts(adjacency):
    return networkx.number_connected_components(networkx.from_numpy_array(adjacency | adjacency.T))


def test_a_heavy_edge_spoils_its_ends_only():
    weights = np.array([[0, 1, 3, 0], [1, 0, 2, 0], [3, 2, 0, 1], [0, 0, 1, 0]], dtype=float)
    batch = batch_of(weights > 0, 0, weights)
    mask = torch.zeros(1, 4, 4, dtype=torch.bool)
    for u, v in ((0, 1), (0, 2), (2, 3)):
        mask[:, u, v] = mask[:, v, u] = True
    assert valid_spanning_forest({"in_mst": mask}, batch).tolist() == [[False, True, False, True]]
    assert valid_spanning_tree({"pi": torch.tensor([[0, 0, 0, 2]])}, batch).tolist() == [
        [True, True, False, True]
    ]


@st.composite
def acyclic(draw, largest=4):
    """(weights, adjacency) of a directed graph without cycles but for loops; weights of both signs."""
    adjacency = draw(adjacencies(largest))
    order = np.array(draw(st.permutations(range(len(adjacency)))))
    adjacency = adjacency & (order[:, None] < order[None, :])
    signs = draw(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=len(adjacency) ** 2))
    weights = np.array(signs[: len(adjacency) ** 2]).reshape(adjacency.shape) * adjacency
    return weights, adjacency


@settings(max_examples=60)
@given(acyclic())
def test_topological_orders_are_lists_of_all_nodes_along_the_edges(graph):
    _, adjacency = graph
    count = len(adjacency)
    found = {}
    for head in range(count):
        topo = answers(count)
        heads = (torch.arange(count) == head).expand(len(topo), -1)
        valid = valid_topological_order(
            {"topo": topo, "topo_head": heads}, repeated(batch_of(adjacency), len(topo))
        )
        found |= {(head, *map(int, t)): bool(ok) for t, ok in zip(topo, valid.all(1), strict=True)}
    for (head, *topo), ok in found.items():
        order = [head]
        while topo[order[-1]] not in order:
            order.append(topo[order[-1]])
        right = len(order) == count and topo[order[-1]] == order[-1]
        right = right and not any(adjacency[v, u] for u, v in combinations(order, 2))
        assert ok == right


def test_a_list_with_two_heads_or_none_is_no_order():
    batch = batch_of(np.eye(3, k=1, dtype=bool))
    topo = torch.tensor([[1, 2, 2]])
    for heads, right in (([1, 0, 0], True), ([1, 1, 0], False), ([0, 0, 0], False)):
        valid = valid_topological_order({"topo": topo, "topo_head": torch.tensor([heads]).bool()}, batch)
        assert valid.all() == right


def test_an_edge_against_the_order_spoils_its_ends_only():
    adjacency = np.zeros((4, 4), dtype=bool)
    adjacency[2, 0] = True
    outputs = {"topo": torch.tensor([[1, 2, 3, 3]]), "topo_head": torch.tensor([[True, False, False, False]])}
    assert valid_topological_order(outputs, batch_of(adjacency)).tolist() == [[False, True, False, True]]


@given(acyclic(), st.data())
def test_shortest_paths_in_graphs_without_cycles_may_have_negative_weights(graph, data):
    weights, adjacency = graph
    source = data.draw(st.integers(0, len(adjacency) - 1))
    parents = answers(len(adjacency))
    batch = repeated(batch_of(adjacency, source, weights), len(parents))
    valid = valid_shortest_paths({"pi": parents}, batch).all(1)
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(weights)))
    graph.add_weighted_edges_from((u, v, weights[u, v]) for u, v in np.argwhere(adjacency))
    lengths = networkx.single_source_bellman_ford_path_length(graph, source)
    for answer, found in zip(parents.tolist(), valid.tolist(), strict=True):
        walks = [walk(answer, v, source, weights, adjacency) for v in range(len(answer))]
        assert found == all(w == lengths.get(v, np.inf) for v, w in enumerate(walks))


@given(adjacencies(4), st.booleans())
def test_names_of_components_are_one_of_their_nodes_each(adjacency, strong):
    graph = networkx.from_numpy_array(adjacency, create_using=networkx.DiGraph)
    parts = networkx.strongly_connected_components if strong else networkx.weakly_connected_components
    names = answers(len(adjacency))
    batch = repeated(batch_of(adjacency), len(names))
    port, check = ("scc_id", valid_strong_components) if strong else ("component", valid_components)
    valid = check({port: names}, batch)
    for answer, found in zip(names.tolist(), valid.tolist(), strict=True):
        for part in parts(graph):
            given_names = [answer[v] for v in part]
            right = len(set(given_names)) == 1 and given_names[0] in part
            assert all(found[v] for v in part) == right
            most = max((given_names.count(name) for name in part), default=0)
            assert sum(found[v] for v in part) == most


points = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6)


@given(points)
def test_hulls_have_their_corners_and_nothing_inside(places):
    masks = torch.tensor(list(product((False, True), repeat=len(places))))
    values = {name: torch.tensor([p[i] for p in places])[None].float() for i, name in enumerate("xy")}
    batch = Batch(values, torch.ones(1, len(places), dtype=torch.bool))
    valid = valid_hull({"in_hull": masks}, repeated(batch, len(masks)))
    corners = [p for p in set(places) if is_corner(p, set(places) - {p})]
    sides = [on_side(p, places) for p in places]
    for mask, found in zip(masks.tolist(), valid.tolist(), strict=True):
        chosen = {p for p, one in zip(places, mask, strict=True) if one}
        for p, one, side, ok in zip(places, mask, sides, found, strict=True):
            assert ok == (side if one else p not in corners or p in chosen)


def cross(o, a, b):
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def is_corner(p, others):
    """Whether a point is in no segment and no triangle of the others."""
    for a, b in combinations(others, 2):
        along = (a[0] - p[0]) * (b[0] - p[0]) + (a[1] - p[1]) * (b[1] - p[1])
        if cross(p, a, b) == 0 and along < 0:
            return False
    for a, b, c in combinations(others, 3):
        turns = [cross(a, b, p), cross(b, c, p), cross(c, a, p)]
        if min(turns) > 0 or max(turns) < 0:
            return False
    return True


def on_side(p, places):
    """Whether all points are on one side of a line through a point (and another, if there is one)."""
    lines = [[cross(p, q, r) for r in places] for q in places if q != p]
    return not lines or any(min(line) >= 0 or max(line) <= 0 for line in lines)


@settings(max_examples=12)
@given(weighted(3))
def test_all_paths_are_shortest_if_each_leads_back_at_the_right_length(graph):
    weights, adjacency = graph
    count = len(adjacency)
    tables = torch.tensor(list(product(range(count), repeat=count**2))).reshape(-1, count, count)
    valid = valid_all_shortest_paths({"Pi": tables}, repeated(batch_of(adjacency, 0, weights), len(tables)))
    edges = adjacency | np.eye(count, dtype=bool)  # adj has all loops
    expected = {}
    for i in range(count):
        lengths = textbook.distances(weights, adjacency, i)
        trips = [lengths[p] + weights[p, i] for p in range(count) if edges[p, i]]
        for row in product(range(count), repeat=count):
            paths = [path_length(row, i, j, weights, edges) for j in range(count)]
            goals = [min(trips) if j == i else lengths[j] for j in range(count)]
            expected[i, row] = paths == goals
    for table, found in zip(tables.tolist(), valid.tolist(), strict=True):
        assert found == [expected[i, tuple(row)] for i, row in enumerate(table)]


def path_length(row, i, j, weights, edges):
    """Length of the path of one edge or more from i to j, as its last nodes but one give it."""
    node, length = j, 0.0
    if j != i and row[j] == i and not edges[i, j]:
        return np.inf
    for _ in row:
        before = row[node]
        if not edges[before, node] or (before == node and node != i):
            return None
        length, node = length + weights[before, node], before
        if node == i:
            return length
    return None


@given(weighted(4), st.data())
def test_widest_paths_lead_to_the_source_at_the_right_width(graph, data):
    weights, adjacency = graph
    source = data.draw(st.integers(0, len(adjacency) - 1))
    parents = answers(len(adjacency))
    batch = repeated(batch_of(adjacency, source, weights), len(parents))
    valid = valid_widest_paths({"pi": parents}, batch).all(1)
    edges = adjacency & ~np.eye(len(adjacency), dtype=bool)
    widths = [
        width_of(parents, v, source, weights, edges)
        for parents in parents.tolist()
        for v in range(len(weights))
    ]
    widths = np.array(widths).reshape(len(parents), -1)
    best = widths.max(0)
    reached = np.array(textbook.levels(adjacency, source)) >= 0
    own = parents.numpy() == np.arange(len(weights))
    right = np.where(reached & (np.arange(len(weights)) != source), widths == best, own)
    assert valid.tolist() == right.all(1).tolist()


def width_of(parents, node, source, weights, edges):
    """Width of the path that the parents give; -1 if they give none."""
    width = np.inf
    for _ in parents:
        if node == source:
            return width if parents[source] == source else -1
        if not edges[parents[node], node]:
            return -1
        width, node = min(width, weights[parents[node], node]), parents[node]
    return width if node == source and parents[source] == source else -1
