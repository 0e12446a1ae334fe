"""Longest common subsequence of two strings, in passes over the whole table."""

from __future__ import annotations

from ...lang.expression import Expression
from ...lang.program import Program
from ...lang.substitution import substitute
from ...lang.vocabulary import (
    any_of,
    anywhere,
    at_pair,
    edge,
    first,
    follow,
    me,
    receiver,
    sender,
    size,
    where,
)
from ..samplers.strings import sample_two_strings
from ..sorting.order import start
from ..strings.two_strings import ORDER, TWO_STRINGS, head, key, pos, pred, string
from ..task import About, Complexity, Task

LONGEST = 2**18
WAYS = ["both", "up", "left", "blank"]

in_table = (sender(~string) & receiver(string)).named("in_table")
way = edge.categorical("b_h", WAYS, defined=in_table)
c = edge.scalar("c", low=0, high=LONGEST, whole=True)
next_way = edge.categorical("next_b", WAYS, internal=True, defined=in_table)
next_c = edge.scalar("next_c", low=0, high=LONGEST, whole=True, internal=True)


def from_first(among: Expression) -> Expression:
    """The nodes from the first one on at which a mask of nodes holds."""
    return anywhere(among) & (me >= first(among))


equal = (sender(key) == receiver(key)).named("equal")
inner = (in_table & (sender(me) != start) & (receiver(me) != head)).named("inner")

# The row of the first letter and the column of the head are right from the start.
column = from_first(~string & (key == follow(head, key))).named("column")
row = from_first(string & (key == follow(start, key))).named("row")
in_row, in_column = sender(me) == start, receiver(me) == head
one = in_table & ((in_row & receiver(row)) | (in_column & sender(column)))
first_c = where(one, 1, 0)
border_way = where(equal | inner, "both", where(in_row & receiver(row), "left", "up"))
first_way = where(in_table, border_way, "blank")

# What comes after (c, b) is kept beside it, as the last pass still changes b.
above = at_pair(next_c, sender(pred), receiver(me)).named("above")
beside = at_pair(next_c, sender(me), receiver(pred)).named("beside")
corner = at_pair(next_c, sender(pred), receiver(pred)).named("corner")
takes_above = (above >= beside).named("takes_above")
longest = where(equal, corner + 1, where(takes_above, above, beside))
ahead = {
    next_c: where(inner, longest, next_c).named("ahead_c"),
    next_way: where(inner, where(equal, "both", where(takes_above, "up", "left")), next_way).named("ahead_b"),
}
begin = {pred: ORDER[pred], next_c: first_c, next_way: first_way}

program = Program(
    "lcs_length",
    inputs=(string, pos, key),
    init={
        pred: ORDER[pred],
        way: first_way,
        c: first_c,
        next_way: substitute(ahead[next_way], begin),
        next_c: substitute(ahead[next_c], begin),
    },
    step={way: next_way, c: next_c, **ahead},
    halt=~anywhere(any_of(next_c != c)),
    outputs={"b": next_way},
    limit=size + 1,
    text="""For every beginning of one string (up to the sender) and every beginning of the other (up to the
        receiver) the length c of their longest common subsequence, and which way it came: from both
        without their last letters, which are equal, or from the larger of those without one of them
        (Wagner and Fischer 1974; Cormen et al.). Every pass computes the whole table from that of the
        pass before, until c stays.""",
)

task = Task(
    program,
    sample_two_strings,
    None,
    About(
        family="dynamic programming",
        source="Wagner and Fischer 1974",
        complexity=Complexity.NC,
        reference="Apostolico, Atallah, Larmore and McFaddin 1990: paths through a grid, "
        "in polylogarithmic time",
        steps="one for each pass that changes c, plus 1; n - 1 at most",
    ),
    (TWO_STRINGS,),
)
