"""Random well-typed programs, and batches of random graphs for them to run on.

    @given(programs(), batches())
    def test_…(program, batch): interpret(program, batch)

Every program reads ``adj`` (edge mask), ``A`` (edge scalar in 0…8) and ``s`` (mask_one), keeps a
random choice of state variables of several kinds and locations, counts its steps in ``tick`` and halts
after at most ``Grammar.steps`` of them. Scalars of the state are clamped to their declared range, so
that no run leaves it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from hypothesis import strategies as st

from mechgap.lang.expression import Expression, Variable
from mechgap.lang.location import Location
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import (
    Place,
    all_of,
    any_of,
    anywhere,
    arctan2,
    argmax,
    argmin,
    at_pair,
    choose,
    direct,
    edge,
    first,
    first_leg,
    follow,
    graph,
    index,
    last,
    max_of,
    maximum,
    me,
    min_of,
    minimum,
    node,
    node_at,
    receiver,
    reverse,
    second_leg,
    sender,
    size,
    where,
)

if TYPE_CHECKING:
    from mechgap.semantics.batch import Batch

HEAVIEST = 8
HIGHEST = 12
COLORS = ("white", "gray", "black")
Maker: TypeAlias = "Callable[[str, Location, int], Expression]"

BELOW = {Location.NODE: Location.EDGE, Location.GRAPH: Location.NODE}

adj = edge.mask("adj")
A = edge.scalar("A", low=0, high=HEAVIEST)
A_whole = edge.scalar("A", low=0, high=HEAVIEST, whole=True)
s = node.mask_one("s")


@dataclass(frozen=True)
class Grammar:
    """Which programs are drawn.

    Attributes:
        depth: how deep expressions nest.
        steps: the most steps that a run takes.
        variables: the most state variables beside the counter.
        whole_weights: whether ``A`` is declared whole, so that sums are exact in any order.
        graph_state: whether state variables of the graph occur.
        edge_state: whether state variables of edges occur.
        positions: whether ``node_at`` occurs, which may point to no node (with whole weights only).
        products: whether numbers are multiplied.
        pairs: whether values are read at a pair that two pointers name.
        triples: whether values of edges are reduced over a third node.
        angles: whether angles are measured (without whole weights only).
    """

    depth: int = 3
    steps: int = 4
    variables: int = 4
    whole_weights: bool = True
    graph_state: bool = True
    edge_state: bool = False
    positions: bool = False
    products: bool = False
    pairs: bool = False
    triples: bool = False
    angles: bool = False


@dataclass
class _Writer:
    """Draws expressions over some variables; some are used again, as people share sub-expressions."""

    draw: st.DrawFn
    grammar: Grammar
    variables: tuple[Variable, ...]
    written: dict[tuple[str, Location], list[Expression]] = field(default_factory=dict)

    def write(self, family: str, location: Location, depth: int) -> Expression:
        """An expression of a family (mask, scalar, pointer, categorical) at a location."""
        known = self.written.setdefault((family, location), [])
        if known and self.draw(st.integers(0, 4)) == 4:
            return self.draw(st.sampled_from(known))
        makers = [self._leaf]
        if depth > 0:
            makers += self._spread if location is Location.EDGE else self._gather
            makers += self._by_family[family]
        made = self.draw(st.sampled_from(makers))(family, location, depth - 1)
        known.append(made)
        return made

    def mask_one(self, depth: int) -> Expression:
        """A mask of nodes that holds at exactly one."""
        known = [v for v in self.variables if v.kind.name == "mask_one"]
        simple = st.sampled_from(known)
        if self.draw(st.booleans()):
            return self.draw(simple)
        if self.draw(st.booleans()):
            return where(self.write("mask", Location.GRAPH, depth), self.draw(simple), self.draw(simple))
        # Only a pointer that certainly names a node marks one.
        return me == self._select(Location.GRAPH, self.write("mask", Location.NODE, depth), None)

    @property
    def colored(self) -> bool:
        """Whether there is a categorical to speak of."""
        return any(_family(v) == "categorical" for v in self.variables)

    @property
    def _spread(self) -> list[Maker]:
        return [self._lift, self._lift, self._where, self._reverse, *[self._through] * self.grammar.triples]

    @property
    def _gather(self) -> list[Maker]:
        return [self._reduce, self._reduce, self._where, self._follow, *[self._at] * self.grammar.pairs]

    @property
    def _by_family(self) -> dict[str, list[Maker]]:
        return {
            "mask": [self._logic, self._compare],
            "scalar": [self._arithmetic, self._arithmetic, self._index],
            "pointer": [self._node_at] * (self.grammar.positions and self.grammar.whole_weights),
            "categorical": [],
        }

    def _leaf(self, family: str, location: Location, depth: int) -> Expression:
        known = [v for v in self.variables if _family(v) == family]
        here: list[Expression] = [v for v in known if v.location is location]
        nodes: list[Expression] = [v for v in known if v.location is Location.NODE]
        if family == "pointer":
            nodes.append(me)
        if family == "scalar":
            nodes.append(where(s, self.draw(st.integers(0, HIGHEST)), self.draw(st.integers(0, HIGHEST))))
        if location is Location.NODE:
            return self.draw(st.sampled_from(nodes))
        if location is Location.EDGE:
            far = [end(value) for value in nodes for end in (sender, receiver)]
            return self.draw(st.sampled_from([*here, *far]))
        if family == "scalar":
            here.append(size)
        return self.draw(st.sampled_from([*here, *(follow(s, value) for value in nodes)]))

    def _lift(self, family: str, location: Location, depth: int) -> Expression:
        end = self.draw(st.sampled_from([sender, receiver]))
        return end(self.write(family, Location.NODE, depth))

    def _reverse(self, family: str, location: Location, depth: int) -> Expression:
        return reverse(self.write(family, Location.EDGE, depth))

    def _where(self, family: str, location: Location, depth: int) -> Expression:
        condition = self.write("mask", self.draw(st.sampled_from([location, Location.GRAPH])), depth)
        if family == "categorical" and self.draw(st.booleans()):
            return where(condition, self.draw(st.sampled_from(COLORS)), self.write(family, location, depth))
        return where(condition, self.write(family, location, depth), self.write(family, location, depth))

    def _reduce(self, family: str, location: Location, depth: int) -> Expression:
        if family == "categorical":
            return self._follow(family, location, depth)
        below = BELOW[location]
        among = self.write("mask", below, depth)
        if below is Location.EDGE and self.draw(st.booleans()):
            among = among & adj
        if family == "mask":
            return self.draw(st.sampled_from([any_of, all_of]))(among)
        if family == "scalar":
            best = self.draw(st.sampled_from([min_of, max_of]))
            return best(self.write("scalar", below, depth), among, default=self.draw(st.integers(0, HIGHEST)))
        default = self.write("pointer", location, 0) if self.draw(st.booleans()) else None
        return self._select(location, among, default)

    def _select(self, location: Location, among: Expression, default: Expression | None) -> Expression:
        tie = self.draw(st.sampled_from(["first", "last"]))
        word = self.draw(st.sampled_from(["first", "last", "choose", "argmin", "argmax"]))
        if word in ("first", "last"):
            return (first if word == "first" else last)(among, default=default)
        if word == "choose":
            return choose(among, default=default, tie=tie)
        key, free = self.write("scalar", BELOW[location], 1), self.draw(st.booleans())
        return (argmin if word == "argmin" else argmax)(key, among, tie=tie, free=free, default=default)

    def _follow(self, family: str, location: Location, depth: int) -> Expression:
        value = self.write(family, Location.NODE, depth)
        if location is Location.GRAPH and self.draw(st.booleans()):
            return follow(s, value)
        return follow(self.write("pointer", location, depth), value)

    def _logic(self, family: str, location: Location, depth: int) -> Expression:
        left, right = self.write("mask", location, depth), self.write("mask", location, depth)
        return self.draw(st.sampled_from([left & right, left | right, ~left]))

    def _at(self, family: str, location: Location, depth: int) -> Expression:
        value = self.write(family, Location.EDGE, depth)
        return at_pair(value, *(self.write("pointer", location, depth) for _ in range(2)))

    def _through(self, family: str, location: Location, depth: int) -> Expression:
        """A reduction over a third node, to which one edge leads and from which another goes on."""
        there, on, own = (self.write("mask", Location.EDGE, depth) for _ in range(3))
        among = first_leg(there) & second_leg(on)
        if family == "mask":
            return any_of(among | direct(own))
        if family == "scalar":
            first_part, rest = (self.write("scalar", Location.EDGE, depth) for _ in range(2))
            return min_of(first_leg(first_part) + second_leg(rest), among, default=HIGHEST)
        if family == "pointer":
            return choose(among, default=self.write("pointer", Location.EDGE, 0))
        return self._lift(family, location, depth)

    def _compare(self, family: str, location: Location, depth: int) -> Expression:
        kind = self.draw(st.sampled_from(["scalar", "pointer", "mask"] + ["categorical"] * self.colored))
        left = self.write(kind, location, depth)
        if kind == "categorical" and self.draw(st.booleans()):
            return left == self.draw(st.sampled_from(COLORS))
        right = self.write(kind, location, depth)
        ways = [left == right, left != right]
        if kind in ("scalar", "pointer"):
            ways += [left < right, left <= right, left > right, left >= right]
        return self.draw(st.sampled_from(ways))

    def _arithmetic(self, family: str, location: Location, depth: int) -> Expression:
        left = self.write("scalar", location, depth)
        constant = self.draw(st.booleans())
        right = self.draw(st.integers(0, 3)) if constant else self.write("scalar", location, depth)
        ways = [left + right, left - right, minimum(left, right), maximum(left, right), left + size]
        asked = [left * right] * self.grammar.products
        asked += [arctan2(left, right)] * (self.grammar.angles and not self.grammar.whole_weights)
        return self.draw(st.sampled_from(ways + asked * len(ways)))

    def _index(self, family: str, location: Location, depth: int) -> Expression:
        return index(self.write("pointer", location, depth))

    def _node_at(self, family: str, location: Location, depth: int) -> Expression:
        return node_at(self.write("scalar", location, depth))


def _family(variable: Variable) -> str:
    """The kind of a variable; a mask_one is read like any mask."""
    return "mask" if variable.kind.name == "mask_one" else variable.kind.name


def _places(grammar: Grammar) -> list[Place]:
    places = [node, node, node]
    return places + [graph] * grammar.graph_state + [edge] * grammar.edge_state


@st.composite
def state_variables(draw: st.DrawFn, grammar: Grammar) -> tuple[Variable, ...]:
    """Some variables of several kinds and locations."""
    found: list[Variable] = []
    for number in range(draw(st.integers(1, grammar.variables))):
        place = draw(st.sampled_from(_places(grammar)))
        kinds = ["mask", "scalar", "pointer", "categorical"] + ["mask_one"] * (place is node)
        kind, internal = draw(st.sampled_from(kinds)), draw(st.booleans())
        name = f"{kind}{number}"
        if kind == "scalar":
            whole = grammar.whole_weights
            found.append(place.scalar(name, low=0, high=HIGHEST, whole=whole, internal=internal))
        elif kind == "categorical":
            # The first one is of nodes, from where every place can read it.
            place = place if any(_family(v) == kind for v in found) else node
            found.append(place.categorical(name, COLORS, internal=internal))
        else:
            found.append(getattr(place, kind)(name, internal=internal))
    return tuple(found)


def _value(writer: _Writer, variable: Variable, depth: int) -> Expression:
    """A value that fits a variable."""
    family = _family(variable)
    if variable.kind.name == "mask_one":
        return writer.mask_one(depth)
    if family == "categorical":
        condition = writer.write("mask", variable.location, depth)
        literal = writer.draw(st.sampled_from(COLORS))
        known = any(v is variable for v in writer.variables)
        other = variable if known else writer.draw(st.sampled_from(COLORS))
        return where(condition, literal, other)
    value = writer.write(family, variable.location, depth)
    return minimum(maximum(value, 0), HIGHEST) if family == "scalar" else value


@st.composite
def programs(draw: st.DrawFn, grammar: Grammar = Grammar()) -> Program:
    """A random program; it halts, and stays in the ranges that it declares."""
    inputs = (adj, A_whole if grammar.whole_weights else A, s)
    state = draw(state_variables(grammar))
    clock = (graph if grammar.graph_state else node).scalar(
        "tick", low=0, high=grammar.steps, whole=True, internal=True
    )
    starter = _Writer(draw, grammar, inputs)
    writer = _Writer(draw, grammar, (*inputs, *state, clock))
    done = clock >= draw(st.integers(0, grammar.steps).map(lambda rest: grammar.steps - rest))
    halt = done if clock.location is Location.GRAPH else anywhere(done)
    if draw(st.integers(0, 3)) == 3:
        halt = halt | writer.write("mask", Location.GRAPH, 1)
    step = {v: _value(writer, v, grammar.depth) for v in state if draw(st.integers(0, 9)) < 9}
    return Program(
        "random_program",
        inputs,
        {clock: 0, **{v: _value(starter, v, 1) for v in state}},
        {clock: clock + 1, **step},
        halt,
        {f"last_{v.name}": v for v in state} | {f"at_{v.name}": me == v for v in state if _is_root(v)},
        limit=grammar.steps + 1,
    )


def _is_root(variable: Variable) -> bool:
    """Whether a variable is a pointer of the graph, so that one node is it."""
    return variable.location is Location.GRAPH and variable.kind.refers


@st.composite
def batches(
    draw: st.DrawFn, *, largest: int = 6, whole: bool = True, count: tuple[int, int] = (1, 3)
) -> Batch:
    """Some graphs of different sizes: sparse, dense, with self loops and equal weights or not."""
    import torch

    from mechgap.semantics.batch import Batch

    fewest, most = count
    sizes = torch.tensor(draw(st.lists(st.integers(1, largest), min_size=fewest, max_size=most)))
    graphs, width = len(sizes), int(sizes.max()) + draw(st.integers(0, 1))
    source = torch.Generator().manual_seed(draw(st.integers(0, 2**16)))
    nodes = torch.arange(width)[None] < sizes[:, None]
    density = draw(st.sampled_from([0.5, 0.0, 0.2, 1.0]))
    edges = torch.rand(graphs, width, width, generator=source) < density
    if draw(st.booleans()):
        edges = edges | edges.transpose(1, 2)
    if draw(st.booleans()):
        edges = edges & ~torch.eye(width, dtype=torch.bool)
    weights = torch.rand(graphs, width, width, generator=source) * HEAVIEST
    weights = weights.round() if whole else weights
    if draw(st.booleans()):
        weights = torch.ones_like(weights)
    pairs = nodes[:, :, None] & nodes[:, None, :]
    start = (torch.rand(graphs, generator=source) * sizes).long()
    marked = torch.arange(width)[None] == start[:, None]
    return Batch({"adj": edges & pairs, "A": weights * pairs, "s": marked}, nodes)
