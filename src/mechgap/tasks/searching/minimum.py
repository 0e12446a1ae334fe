"""The smallest of the keys, one key looked at in every step."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import follow, me, node, size, where
from ..bounds import LARGEST_KEY
from ..samplers.arrays import sample_keys
from ..sorting.order import in_given_order, start, to_the_next
from ..task import About, Complexity, Task

pos = node.scalar("pos", low=0, high=1)
key = node.scalar("key", low=-LARGEST_KEY, high=LARGEST_KEY)

before = node.pointer("pred_h")
smallest = node.mask_one("min_h")
seen = node.mask_one("i")
following = node.pointer("following", internal=True)

coming = follow(seen, following).named("coming")
smaller = (follow(coming, key) < follow(smallest, key)).named("smaller")

program = Program(
    "minimum",
    inputs=(pos, key),
    init={before: in_given_order, smallest: me == start, seen: me == start, following: to_the_next},
    step={smallest: where(smaller, me == coming, smallest), seen: me == coming},
    halt=coming == follow(seen, me),
    outputs={"min": smallest},
    limit=size,
    text="""The smallest key (Cormen et al.). The keys are looked at in the order of the nodes, and a key
        that is smaller than all before takes over; of equal keys the first one stays.""",
)

task = Task(
    program,
    sample_keys,
    about=About(
        family="searching",
        source="Cormen, Leiserson, Rivest and Stein 2009",
        complexity=Complexity.NC,
        reference="Valiant 1975: the maximum of n numbers in O(log log n) rounds of n comparisons",
        steps="n",
    ),
)
