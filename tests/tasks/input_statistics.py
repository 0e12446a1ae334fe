"""Statistics of the inputs of the CLRS tasks: one number a graph each, so that their means can be compared.

Run by an interpreter that has dm-clrs, this file records their means: ``python input_statistics.py FILE``.
It needs NumPy only.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings

import numpy as np

SIZE = 16
SAMPLES = 2000
SEED = 3
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
TASKS = (
    "insertion_sort bubble_sort heapsort quicksort minimum binary_search quickselect "
    "find_maximum_subarray_kadane activity_selector task_scheduling matrix_chain_order lcs_length "
    "optimal_bst dfs bfs topological_sort articulation_points bridges strongly_connected_components "
    "mst_kruskal mst_prim bellman_ford dijkstra dag_shortest_paths floyd_warshall naive_string_matcher "
    "kmp_matcher segments_intersect graham_scan jarvis_march"
).split()


def statistics(inputs, thresholds):
    """Name -> [B] numbers, one for each graph, of inputs by name [B, …]; categories are codes."""
    found = {f"pos at {i}": inputs["pos"][:, i] for i in range(inputs["pos"].shape[1])}
    numbers = {k: v for k, v in inputs.items() if k != "pos" and v.dtype.kind == "f" and v.ndim == 2}
    for name, values in numbers.items():
        found |= sequence(name, values, thresholds[name])
    names = sorted(numbers)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            found[f"{one} {other}"] = (numbers[one] * numbers[other]).mean(1)
    if "x" in inputs:
        found |= points(inputs["x"], inputs["y"])
    if "target" in inputs:
        found |= shares("target", inputs["target"][:, None], thresholds["target"])
    if "string" in inputs:
        found |= strings(inputs["string"].astype(bool), inputs["key"])
    if "adj" in inputs:
        found |= graphs(inputs["A"], inputs["adj"].astype(bool), thresholds["A"])
        if "s" in inputs:
            found |= sources(inputs["s"].astype(bool), inputs["adj"].astype(bool))
    return {name: np.asarray(values, dtype=float) for name, values in found.items()}


def quantiles(inputs):
    """Input -> numbers below which lie certain shares of its values (of a graph's weights, if not 0)."""
    found = {}
    for name, values in inputs.items():
        if name != "pos" and values.dtype.kind == "f":
            pooled = values[values != 0] if name == "A" else values
            found[name] = [round(float(level), 4) for level in np.quantile(pooled, LEVELS)]
    return found


def shares(name, values, thresholds):
    return {f"{name} <= {level}": (values <= level).mean(1) for level in thresholds}


def sequence(name, values, thresholds):
    """Numbers in a row: levels, ends, extremes, and how neighbours go together."""
    return shares(name, values, thresholds) | {
        f"{name} first": values[:, 0],
        f"{name} last": values[:, -1],
        f"{name} largest": values.max(1),
        f"{name} smallest": values.min(1),
        f"{name} mean": values.mean(1),
        f"{name} square": (values**2).mean(1),
        f"{name} neighbours": (values[:, 1:] * values[:, :-1]).mean(1),
        f"{name} ascents": (values[:, 1:] > values[:, :-1]).mean(1),
    }


def points(x, y):
    radius = np.hypot(x, y)
    apart = np.hypot(x[:, :, None] - x[:, None, :], y[:, :, None] - y[:, None, :])
    apart[:, range(x.shape[1]), range(x.shape[1])] = np.inf
    found = {"radius": radius.mean(1), "nearest": apart.min(2).mean(1)}
    found |= shares("radius", radius, (0.5, 1.0, 1.5, 1.9, 2.0))
    return found | {"crosses": crosses(x, y)}


def crosses(x, y):
    """Whether the segment of points 0 and 1 crosses that of points 2 and 3."""

    def turn(a, b, c):
        return (x[:, b] - x[:, a]) * (y[:, c] - y[:, a]) > (y[:, b] - y[:, a]) * (x[:, c] - x[:, a])

    return (turn(0, 1, 2) != turn(0, 1, 3)) & (turn(2, 3, 0) != turn(2, 3, 1))


def strings(second, letters):
    """Lengths, letters, and where the second string occurs in the first."""
    first = int((~second).sum(1)[0])
    one, other = letters[:, :first], letters[:, first:]
    places = range(max(first - other.shape[1] + 1, 0))
    occurs = np.stack([(one[:, i : i + other.shape[1]] == other).all(1) for i in places], axis=1)
    found = {f"string at {i}": second[:, i] for i in range(second.shape[1])}
    for letter in range(4):
        found[f"first {letter}"] = (one == letter).mean(1)
        found[f"second {letter}"] = (other == letter).mean(1)
    found |= {f"occurs at {i}": occurs[:, i] for i in places}
    found["occurs"] = occurs.sum(1)
    found["repeats"] = (letters[:, 1:] == letters[:, :-1]).mean(1)
    return found


def graphs(weights, adjacency, thresholds):
    """Densities, degrees, triangles, components and cycles, order of the nodes, weights."""
    size = weights.shape[1]
    joined = (weights != 0).astype(float)
    loops = joined[:, range(size), range(size)].copy()
    joined[:, range(size), range(size)] = 0
    ahead = np.triu(np.ones((size, size)), 1)
    reach = adjacency.astype(float)
    for _ in range(size.bit_length()):
        reach = np.minimum(reach @ reach, 1)
    found = {
        "adj": adjacency.mean((1, 2)),
        "edges": joined.mean((1, 2)),
        "loops": loops.mean(1),
        "loop at 0": loops[:, 0],
        "loops and edges": (loops * joined.sum(2)).mean(1),
        "mutual": (joined * joined.transpose(0, 2, 1)).mean((1, 2)),
        "ahead": (joined * ahead).mean((1, 2)),
        "square of degrees out": (joined.sum(2) ** 2).mean(1),
        "square of degrees in": (joined.sum(1) ** 2).mean(1),
        "degrees in and out": (joined.sum(1) * joined.sum(2)).mean(1),
        "triangles": np.trace(joined @ joined @ joined, axis1=1, axis2=2),
        "shortcuts": ((joined @ joined) * joined).mean((1, 2)),
        "reach": reach.mean((1, 2)),
        "strongly reach": (reach * reach.transpose(0, 2, 1)).mean((1, 2)),
        "edge 0 1": joined[:, 0, 1],
        "edge last 0": joined[:, -1, 0],
        "asymmetry": np.abs(weights - weights.transpose(0, 2, 1)).mean((1, 2)),
        "weights": weights.mean((1, 2)),
        "weights at loops": (weights * np.eye(size)).mean((1, 2)),
        "product of weights": (weights[:, 0] * weights[:, 1]).mean(1),
    }
    for level in thresholds:
        found[f"A <= {level}"] = ((weights != 0) & (weights <= level)).mean((1, 2))
        found[f"loop <= {level}"] = ((weights != 0) & (weights <= level))[:, range(size), range(size)].mean(1)
    return found


def sources(source, adjacency):
    found = {f"source {i}": source[:, i] for i in (0, 1, source.shape[1] // 2, source.shape[1] - 1)}
    found["sources"] = source.sum(1)
    found["source number"] = source.argmax(1)
    found["degree of source"] = (adjacency * source[:, :, None]).sum((1, 2))
    return found


def main():
    """Record the means of the statistics of dm-clrs's inputs."""
    import clrs

    logging.disable()
    warnings.simplefilter("ignore")
    recorded = {}
    for task in TASKS:
        sampler, spec = clrs.build_sampler(
            task, num_samples=-1, length=SIZE, seed=SEED, track_max_steps=False
        )
        feedback = sampler.next(SAMPLES)
        inputs = {}
        for probe in feedback.features.inputs:
            categorical = spec[probe.name][2] == clrs.Type.CATEGORICAL
            values = probe.data.argmax(-1) if categorical else probe.data
            scalar = spec[probe.name][2] == clrs.Type.SCALAR
            inputs[probe.name] = values.astype(float) if scalar else values.astype(int)
        thresholds = quantiles(inputs)
        found = statistics(inputs, thresholds)
        means = {name: [float(v.mean()), float(v.std())] for name, v in found.items()}
        recorded[task] = {"shapes": {k: list(v.shape[1:]) for k, v in inputs.items()}}
        recorded[task] |= {"samples": SAMPLES, "thresholds": thresholds, "statistics": means}
        print(task, len(found), flush=True)  # noqa: T201
    with open(sys.argv[1], "w") as file:
        file.write(text_of(recorded))


def text_of(recorded):
    """JSON with a line for each task and numbers of seven digits."""
    rounded = json.loads(json.dumps(recorded), parse_float=lambda text: float(f"{float(text):.7g}"))
    lines = (f"{json.dumps(task)}: {json.dumps(figures)}" for task, figures in rounded.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
