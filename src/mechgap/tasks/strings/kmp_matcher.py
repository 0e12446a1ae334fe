"""String matching with the table of the needle's own prefixes (Knuth, Morris, Pratt)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import first, follow, graph, index, me, node, otherwise, rules, size, when, where
from ..samplers.strings import sample_matching
from ..sorting.order import end, start
from ..task import About, Complexity, Task
from .two_strings import ORDER, TWO_STRINGS, after, head, key, pos, pred, string

table = node.pointer("pi")
is_reset = node.mask("is_reset")
k = node.mask_one("k")
k_reset = graph.mask("k_reset")
q = node.mask_one("q")
q_reset = graph.mask("q_reset")
s = node.mask_one("s")
i = node.mask_one("i")
phase = graph.mask("phase")

entered = graph.mask("entered", internal=True)  # the letter q of the needle has its entry in the table


# A prefix of the needle, which ends at k or q, is to go on with a letter of the needle or of the text.
row = follow(q, where(entered, after, me)).named("row")
prefix = where(phase, follow(q, me), follow(k, me)).named("prefix")
empty = where(phase, q_reset, k_reset).named("empty")
letter = where(phase, follow(i, me), row).named("letter")
wanted = where(empty, head, follow(prefix, after)).named("wanted")
agrees = (follow(wanted, key) == follow(letter, key)).named("agrees")
kept = where(agrees, wanted, head).named("kept")

# If it does not, it falls back to a shorter prefix, which may be the empty one.
falls = (~empty & ~agrees).named("falls")
now_empty = follow(prefix, is_reset).named("now_empty")
shorter = where(now_empty, head, follow(prefix, table)).named("shorter")

table_done = (~phase & entered & follow(q, me == end)).named("table_done")
found = (phase & agrees & (wanted == end)).named("found")
read_next = follow(i, after).named("read_next")
slides = index(read_next) + index(head) >= size  # the text up to there is as long as the needle, or longer

program = Program(
    "kmp_matcher",
    inputs=(string, pos, key),
    init={
        pred: ORDER[pred],
        table: me,
        is_reset: me == head,
        k: me == head,
        k_reset: True,
        q: me == first(me > head, default=head),
        q_reset: True,
        s: me == start,
        i: me == start,
        phase: False,
        entered: head == end,
        after: ORDER[after],
    },
    step=rules(
        when(table_done, {phase: True, q: me == head}),
        when(falls & ~phase, {k: me == shorter, k_reset: now_empty, q: me == row, entered: False}),
        when(falls, {q: me == shorter, q_reset: now_empty}),
        when(
            ~phase,
            {
                k: me == kept,
                k_reset: ~agrees,
                table: where(me == row, kept, table),
                is_reset: where(me == row, ~agrees, is_reset),
                q: me == row,
                entered: True,
            },
        ),
        otherwise(
            {
                q: me == kept,
                q_reset: ~agrees,
                i: me == read_next,
                s: where(slides, me == follow(s, after), s),
            }
        ),
    ),
    halt=found | (phase & ~falls & (read_next == head)),
    outputs={"match": where(found, s, me == head)},
    limit=2 * size + 1,
    text="""The first place at which a needle lies in a text, in linear time (Knuth, Morris, Pratt 1977). In
        the first phase, letter after letter of the needle gets the entry pi: where the longest proper
        prefix ends that is also a suffix up to there; is_reset marks the letters where it is empty. In the
        second phase q is the end of the prefix that agrees with the text up to letter i. A letter that
        does not prolong a prefix makes it fall back to pi, one entry in every step. Without a match, the
        output marks the head of the needle.""",
)

task = Task(
    program,
    sample_matching,
    None,
    About(
        family="strings",
        source="Knuth, Morris and Pratt 1977",
        complexity=Complexity.NC,
        reference="Galil 1985: string matching in O(log n) time on O(n / log n) processors",
        steps="one for each letter of the needle and each letter of the text that is read, "
        "plus one for each fall to a shorter prefix; 2 n at most",
    ),
    (TWO_STRINGS,),
)
