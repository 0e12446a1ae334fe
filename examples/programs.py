"""Graph programs that are not in the package: write one like these, then `mechgap verify FILE:NAME`."""

from mechgap import (
    Program,
    any_of,
    anywhere,
    argmax,
    argmin,
    edge,
    first,
    follow,
    index,
    max_of,
    maximum,
    me,
    min_of,
    minimum,
    node,
    receiver,
    sender,
    size,
    where,
)

adj = edge.mask("adj")
A = edge.scalar("A", low=0, high=8)
s = node.mask_one("s")

# Widest path: the width of a path is its lightest edge; every node wants the widest path from s.
width = node.scalar("width", low=0, high=8)
towards = node.pointer("pi")
through = minimum(sender(width), A).named("through")
open_edges = (adj & (sender(width) > 0)).named("open_edges")
best = max_of(through, open_edges).named("best")
wider = (best > width).named("wider")
widest_path = Program(
    "widest_path",
    inputs=(adj, A, s),
    init={width: where(s, 8, 0), towards: me},
    step={
        width: where(wider, best, width),
        towards: where(wider, argmax(through, open_edges, free=True), towards),
    },
    halt=~anywhere(wider),
    outputs={"width": width, "pi": towards},
    limit=size * size + 2,
    text="Widest paths from one source, as Bellman-Ford with min for + and max for min.",
)

# Bottleneck path: the largest edge of a path shall be small.
height = node.scalar("height", low=0, high=8)
over = maximum(sender(height), A).named("over")
lowest = min_of(over, adj, default=8).named("lowest")
lower = (lowest < height).named("lower")
bottleneck_path = Program(
    "bottleneck_path",
    inputs=(adj, A, s),
    init={height: where(s, 0, 8), towards: me},
    step={height: where(lower, lowest, height), towards: where(lower, argmin(over, adj), towards)},
    halt=~anywhere(lower),
    outputs={"height": height, "pi": towards},
    limit=size * size + 2,
    text="Paths from one source whose heaviest edge is as light as can be.",
)

# Connected components: every node takes the smallest label around it.
label = node.scalar("label", low=0, high=2047, whole=True)
smallest = min_of(sender(label), adj, default=2047).named("smallest")
components = Program(
    "components",
    inputs=(adj,),
    init={label: index(me)},
    step={label: minimum(label, smallest)},
    halt=~anywhere(smallest < label),
    outputs={"label": label},
    limit=size + 2,
    text="Connected components of an undirected graph by label propagation.",
)

# Two rounds of attention in every step: who is within two edges of somebody who is marked?
marked = node.mask("marked")
near = any_of(sender(marked) & adj).named("near")
within_two = any_of(sender(near) & adj).named("within_two")
double_steps = Program(
    "double_steps",
    inputs=(adj, s),
    init={marked: s},
    step={marked: marked | near | within_two},
    halt=~anywhere((near | within_two) & ~marked),
    outputs={"marked": marked},
    limit=size + 2,
    text="Reachability that goes two edges in every step.",
)

# Pointer jumping: everybody points to its grandparent, until that changes nothing.
parent = node.pointer("parent")
grandparent = follow(parent, parent).named("grandparent")
pointer_jumping = Program(
    "pointer_jumping",
    inputs=(adj,),
    init={parent: first(adj)},
    step={parent: grandparent},
    halt=~anywhere(grandparent != parent),
    outputs={"root": parent},
    limit=size + 2,
    text="Roots of the forest in which every node hangs on its first neighbour (JaJa 1992).",
)

# Maximal independent set, greedy by index.
chosen, ruled_out = node.mask("chosen"), node.mask("ruled_out")
undecided = (~chosen & ~ruled_out).named("undecided")
other = (adj & (sender(me) != receiver(me))).named("other")
waits = any_of(other & sender(undecided) & (sender(me) < receiver(me))).named("waits")
joins = (undecided & ~waits).named("joins")
independent_set = Program(
    "independent_set",
    inputs=(adj,),
    init={chosen: False, ruled_out: False},
    step={
        chosen: chosen | joins,
        ruled_out: ruled_out | (undecided & ~joins & any_of(other & sender(joins))),
    },
    halt=~anywhere(undecided),
    outputs={"chosen": chosen},
    limit=size + 2,
    text="The maximal independent set that takes nodes in order of their index.",
)
