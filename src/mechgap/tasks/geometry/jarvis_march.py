"""Convex hull by wrapping: every corner looks at all points for the next one (Jarvis)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    follow,
    graph,
    me,
    node,
    otherwise,
    rules,
    size,
    when,
    where,
)
from ..answers.hulls import valid_hull
from ..samplers.geometry import sample_points
from ..sorting.order import end, in_given_order, start, to_the_next
from ..task import About, Complexity, Task
from .orientation import GENERAL_POSITION, lowest, pos, turn, x, y

pred = node.pointer("pred_h")
in_hull = node.mask("in_hull_h")
best = node.mask_one("best")
last_point = node.mask_one("last_point")
endpoint = node.mask_one("endpoint")
i = node.mask_one("i")
phase = graph.categorical("phase", ["search", "wrap"])

fresh = graph.mask("fresh", internal=True)  # no point was looked at from this corner
after = node.pointer("after", internal=True)

corner = follow(last_point, me).named("corner")
candidate = follow(endpoint, me).named("candidate")
point = where(fresh, start, follow(i, after)).named("point")
other = (point != corner) & (point != candidate)
outside = (other & (turn(corner, candidate, point) <= 0)).named("outside")
round_done = (~fresh & follow(i, me == end)).named("round_done")

program = Program(
    "jarvis_march",
    inputs=(pos, x, y),
    init={
        pred: in_given_order,
        in_hull: False,
        best: me == start,
        last_point: me == start,
        endpoint: me == start,
        i: me == start,
        phase: "search",
        fresh: True,
        after: to_the_next,
    },
    step=rules(
        when(
            phase == "search",
            {phase: "wrap", best: me == lowest, last_point: me == lowest, in_hull: me == lowest},
        ),
        when(
            round_done,
            {
                last_point: endpoint,
                in_hull: where(endpoint, True, in_hull),
                endpoint: me == start,
                i: me == start,
                fresh: True,
            },
        ),
        otherwise(
            {
                endpoint: me == where((candidate == corner) | outside, point, candidate),
                i: me == point,
                fresh: False,
            }
        ),
    ),
    halt=(phase == "wrap") & round_done & follow(endpoint, in_hull),
    outputs={"in_hull": in_hull},
    limit=(size + 1) * (size + 1) + 1,
    text="""The corners of the convex hull, one after the other (Jarvis 1973). The first corner is the lowest
        point. From each corner all points are looked at in their order; endpoint is the one so far that
        has no other to its right. It is the next corner, until that is a corner already.""",
)

task = Task(
    program,
    sample_points,
    valid_hull,
    About(
        family="geometry",
        source="Jarvis 1973",
        complexity=Complexity.NC,
        reference="Aggarwal, Chazelle, Guibas, O'Dunlaing and Yap 1988: planar hulls in O(log n) time "
        "on O(n) processors",
        steps="h n + h + 1, where h is the number of corners",
    ),
    (GENERAL_POSITION,),
)
