"""Convex hull by a scan around the lowest point (Graham)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    arctan2,
    argmin,
    everywhere,
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
from ..sorting.order import start
from ..task import About, Complexity, Task
from .orientation import GENERAL_POSITION, lowest, pos, turn, x, y

best = node.mask_one("best")
atans = node.scalar("atans", low=0, high=4)
in_hull = node.mask("in_hull_h")
below = node.pointer("stack_prev")
last_stack = node.mask_one("last_stack")
i = node.mask_one("i")
phase = graph.categorical("phase", ["start", "found", "sorted", "pop", "push"])

scanned = node.mask("scanned", internal=True)

top = follow(last_stack, me).named("top")
second = follow(last_stack, below).named("second")
angle = arctan2(y - follow(best, y), x - follow(best, x)).named("angle")
point = argmin(atans, ~scanned).named("point")
is_point = (me == point).named("is_point")
dented = (follow(last_stack, ~best) & (turn(second, top, point) <= 0)).named("dented")

program = Program(
    "graham_scan",
    inputs=(pos, x, y),
    init={
        best: me == start,
        atans: 0,
        in_hull: False,
        below: me,
        last_stack: me == start,
        i: me == start,
        phase: "start",
        scanned: False,
    },
    step=rules(
        when(
            phase == "start",
            {
                phase: "found",
                best: me == lowest,
                in_hull: me == lowest,
                last_stack: me == lowest,
                i: me == lowest,
            },
        ),
        when(phase == "found", {phase: "sorted", atans: where(best, 0, angle), scanned: best}),
        when(
            dented,
            {
                phase: "pop",
                in_hull: where(last_stack, False, in_hull),
                below: where(last_stack, me, below),
                last_stack: me == second,
                i: is_point,
            },
        ),
        otherwise(
            {
                phase: "push",
                in_hull: where(is_point, True, in_hull),
                below: where(is_point, top, below),
                last_stack: is_point,
                i: is_point,
                scanned: where(is_point, True, scanned),
            }
        ),
    ),
    halt=everywhere(scanned),
    outputs={"in_hull": in_hull},
    limit=2 * size + 2,
    text="""The corners of the convex hull from a scan of the points in the order of their angles at the
        lowest point (Graham 1972). The corners so far are a stack: last_stack, its stack_prev and so on.
        Corners at which the way to the next point does not turn left are popped, one in every step; then
        the point is pushed.""",
)

task = Task(
    program,
    sample_points,
    valid_hull,
    About(
        family="geometry",
        source="Graham 1972",
        complexity=Complexity.NC,
        reference="Aggarwal, Chazelle, Guibas, O'Dunlaing and Yap 1988: planar hulls in O(log n) time "
        "on O(n) processors",
        steps="2 n + 2 - h, where h is the number of corners",
    ),
    (GENERAL_POSITION,),
)
