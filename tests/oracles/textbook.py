"""The algorithms as a textbook writes them: loops over nodes, no arrays of graphs, nothing shared.

Adjacency is a square NumPy array as (sender, receiver).
"""

from __future__ import annotations

from collections import deque
from itertools import permutations

import networkx
import numpy as np


def levels(adjacency, source):
    """Number of edges from the source by a queue; -1 out of reach."""
    level = [-1] * len(adjacency)
    level[source] = 0
    queue = deque([source])
    while queue:
        u = queue.popleft()
        for v in np.flatnonzero(adjacency[u]):
            if level[v] < 0:
                level[v] = level[u] + 1
                queue.append(v)
    return level


def distances(weights, adjacency, source):
    """Lengths of shortest paths, by networkx; infinite out of reach."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(weights)))
    graph.add_weighted_edges_from((u, v, float(weights[u, v])) for u, v in np.argwhere(adjacency))
    found = networkx.single_source_dijkstra_path_length(graph, source)
    return [found.get(v, np.inf) for v in range(len(weights))]


def bfs_frames(adjacency, source):
    """(reached, parents) before every pass over all edges, and after the last one that changed something."""
    count = len(adjacency)
    reached, parents = {source}, list(range(count))
    frames = []
    while True:
        frames.append(([v in reached for v in range(count)], list(parents)))
        before = frozenset(reached)
        for u in range(count):
            for v in range(count):
                if u in before and adjacency[u, v] and v not in reached:
                    reached.add(v)
                    parents[v] = u
        if reached == before:
            return frames


def bellman_ford_frames(weights, adjacency, source):
    """(parents, distances, reached) before every pass of relaxations, and after the last one."""
    count = len(weights)
    parents, length, known = list(range(count)), [0.0] * count, {source}
    frames = []
    while True:
        frames.append((list(parents), list(length), [v in known for v in range(count)]))
        old, before = list(length), frozenset(known)
        changed = False
        for u in range(count):
            for v in range(count):
                if u not in before or not adjacency[u, v]:
                    continue
                through = old[u] + weights[u, v]
                if v not in known or through < length[v]:
                    parents[v], length[v] = u, through
                    known.add(v)
                    changed = True
        if not changed:
            return frames


def dfs(adjacency):
    """(parents, discovery times, finishing times) by recursion, roots and neighbours in order."""
    count = len(adjacency)
    parents, found, done = list(range(count)), [0] * count, [0] * count
    time = 0

    def visit(u):
        nonlocal time
        time += 1
        found[u] = time
        for v in range(count):
            if adjacency[u, v] and not found[v]:
                parents[v] = u
                visit(v)
        time += 1
        done[u] = time

    for u in range(count):
        if not found[u]:
            visit(u)
    return parents, found, done


def dfs_forests(adjacency):
    """All depth-first forests, as tuples of parents: by trying every order of the nodes."""
    count = len(adjacency)
    forests = set()

    def run(order):
        parents, seen = list(range(count)), set()

        def visit(u):
            seen.add(u)
            for v in order[u]:
                if adjacency[u, v] and v not in seen:
                    parents[v] = u
                    visit(v)

        return parents, seen, visit

    neighbours = [[v for v in range(count) if adjacency[u, v] and v != u] for u in range(count)]

    def choices(u, order):
        if u == count:
            for roots in permutations(range(count)):
                parents, seen, visit = run(order)
                for root in roots:
                    if root not in seen:
                        visit(root)
                forests.add(tuple(parents))
            return
        for arrangement in permutations(neighbours[u]):
            choices(u + 1, [*order, arrangement])

    choices(0, [])
    return forests
