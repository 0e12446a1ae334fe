"""String matching by trying one place after the other, one comparison of letters in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import follow, index, me, node, otherwise, rules, size, when, where
from ..samplers.strings import sample_matching
from ..sorting.order import end, start
from ..task import About, Complexity, Task
from .two_strings import ORDER, TWO_STRINGS, after, head, key, pos, pred, string

s = node.mask_one("s")
i = node.mask_one("i")
j = node.mask_one("j")

place = follow(s, me).named("place")
wanted = follow(j, me).named("wanted")
room = (index(head) + index(head) - size).named("room")  # letters of the text less those of the needle
agree = ((index(place) <= room) & (follow(i, key) == follow(j, key))).named("agree")
found = (agree & (wanted == end)).named("found")
is_next_place = (me == follow(s, after)).named("is_next_place")

program = Program(
    "naive_string_matcher",
    inputs=(string, pos, key),
    init={
        pred: ORDER[pred],
        s: me == start,
        i: me == start,
        j: me == head,
        after: ORDER[after],
    },
    step=rules(
        when(agree, {i: me == follow(i, after), j: me == follow(j, after)}),
        otherwise({s: is_next_place, i: is_next_place, j: me == head}),
    ),
    halt=found | (~agree & (index(place) >= room)),
    outputs={"match": where(found, s, me == head)},
    limit=size * size,
    text="""The first place at which a needle lies in a text, found by trying every place (Cormen et al.).
        At the place s, letter i of the text is compared with letter j of the needle; at the first
        difference the next place is tried. Without a match, the output marks the head of the needle.""",
)

task = Task(
    program,
    sample_matching,
    None,
    About(
        family="strings",
        source="Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="Galil 1985: string matching in O(log n) time on O(n / log n) processors",
        steps="one for each place that is tried, plus the letters that agree there; (n + 1)^2 / 8 at most",
    ),
    (TWO_STRINGS,),
)
