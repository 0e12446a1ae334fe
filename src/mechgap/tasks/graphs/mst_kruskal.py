"""Minimum spanning forest by taking the edges in the order of their weights."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import (
    any_of,
    anywhere,
    argmin,
    at_pair,
    edge,
    first,
    follow,
    graph,
    me,
    min_of,
    node,
    otherwise,
    receiver,
    reverse,
    rules,
    sender,
    size,
    when,
    where,
)
from ..answers.spanning import valid_spanning_forest
from ..requirements import UNDIRECTED
from ..samplers.graphs import sample_weighted_undirected
from ..task import About, Complexity, Task

HEAVIEST = 64

pos = node.scalar("pos", low=0, high=1)
A = edge.scalar("A", low=0, high=HEAVIEST)
adj = edge.mask("adj")

in_forest = edge.mask("in_mst_h")
parent = node.pointer("pi")
one_end, other_end = node.mask_one("u"), node.mask_one("v")
one_root, other_root = node.mask_one("root_u"), node.mask_one("root_v")
one_path, other_path = node.mask("mask_u"), node.mask("mask_v")
phase = graph.categorical("phase", ["choose", "climb_u", "climb_v"])

# Each node holds the next of its edges to nodes of higher index, the lightest that was not tried.
untried = node.mask("untried", internal=True)
weight = node.scalar("weight", low=0, high=HEAVIEST, internal=True)
partner = node.pointer("partner", internal=True)

upward = (reverse(adj) & (sender(me) > receiver(me))).named("upward")  # at the pair (partner, node)

u = argmin(weight, untried, free=True).named("lightest")
v = follow(u, partner).named("its_partner")
w = follow(u, weight).named("its_weight")
cost = at_pair(A, u, me).named("cost")
later = at_pair(adj, u, me) & (me > u) & ((cost > w) | ((cost == w) & (me > v)))
later = later.named("later")  # the edges of u that come after this one
is_u, is_v = (me == u).named("is_u"), (me == v).named("is_v")

root_u, root_v = follow(one_root, me).named("root_of_u"), follow(other_root, me).named("root_of_v")
above_u, above_v = follow(one_root, parent).named("above_u"), follow(other_root, parent).named("above_v")
lower_root = where(root_u < root_v, root_u, root_v).named("lower_root")
higher_root = where(root_u < root_v, root_v, root_u).named("higher_root")
taken = ((sender(one_end) & receiver(other_end)) | (sender(other_end) & receiver(one_end))).named("taken")

anyone = me == me
is_first = me == first(anyone)

program = Program(
    "mst_kruskal",
    inputs=(pos, A, adj),
    init={
        in_forest: False,
        parent: me,
        one_end: is_first,
        other_end: is_first,
        one_root: is_first,
        other_root: is_first,
        one_path: False,
        other_path: False,
        phase: "choose",
        untried: any_of(upward),
        weight: min_of(reverse(A), upward),
        partner: argmin(reverse(A), upward),
    },
    step=rules(
        when(
            phase == "choose",
            {
                one_end: is_u,
                other_end: is_v,
                one_root: is_u,
                other_root: is_v,
                one_path: is_u,
                other_path: is_v,
                phase: "climb_u",
                untried: where(is_u, anywhere(later), untried),
                weight: where(is_u, min_of(cost, later), weight),
                partner: where(is_u, argmin(cost, later), partner),
            },
        ),
        when(
            above_u != root_u,
            {
                one_root: me == above_u,
                parent: where(one_path, above_u, parent),
                one_path: one_path | (me == above_u),
            },
        ),
        when(
            above_v != root_v,
            {
                other_root: me == above_v,
                parent: where(other_path, above_v, parent),
                other_path: other_path | (me == above_v),
                phase: "climb_v",
            },
        ),
        otherwise(
            {
                in_forest: where(taken, root_u != root_v, in_forest),
                parent: where(me == lower_root, higher_root, parent),
                phase: "choose",
            }
        ),
    ),
    halt=(phase == "choose") & ~anywhere(untried),
    outputs={"in_mst": in_forest},
    limit=size * size * (size + 1) + 1,
    text="""Minimum spanning forest (Kruskal 1956). The edges are tried in the order of their weights, ties in
        the order of the nodes. From both ends the trees are climbed to their roots, one node in every
        step, and the climbed paths are shortened (Galler and Fischer 1964); if the roots differ, the edge
        is taken and the root of lower index hangs below the other.""",
)

task = Task(
    program,
    sample_weighted_undirected,
    valid_spanning_forest,
    About(
        family="graphs",
        source="Kruskal 1956",
        complexity=Complexity.NC,
        reference="minimum spanning trees in polylogarithmic time: Savage and JáJá 1981",
        steps="1 + for each edge 2 + the depths of its ends in the trees of the union-find",
    ),
    (UNDIRECTED,),
)
