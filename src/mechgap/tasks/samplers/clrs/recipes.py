"""How the inputs of each task of the CLRS benchmark are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import NotFoundError
from .geometry import points, segments
from .networks import COMMUNITIES, ErdosRenyi, communities
from .order import Order
from .sequences import activities, deadlines, dimensions, keys, search_chances, signed_keys, sorted_keys
from .strings import haystack_and_needle, two_strings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Inputs = dict[str, NDArray[Any]]
    Draw = Callable[[np.random.RandomState, Order], Inputs]


@dataclass(frozen=True)
class Recipe:
    """How the inputs of a task are drawn.

    Attributes:
        draw: draws them.
        least: the least length for which the algorithm is defined.
        chance: probability of an edge where nothing else is asked for; None if there are no random edges.
        needle: whether the length of a string to look for can be chosen.
    """

    draw: Draw
    least: int = 1
    chance: float | None = None
    needle: bool = False


_WEIGHTED_SEARCH = Recipe(ErdosRenyi(weighted=True, source=True), chance=0.5)
_CUTS = Recipe(ErdosRenyi(), chance=0.2)
_MATCHER = Recipe(haystack_and_needle, least=3, needle=True)

RECIPES: dict[str, Recipe] = {
    "activity_selector": Recipe(activities),
    "articulation_points": _CUTS,
    "bellman_ford": _WEIGHTED_SEARCH,
    "bfs": Recipe(ErdosRenyi(source=True), chance=0.5),
    "binary_search": Recipe(sorted_keys),
    "bridges": _CUTS,
    "bubble_sort": Recipe(keys),
    "dag_shortest_paths": Recipe(
        ErdosRenyi(directed=True, acyclic=True, weighted=True, source=True), chance=0.5
    ),
    "dfs": Recipe(ErdosRenyi(directed=True), chance=0.5),
    "dijkstra": _WEIGHTED_SEARCH,
    "find_maximum_subarray_kadane": Recipe(signed_keys),
    "floyd_warshall": Recipe(ErdosRenyi(weighted=True), chance=0.5),
    "graham_scan": Recipe(points),
    "heapsort": Recipe(keys),
    "insertion_sort": Recipe(keys),
    "jarvis_march": Recipe(points),
    "kmp_matcher": _MATCHER,
    "lcs_length": Recipe(two_strings, least=2),
    "matrix_chain_order": Recipe(dimensions),
    "minimum": Recipe(keys),
    "mst_kruskal": Recipe(ErdosRenyi(weighted=True), chance=0.2),
    "mst_prim": _WEIGHTED_SEARCH,
    "naive_string_matcher": _MATCHER,
    "optimal_bst": Recipe(search_chances),
    "quickselect": Recipe(keys),
    "quicksort": Recipe(keys),
    "segments_intersect": Recipe(segments),
    "strongly_connected_components": Recipe(communities, least=COMMUNITIES, chance=0.5),
    "task_scheduling": Recipe(deadlines),
    "topological_sort": Recipe(ErdosRenyi(directed=True, acyclic=True), chance=0.5),
}
"""The thirty tasks, by the benchmark's names."""


def recipe_of(task: str) -> Recipe:
    """The recipe of a task.

    Raises:
        NotFoundError: if the benchmark has no such task.
    """
    if task not in RECIPES:
        raise NotFoundError(
            "the tasks of the CLRS benchmark", repr(task), f"one of {', '.join(RECIPES)}", "correct the name"
        )
    return RECIPES[task]
