"""Names of what a kernel holds, and the types in which it holds it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...kinds.categorical import Categorical
from ...kinds.kind import AbstractKind
from ...kinds.mask import Mask, MaskOne
from ...kinds.pointer import Pointer
from ...kinds.scalar import Scalar
from ...lang.expression import Expression, Variable
from ...lang.location import Location
from ...lang.program import Port, Program

SHORT = "int16"
"""Type of pointers in arrays; the widest batch of a kernel follows from it."""
_STORED = {Mask: "bool_", MaskOne: "int64", Pointer: SHORT, Categorical: "uint8"}
_ZERO = {Mask: "False", MaskOne: "False", Pointer: "0", Categorical: "0"}


@dataclass(frozen=True)
class Array:
    """An array of a kernel.

    Attributes:
        name: its name there.
        rank: number of node axes; two are laid out as one.
        dtype: name of its type in NumPy.
    """

    name: str
    rank: int
    dtype: str

    @property
    def whole(self) -> bool:
        """Whether it holds indices of nodes or of categories."""
        return self.dtype in (SHORT, "uint8", "int64")

    @property
    def size(self) -> str:
        """How many elements it has for a graph or a frame, as code."""
        return ("1", "N", "N * N")[self.rank]


@dataclass
class Names:
    """What a kernel of a program holds.

    Attributes:
        program: the program.
        real: name of the type of scalars in NumPy.
        inputs, state: the arrays of variables; a value of the graph, and the index of a mask_one, have
            rank 0.
        computed: expressions of inputs that are computed beforehand, elsewhere.
        scratch: arrays that belong to one graph or frame.
    """

    program: Program
    real: str
    inputs: dict[Variable, Array] = field(init=False)
    state: dict[Variable, Array] = field(init=False)
    computed: dict[Expression, Array] = field(default_factory=dict)
    scratch: list[Array] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self.inputs = {v: self._of(v, f"i{k}") for k, v in enumerate(self.program.inputs)}
        self.state = {v: self._of(v, f"s{k}") for k, v in enumerate(self.program.state)}

    def fresh(self, letter: str) -> str:
        """A name that is not in use."""
        self._count += 1
        return f"{letter}{self._count}"

    def stored(self, kind: AbstractKind) -> str:
        """The type in which arrays hold values of a kind."""
        return self.real if isinstance(kind, Scalar) else _STORED[type(kind)]

    def zero(self, kind: AbstractKind) -> str:
        """What a pointer to no node reads, as Python code."""
        return "ZERO" if isinstance(kind, Scalar) else _ZERO[type(kind)]

    def output(self, name: str, port: Port) -> Array:
        """The array of an output, in the types that ``Batch`` describes."""
        array = Array(name, port.location.rank, self.stored(port.kind))
        if isinstance(port.kind, MaskOne):
            return replace(array, dtype="bool_")
        return replace(array, dtype="int64") if array.whole else array

    def temporary(self, kind: AbstractKind, rank: int) -> Array:
        """A new array for the values of an expression."""
        array = Array(self.fresh("a"), rank, self.stored(kind))
        self.scratch.append(array)
        return array

    def input_of(self, expression: Expression, location: Location) -> Array:
        """The array of an expression that is computed beforehand."""
        if expression not in self.computed:
            self.computed[expression] = Array(f"c{len(self.computed)}", location.rank, self.real)
        return self.computed[expression]

    def _of(self, variable: Variable, name: str) -> Array:
        kind = variable.kind
        single = variable.location is Location.GRAPH
        wide = single and isinstance(kind, Pointer)
        rank = 0 if isinstance(kind, MaskOne) else variable.location.rank
        return Array(name, rank, "int64" if wide else self.stored(kind))


def cell(*nodes: str) -> str:
    """Python code of the position of a node, or of a pair, in an array."""
    return " * N + ".join(nodes)


def element(array: Array, first: str, *nodes: str) -> str:
    """Python code of one element: of a graph or a frame, at some nodes."""
    return f"{array.name}[{first}, {cell(*nodes)}]" if array.rank else f"{array.name}[{first}]"
