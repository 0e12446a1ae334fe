"""Runs a program on inputs that a user names: a well-known graph, a file, or a drawn one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import GraphError
from ..interop.edges import read_edges
from ..interop.golden import read_batch
from ..interop.named import NAMED, named_graph
from ..lang.location import Location
from ..semantics.inputs import to_batch
from ..tasks.task import Task
from .parity import Comparison, certified_errors, compare

if TYPE_CHECKING:
    from ..compiler.certificate import Certificate
    from ..graphs import Graph
    from ..lang.program import Port
    from ..semantics.batch import Batch
    from ..semantics.trace import Trace


@dataclass(frozen=True)
class Subject:
    """Inputs with the names of their nodes.

    Attributes:
        batch: the inputs.
        names: of the nodes of the first graph.
        words: what it is.
    """

    batch: Batch
    names: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Choice:
    """What inputs a user asks for.

    Attributes:
        graph: name of a well-known graph, or a file: .csv or .tsv of edges, or .npz of recorded inputs.
        source: name or number of the source, for a program that has one; by default the first node.
        directed: whether the edges of a file lead one way only.
        n: nodes of a drawn graph, if no graph is given.
        seed: of the drawn graph.
    """

    graph: str | None = None
    source: str | None = None
    directed: bool = False
    n: int = 8
    seed: int = 0


@dataclass(frozen=True)
class Change:
    """A value that some nodes have got in a frame.

    Attributes:
        frame: which; 0 is the first.
        variable: of the state.
        value: in words.
        nodes: which nodes have got it; empty for a variable of the graph.
    """

    frame: int
    variable: str
    value: str
    nodes: tuple[str, ...]


def choose(task: Task, choice: Choice) -> Subject:
    """The inputs that a user asks for, checked.

    Raises:
        FileFormatError: if a file cannot be read.
        GraphError: if it holds no inputs of the program, or such as the task does not allow.
        NotFoundError: if there is no graph of that name.
    """
    found = _found(task, choice)
    task.check(found.batch)
    return found


def _found(task: Task, choice: Choice) -> Subject:
    if choice.graph is None:
        batch = task.sample(choice.seed, choice.n, 1)
        words = f"a drawn graph of {batch.width} nodes, seed {choice.seed}"
        return Subject(batch, _numbers(batch.width), words)
    if choice.graph.endswith(".npz"):
        batch = read_batch(choice.graph, task.program)
        return Subject(batch, _numbers(int(batch.sizes[0])), f"graph 0 of {len(batch)} in {choice.graph}")
    known = choice.graph in NAMED or not Path(choice.graph).suffix
    graph = named_graph(choice.graph) if known else read_edges(choice.graph, directed=choice.directed)
    return _of_graph(task, graph, choice)


def _of_graph(task: Task, graph: Graph, choice: Choice) -> Subject:
    takes_source = any(variable.name == "s" for variable in task.program.inputs)
    if choice.source is not None and not takes_source:
        raise GraphError(
            f"program {task.name}",
            f"the source {choice.source!r}",
            "no source: the program has no input `s`",
            "leave --source out",
        )
    source: object = None
    if takes_source:
        wanted = graph.names[0] if choice.source is None else choice.source
        source = int(wanted) if wanted not in graph.names and wanted.isdecimal() else wanted
    batch = to_batch(graph, task.program, source=source)
    start = "" if source is None else f", source {graph.names[graph.position(source)]}"
    return Subject(batch, graph.names, f"{choice.graph}: {graph.size} nodes, {graph.edges} edges{start}")


def run_compiled(task: Task, batch: Batch, target: str = "gatv2") -> tuple[Trace, Certificate]:
    """The run of the compiled network.

    Raises:
        Refusal: if the program cannot be compiled, or the graph is larger than can be certified.
    """
    from ..compiler.passes import CompileSettings, compile_program
    from ..nets.rollout import rollout

    compiled = compile_program(task.program, CompileSettings(target=target))
    if batch.width > compiled.certificate.n:
        compiled = compile_program(task.program, CompileSettings(n=batch.width, target=target))
    return rollout(compiled.network, batch), compiled.certificate


def differences(task: Task, trace: Trace, exact: Trace) -> tuple[Comparison, ...]:
    """How the run of a network compares with the program's, variable by variable."""
    return tuple(compare(task.program, trace, exact, errors=certified_errors(task.program)))


def changes(task: Task, trace: Trace, names: tuple[str, ...]) -> Iterator[Change]:
    """What changes from frame to frame in the first run of a trace; nodes with the same value together."""
    size = len(names)
    for frame in range(int(trace.lengths[0])):
        for port in task.program.interface.hints:
            value = trace.values[port.name][frame, 0]
            old = trace.values[port.name][frame - 1, 0] if frame else None
            if port.location is Location.GRAPH:
                if old is None or bool(value != old):
                    yield Change(frame, port.name, _word(port, float(value), names), ())
                continue
            if port.location is Location.EDGE:
                continue
            groups: dict[str, list[str]] = {}
            for node in range(size):
                if old is None or bool(value[node] != old[node]):
                    word = _word(port, float(value[node]), names, node)
                    groups.setdefault(word, []).append(names[node])
            for word, nodes in groups.items():
                yield Change(frame, port.name, word, tuple(nodes))


def answers(task: Task, trace: Trace, names: tuple[str, ...]) -> Iterator[Change]:
    """The outputs of the first run of a trace, but for those at edges; nodes with the same value together."""
    last = int(trace.lengths[0]) - 1
    for port in task.program.interface.outputs:
        value = trace.outputs[port.name][0]
        if port.location is Location.GRAPH:
            yield Change(last, port.name, _word(port, float(value), names), ())
        elif port.location is Location.NODE:
            groups: dict[str, list[str]] = {}
            for node, name in enumerate(names):
                groups.setdefault(_word(port, float(value[node]), names, node), []).append(name)
            for word, nodes in groups.items():
                yield Change(last, port.name, word, tuple(nodes))


def _word(port: Port, value: float, names: tuple[str, ...], node: int = -1) -> str:
    """A value in words."""
    kind = port.kind
    if kind.refers:
        place = int(value)
        if place == node:
            return "itself"
        return names[place] if 0 <= place < len(names) else "no node"
    categories = getattr(kind, "categories", None)
    if categories:
        return str(categories[int(value)])
    if hasattr(kind, "unit"):
        return f"{value:.6g}"
    return "yes" if value else "no"


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))
