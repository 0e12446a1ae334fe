"""Whether two segments of the plane have a point in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lang.expression import Expression
from ...lang.program import Program
from ...lang.vocabulary import anywhere, first, follow, graph, index, maximum, me, minimum, node, where
from ..bounds import LARGEST_KEY
from ..samplers.geometry import sample_segments
from ..sorting.order import start
from ..task import About, Complexity, Requirement, Task
from .orientation import pos, turn, x, y

if TYPE_CHECKING:
    from torch import Tensor

    from ...semantics.batch import Batch

ENDS = 4
LARGEST = 8 * LARGEST_KEY**2

i = node.mask_one("i")
j = node.mask_one("j")
k = node.mask_one("k")
side = node.scalar("dir", low=-LARGEST, high=LARGEST)
on_seg = node.mask("on_seg")
tested = graph.scalar("tested", low=0, high=ENDS, whole=True, internal=True)


def point(number: Expression | int) -> Expression:
    """The pointer to the end of a number from 0."""
    return first(index(me) == number)


def between(middle: Expression, coordinate: Expression) -> Expression:
    """Whether a point lies between the ends of the line, as far as one coordinate tells."""
    one, other, value = (follow(p, coordinate) for p in (line_from, line_to, middle))
    return (minimum(one, other) <= value) & (value <= maximum(one, other))


# The ends 0 and 1 of one segment are tested against the other segment, then the ends 2 and 3 of that one.
tests_first = tested < 2
tested_end = point(tested).named("tested_end")
line_from = where(tests_first, point(2), point(0)).named("line_from")
line_to = where(tests_first, point(3), point(1)).named("line_to")
is_tested = (me == tested_end).named("is_tested")
boxed = between(tested_end, x) & between(tested_end, y)

of_first = index(me) < 2
left, right = side > 0, side < 0
first_crosses = anywhere(left & of_first) & anywhere(right & of_first)
second_crosses = anywhere(left & ~of_first) & anywhere(right & ~of_first)
touches = anywhere((side == 0) & on_seg)

program = Program(
    "segments_intersect",
    inputs=(pos, x, y),
    init={i: me == start, j: me == start, k: me == start, side: 0, on_seg: False, tested: 0},
    step={
        i: me == line_from,
        j: me == line_to,
        k: is_tested,
        side: where(is_tested, turn(line_from, tested_end, line_to), side),
        on_seg: where(is_tested, boxed, on_seg),
        tested: tested + 1,
    },
    halt=tested == ENDS,
    outputs={"intersect": (first_crosses & second_crosses) | touches},
    limit=ENDS + 1,
    text="""Whether the segment between nodes 0 and 1 meets that between nodes 2 and 3 (Cormen et al.). For
        each end k, the sign of dir tells on which side of the line through i and j it lies, and on_seg
        whether it is in the box around that segment. The segments cross if each has its ends on both
        sides of the other; they touch if an end is on the line and in the box.""",
)


def has_four_ends(batch: Batch) -> Tensor:
    """[B], whether there are four nodes."""
    return batch.sizes == ENDS


task = Task(
    program,
    sample_segments,
    None,
    About(
        family="geometry",
        source="Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="a constant number of arithmetic operations",
        steps="5: one at the start, and one for each of the four ends",
    ),
    (
        Requirement(
            has_four_ends,
            "a number of nodes that is not 4",
            "4 nodes: two ends of one segment, then two ends of the other",
            "give the ends of two segments",
        ),
    ),
)
