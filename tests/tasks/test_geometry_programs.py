"""Segments and convex hulls against exact arithmetic, SciPy, brute force and recorded runs."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from mechgap.errors import GraphError
from mechgap.semantics.inputs import join
from mechgap.tasks.geometry.graham_scan import task as graham_scan
from mechgap.tasks.geometry.jarvis_march import task as jarvis_march
from mechgap.tasks.geometry.orientation import in_general_position
from mechgap.tasks.geometry.segments_intersect import task as segments_intersect
from oracles.sequences import batch_of, marked, mismatches, run

HULLS = (graham_scan, jarvis_march)

each_hull = pytest.mark.parametrize("task", HULLS, ids=lambda task: task.name)


@pytest.mark.parametrize("task", (segments_intersect, *HULLS), ids=lambda task: task.name)
def test_recorded_runs_are_reproduced(task):
    assert not mismatches(task)


# ---- segments


def meet(ends):
    """Whether two segments have a point in common: a linear system in fractions; ends are (x, y) pairs."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = [tuple(map(Fraction, end)) for end in ends]
    along, across, apart = (bx - ax, by - ay), (dx - cx, dy - cy), (cx - ax, cy - ay)

    def cross(u, v):
        return u[0] * v[1] - u[1] * v[0]

    turn = cross(along, across)
    if turn:
        return 0 <= cross(apart, across) / turn <= 1 and 0 <= cross(apart, along) / turn <= 1
    if cross(apart, along) or cross(apart, across):
        return False
    overlap = [max(min(ax, bx), min(cx, dx)) <= min(max(ax, bx), max(cx, dx))]
    overlap += [max(min(ay, by), min(cy, dy)) <= min(max(ay, by), max(cy, dy))]
    if along == (0, 0) == across:
        return (ax, ay) == (cx, cy)
    return all(overlap)


def check_segments(rows):
    """``rows`` are four ends (x, y) each."""
    ends = np.array(rows, dtype=float)
    trace = run(segments_intersect, batch_of(len(rows), 4, x=ends[..., 0], y=ends[..., 1]))
    assert trace.outputs["intersect"].tolist() == [meet(row) for row in rows]
    assert trace.lengths.tolist() == [5] * len(rows)
    return trace


@given(st.lists(st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 4), min_size=1, max_size=20))
def test_segments_of_a_grid_meet_if_they_have_a_point_in_common(rows):
    check_segments(rows)


def test_all_segments_of_a_small_grid():
    """Those with one end fixed: touching, overlapping, parallel ones, and points, too."""
    points = list(product(range(3), repeat=2))
    check_segments([((1, 0), *ends) for ends in product(points, repeat=3)])


def test_random_segments_meet_half_of_the_time():
    batch = segments_intersect.sample(0, 4, 300)
    rows = torch.stack([batch.values["x"], batch.values["y"]], -1).double().tolist()
    trace = check_segments(rows)
    assert 0.4 < trace.outputs["intersect"].double().mean() < 0.6


def test_each_end_is_tested_in_a_frame_of_its_own():
    trace = check_segments([((0, 0), (2, 2), (0, 2), (2, 0))])
    tested = [tuple(marked(trace, name, frame, 0) for name in "ijk") for frame in range(5)]
    assert tested == [(0, 0, 0), (2, 3, 0), (2, 3, 1), (0, 1, 2), (0, 1, 3)]
    assert trace.values["dir"][-1, 0].sign().tolist() == [1, -1, -1, 1]
    assert trace.values["on_seg"][-1, 0].all()


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_two_segments_have_four_ends(size):
    with pytest.raises(GraphError, match="4 nodes"):
        run(segments_intersect, batch_of(1, size, x=[[0] * size], y=[[0] * size]))


# ---- convex hulls


def corners(points):
    """Which points [n, 2], in general position, are corners: those in no triangle of others."""
    inside = set()
    for p, *triangle in (
        (p, *t) for t in combinations(range(len(points)), 3) for p in range(len(points)) if p not in t
    ):
        sides = [side(points, *pair, p) for pair in zip(triangle, triangle[1:] + triangle[:1], strict=True)]
        if len({s > 0 for s in sides}) == 1:
            inside.add(p)
    return [p not in inside for p in range(len(points))]


def side(points, a, b, c):
    """Twice the area of a triangle, positive if it is counterclockwise."""
    (ax, ay), (bx, by), (cx, cy) = (points[p] for p in (a, b, c))
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)


def lowest(points):
    return min(range(len(points)), key=lambda p: (points[p][1], points[p][0]))


def hull_run(task, points):
    """A run on points [count, n, 2]."""
    points = np.asarray(points, dtype=float)
    return run(task, batch_of(*points.shape[:2], x=points[..., 0], y=points[..., 1]))


def general(rng, count, size):
    """Whole points [count, size, 2] in general position: many have equal coordinates, no three a line."""
    found = []
    while len(found) < count:
        points = rng.integers(0, 5 * size, (size, 2))
        lines = any(side(points, *three) == 0 for three in combinations(range(size), 3))
        if not lines and len(set(map(tuple, points.tolist()))) == size:
            found.append(points)
    return np.array(found)


@each_hull
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8])
def test_a_hull_has_the_points_in_no_triangle_of_others(task, size):
    rows = general(np.random.default_rng(size), 60, size)
    found = hull_run(task, rows).outputs["in_hull"]
    assert found.tolist() == [corners(points.tolist()) for points in rows]


@each_hull
def test_hulls_of_random_points_are_those_of_scipy(task):
    batch = task.sample(1, 30, 40)
    trace = run(task, batch)
    places = torch.stack([batch.values["x"], batch.values["y"]], -1).double().numpy()
    for graph, points in enumerate(places):
        assert set(trace.outputs["in_hull"][graph].nonzero()[:, 0].tolist()) == set(
            ConvexHull(points).vertices
        )
    assert task.valid(trace.outputs, batch).all()


@each_hull
@pytest.mark.parametrize("inner", [0, 3])
def test_hulls_of_circles_have_all_of_their_points(task, inner):
    angles = np.random.default_rng(0).permutation(12) * math.pi / 6 + 0.1
    ring = np.stack([np.cos(angles), np.sin(angles)], -1)
    middle = [[0.1, 0.02], [0.03, -0.2], [-0.15, 0.11]][:inner]
    found = hull_run(task, [np.concatenate([ring, np.reshape(middle, (-1, 2))])]).outputs["in_hull"]
    assert found.tolist() == [[True] * 12 + [False] * inner]


@each_hull
@pytest.mark.parametrize("scale", [2.0**-20, 1.0, 2.0**3])
def test_hulls_do_not_depend_on_scale_or_place(task, scale):
    rows = general(np.random.default_rng(0), 20, 7)
    expected = hull_run(task, rows).outputs["in_hull"]
    moved = rows * scale + np.array([3, -5]) * scale
    assert torch.equal(hull_run(task, moved).outputs["in_hull"], expected)


def test_jarvis_finds_a_corner_for_every_round():
    rows = general(np.random.default_rng(3), 20, 6)
    trace = hull_run(jarvis_march, rows)
    hulls = trace.outputs["in_hull"]
    assert trace.lengths.tolist() == (hulls.sum(1) * 7 + 1).tolist()
    for graph, points in enumerate(rows.tolist()):
        frames = range(1, int(trace.lengths[graph]))
        around = [marked(trace, "last_point", frame, graph) for frame in frames]
        order = list(dict.fromkeys(around))
        assert order[0] == lowest(points)
        assert sorted(order) == hulls[graph].nonzero()[:, 0].tolist()
        for a, b, c in zip(order, order[1:] + order[:1], order[2:] + order[:2], strict=True):
            assert side(points, a, b, c) > 0


def test_graham_pushes_the_points_in_the_order_of_their_angles():
    rows = general(np.random.default_rng(4), 20, 7)
    trace = hull_run(graham_scan, rows)
    assert trace.lengths.tolist() == (2 * 7 + 2 - trace.outputs["in_hull"].sum(1)).tolist()
    phases = trace.values["phase"]
    for graph, points in enumerate(rows.tolist()):
        best = lowest(points)
        bx, by = points[best]
        angles = {p: math.atan2(y - by, x - bx) for p, (x, y) in enumerate(points) if p != best}
        frames = range(int(trace.lengths[graph]))
        pushed = [marked(trace, "i", frame, graph) for frame in frames if phases[frame, graph] == 4]
        assert pushed == sorted(angles, key=angles.__getitem__)
        for frame in frames:
            stack = [marked(trace, "last_stack", frame, graph)]
            below = trace.values["stack_prev"][frame, graph].tolist()
            while below[stack[-1]] != stack[-1]:
                stack.append(below[stack[-1]])
            held = trace.values["in_hull_h"][frame, graph].nonzero()[:, 0].tolist()
            assert sorted(stack) == held or frame == 0


@each_hull
@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [0, 0]],
        [[0, 0], [1, 1], [2, 2]],
        [[0, 0], [1, 0], [0, 1], [0, 0]],
        [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [5, 1]],
        [[1e-9, 0], [2e-9, 1e-9], [3e-9, 2e-9], [0, 5e-9]],
        [[7, 7]] * 5,
    ],
)
def test_points_on_one_line_are_refused(task, points):
    with pytest.raises(GraphError, match="one line"):
        hull_run(task, [points])


@each_hull
@pytest.mark.parametrize("wrong", [math.nan, math.inf, 1e30])
def test_coordinates_are_numbers(task, wrong):
    with pytest.raises(GraphError, match="input y"):
        run(task, batch_of(1, 3, x=[[0, 1, 2]], y=[[0, wrong, 1]]))


def test_general_position_is_asked_of_every_graph_for_itself():
    line, triangle = [[0, 0], [1, 1], [2, 2]], [[0, 0], [1, 0], [0, 1]]
    batches = [
        batch_of(1, len(points), x=[[p[0] for p in points]], y=[[p[1] for p in points]])
        for points in (triangle, line, [[1, 1]], [[1, 1], [1, 1]], [*triangle, [3, 5]], [*line, [3, 5]])
    ]
    assert in_general_position(join(batches)).tolist() == [True, False, True, False, True, False]


@each_hull
def test_samples_are_in_general_position(task):
    for size in (1, 2, 3, 20):
        assert in_general_position(task.sample(size, size, 20)).all()


@each_hull
def test_padding_changes_nothing(task):
    rng = np.random.default_rng(5)
    batches = []
    for size in (4, 1, 7, 2):
        points = general(rng, 3, size).astype(float)
        batches.append(batch_of(3, size, x=points[..., 0], y=points[..., 1]))
    together, start = run(task, join(batches)), 0
    for batch in batches:
        alone, rows = run(task, batch), slice(start, start + 3)
        start += 3
        assert torch.equal(together.lengths[rows], alone.lengths)
        for port in task.program.interface.hints:
            same = together.values[port.name][: alone.frames, rows]
            same = same[..., : batch.width] if port.location.rank else same
            assert torch.equal(same, alone.values[port.name])
