"""Checks a program and reports all its faults at once."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import Fault
from ..kinds.categorical import Categorical
from ..kinds.mask import MaskOne
from ..kinds.scalar import Scalar
from .expression import Apply, Constant, Expression, Own, Variable
from .inference import Inference
from .location import Location
from .operations import Operation
from .types import Type, same_family

if TYPE_CHECKING:
    from .program import Port, Program

RESERVED = frozenset(
    {"me", "size", "at", "if", "then", "else", "and", "or", "not", "any", "by", "true", "false"}
)
"""Words that a printed program uses."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def infer(program: Program) -> Inference:
    """The types of all expressions of a program, with the faults found on the way."""
    known = (*program.inputs, *program.state)
    inference = Inference(f"program {program.name}", known)
    start = Inference(f"program {program.name}, first state", program.inputs)
    for variable, value in program.init.items():
        _assign(start, variable, value, "first state")
    for variable in program.state:
        _check_defined(start, variable)
    inference.types.update(start.types)
    inference.faults.extend(start.faults)
    for variable, value in program.step.items():
        _assign(inference, variable, value, "step")
    _expect_graph(inference, program.halt, "halt", "mask")
    _expect_graph(inference, program.limit, "limit", "scalar")
    for variable in _variables(program.limit):
        inference.fault(
            program.limit,
            f"the variable {variable.name!r}",
            "numbers and `size` only",
            "bound the number of frames for any input of that size",
        )
    for name, value in program.outputs.items():
        found = inference.of(value)
        if found is not None and found.literal:
            inference.fault(
                value,
                f"the category name as output {name!r}",
                "a category of a variable",
                "give out a categorical variable, or a mask",
            )
    return inference


def check(program: Program) -> list[Fault]:
    """Every fault of a program; an empty list if it is well formed."""
    faults = list(_check_names(program))
    inference = infer(program)
    faults.extend(inference.faults)
    for variable in program.step:
        if variable not in program.init:
            faults.append(
                Fault(
                    f"program {program.name}, variable {variable.name}",
                    "a step but no first value",
                    "a first value for every state variable",
                    f"add {variable.name!r} to `init`",
                )
            )
    return list(dict.fromkeys(faults))


def output_ports(program: Program) -> tuple[Port, ...]:
    """The ports of the outputs, with the kinds that were inferred.

    What is true at exactly one node by construction is a mask_one.
    """
    from .program import Port

    types = program.types
    ports = []
    for name, value in program.outputs.items():
        kind = value.kind if isinstance(value, Variable) else types[value].kind
        if _marks_one(types, value):
            kind = MaskOne()
        ports.append(Port(name, types[value].location, kind))
    return tuple(ports)


def _variables(expression: Expression) -> list[Variable]:
    """The variables that an expression reads."""
    below = [v for child in expression.children for v in _variables(child)]
    return [expression] if isinstance(expression, Variable) else below


def _check_names(program: Program) -> list[Fault]:
    faults = []
    where = f"program {program.name}"
    names = [v.name for v in (*program.inputs, *program.state)]
    for name in (program.name, *names, *program.outputs):
        if not _WORD.fullmatch(name):
            faults.append(Fault(where, f"the name {name!r}", "letters, digits and _", "rename it"))
    for name in (name for name in names if name in RESERVED):
        faults.append(
            Fault(
                where, f"a variable named {name!r}", "a name that is not a word of the language", "rename it"
            )
        )
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(
            Fault(where, f"two variables named {name!r}", "one variable for each name", "rename one of them")
        )
    for part, content in (("inputs", program.inputs), ("init", program.init), ("outputs", program.outputs)):
        if not content:
            faults.append(Fault(where, f"empty `{part}`", "at least one entry", f"a program needs `{part}`"))
    for variable in (*program.inputs, *program.state):
        faults.extend(_check_kind(where, variable))
    return faults


def _check_kind(where: str, variable: Variable) -> list[Fault]:
    kind, place = variable.kind, f"{where}, variable {variable.name}"
    if isinstance(kind, Scalar) and not kind.low <= kind.high:
        return [Fault(place, f"low={kind.low}, high={kind.high}", "low <= high", "swap or widen the bounds")]
    if isinstance(kind, Scalar) and not 0 < kind.unit < math.inf:
        return [Fault(place, f"unit={kind.unit}", "a positive unit", "give the size of one unit")]
    if isinstance(kind, Scalar) and kind.unit != 1.0 and not kind.whole:
        return [
            Fault(place, f"unit={kind.unit} without whole=True", "whole numbers of a unit", "add whole=True")
        ]
    if isinstance(kind, Categorical) and (
        len(kind.categories) < 2 or len(set(kind.categories)) < len(kind.categories)
    ):
        return [
            Fault(
                place, f"categories {kind.categories}", "two or more different names", "name the categories"
            )
        ]
    if isinstance(kind, MaskOne) and variable.location is not Location.NODE:
        return [
            Fault(
                place,
                f"a mask_one of every {variable.location.value}",
                "a mask_one over nodes",
                "use a graph pointer, or a mask",
            )
        ]
    return []


def _check_defined(inference: Inference, variable: Variable) -> None:
    """Check that where a variable is defined is a mask of its places."""
    if variable.defined is None:
        return
    found = inference.of(variable.defined)
    if found is not None and not (found.is_mask and found.location is variable.location):
        inference.fault(
            variable.defined,
            f"`defined` of {variable.name!r} is a {found}",
            f"a {variable.location.value} mask over the inputs",
            "say with a mask at which places the value means something",
        )


def _expect_graph(inference: Inference, value: Expression, part: str, wanted: str) -> None:
    found = inference.of(value)
    if found is None:
        return
    if found.location is not Location.GRAPH or not getattr(found, f"is_{wanted}"):
        inference.fault(
            value,
            f"`{part}` is a {found}",
            f"one {wanted} of the graph",
            "reduce it with anywhere() or everywhere()" if wanted == "mask" else "use a number or `size`",
        )


def _assign(inference: Inference, variable: Variable, value: Expression, part: str) -> None:
    """Check that a value fits the variable that it is assigned to."""
    found = inference.of(value)
    if found is None:
        return
    wanted = Type(variable.location, variable.kind)
    if wanted.is_categorical and same_family(wanted, found):
        inference.settle(value, wanted.categories)
        found = inference.types[value]
    if found.location not in (variable.location, Location.GRAPH):
        inference.fault(
            value,
            f"a {found} as the {part} of {variable.name!r}",
            f"a {wanted}",
            "reduce it (any_of, first, min_of …) or lift it (sender, receiver) to that location",
        )
        return
    if not same_family(wanted, found):
        inference.fault(
            value,
            f"a {found} as the {part} of {variable.name!r}",
            f"a {wanted}",
            "assign a value of the variable's kind",
        )
        return
    if isinstance(variable.kind, MaskOne) and not _marks_one(inference.types, value):
        inference.fault(
            value,
            f"a mask as the {part} of the mask_one {variable.name!r}",
            "an expression that marks exactly one node for certain",
            "write `me == pointer` with a pointer of the graph, or choose between mask_ones with where()",
        )
    if isinstance(variable.kind, Scalar) and variable.kind.whole and not found.scalar.whole:
        inference.fault(
            value,
            f"a number that need not be whole for {variable.name!r}",
            "a whole number",
            "declare the numbers it is made of whole, or drop whole=True",
        )


def _marks_one(types: Mapping[Expression, Type], value: Expression) -> bool:
    """Whether an expression of nodes is true at exactly one node by construction."""
    if isinstance(types[value].kind, MaskOne):
        return True
    if not isinstance(value, Apply):
        return False
    if value.operation is Operation.EQUAL:
        left, right = value.arguments
        sides = [(left, right), (right, left)]
        return any(
            isinstance(own, Own)
            and types[pointer].is_pointer
            and types[pointer].location is Location.GRAPH
            and not types[pointer].loose
            for own, pointer in sides
        )
    if value.operation is Operation.WHERE:
        condition, then, otherwise = value.arguments
        return types[condition].location is Location.GRAPH and all(
            not isinstance(branch, Constant) and _marks_one(types, branch) for branch in (then, otherwise)
        )
    return False
