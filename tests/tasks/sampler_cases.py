"""The sampler of each of the thirty tasks of the CLRS benchmark."""

from __future__ import annotations

from mechgap.tasks.samplers import arrays, geometry, graphs, strings

SAMPLERS = {
    **dict.fromkeys(
        ("insertion_sort", "bubble_sort", "heapsort", "quicksort", "minimum", "quickselect"),
        arrays.sample_keys,
    ),
    "binary_search": arrays.sample_search,
    "find_maximum_subarray_kadane": arrays.sample_signed_keys,
    "activity_selector": arrays.sample_activities,
    "task_scheduling": arrays.sample_deadlines,
    "matrix_chain_order": arrays.sample_chain,
    "optimal_bst": arrays.sample_search_tree,
    "lcs_length": strings.sample_two_strings,
    **dict.fromkeys(("naive_string_matcher", "kmp_matcher"), strings.sample_matching),
    "segments_intersect": geometry.sample_segments,
    **dict.fromkeys(("graham_scan", "jarvis_march"), geometry.sample_points),
    "bfs": graphs.sample_reachability,
    "dfs": graphs.sample_directed,
    "topological_sort": graphs.sample_dag,
    "dag_shortest_paths": graphs.sample_weighted_dag,
    "strongly_connected_components": graphs.sample_communities,
    **dict.fromkeys(("articulation_points", "bridges"), graphs.sample_undirected),
    "mst_kruskal": graphs.sample_weighted_undirected,
    **dict.fromkeys(("bellman_ford", "dijkstra", "mst_prim"), graphs.sample_shortest_paths),
    "floyd_warshall": graphs.sample_all_paths,
}
