"""Infers the type of every expression of a program and collects the faults on the way."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..errors import Fault
from ..kinds.categorical import Categorical
from ..kinds.mask import Mask, MaskOne
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from .expression import (
    Along,
    Any,
    Apply,
    At,
    Best,
    Constant,
    Expression,
    Follow,
    Lift,
    Own,
    Reverse,
    Select,
    Size,
    Variable,
)
from .location import Location
from .operations import Operation
from .ranges import arithmetic, hull, or_nothing
from .text import expression_text
from .types import Type, same_family

LARGEST_NUMBER = 2.0**100
"""Constants from here on are refused: no run in float32 could use them."""

_WHICH_END = (
    "say which end of the edge you mean, sender(value) or receiver(value); "
    "which pair of the triple: first_leg(value), second_leg(value) or direct(value)"
)


class Inference:
    """Types of expressions, computed once for each expression object.

    Attributes:
        types: the type of every expression seen; the categories of literals are filled in when
            they meet a variable.
        faults: what was found wrong.
    """

    def __init__(self, where: str, known: tuple[Variable, ...]) -> None:
        self.where = where
        self.known = frozenset(known)
        self.types: dict[Expression, Type] = {}
        self.faults: list[Fault] = []
        self._failed: set[Expression] = set()
        self._rules: dict[type[Expression], Callable[..., Type | None]] = {
            Constant: self._constant,
            Own: lambda e: Type(Location.NODE, Pointer()),
            Size: lambda e: Type(Location.GRAPH, Scalar(1, math.inf, whole=True)),
            Variable: self._variable,
            Apply: self._apply,
            Lift: self._lift,
            Along: self._along,
            Reverse: self._reverse,
            At: self._at,
            Any: self._any,
            Best: self._best,
            Select: self._select,
            Follow: self._follow,
        }

    def of(self, expression: Expression) -> Type | None:
        """The type of an expression, or None if it has a fault (which is then recorded)."""
        if expression in self.types:
            return self.types[expression]
        if expression in self._failed:
            return None
        kinds = [self.of(child) for child in expression.children]
        found = None
        if all(kind is not None for kind in kinds):
            found = self._rules[type(expression)](expression)
        if found is None:
            self._failed.add(expression)
        else:
            self.types[expression] = found
        return found

    def settle(self, expression: Expression, categories: tuple[str, ...]) -> None:
        """Tell literals inside an expression which categories they belong to."""
        known = self.types.get(expression)
        if known is None or not known.literal:
            return
        self.types[expression] = Type(known.location, Categorical(categories))
        for child in expression.children:
            child_type = self.types.get(child)
            if child_type is not None and child_type.literal:
                self.settle(child, categories)

    def fault(self, expression: Expression, given: str, expected: str, remedy: str) -> None:
        """Record a fault at an expression."""
        place = f"{self.where}, in `{expression_text(expression)}`"
        self.faults.append(Fault(place, given, expected, remedy))

    def _type(self, expression: Expression) -> Type:
        return self.types[expression]

    def _constant(self, expression: Constant) -> Type | None:
        value = expression.value
        if isinstance(value, bool):
            return Type(Location.GRAPH, Mask())
        if isinstance(value, str):
            return Type(Location.GRAPH, Categorical((value,)), literal=True)
        if not abs(value) < LARGEST_NUMBER:
            self.fault(
                expression,
                f"the constant {value}",
                f"a finite number below {LARGEST_NUMBER:g}",
                "use a mask for 'not known yet'",
            )
            return None
        return Type(Location.GRAPH, Scalar(value, value, whole=float(value).is_integer()))

    def _variable(self, expression: Variable) -> Type | None:
        if expression not in self.known:
            self.fault(
                expression,
                f"variable {expression.name!r}, which is neither an input nor has a first value",
                "only " + (", ".join(sorted(v.name for v in self.known)) or "constants"),
                f"list {expression.name!r} in `inputs`, or give it a value in `init`",
            )
            return None
        kind = expression.kind
        if isinstance(kind, Scalar):
            kind = Scalar(kind.low, kind.high, kind.whole)
        return Type(expression.location, kind)

    def _meet(self, expression: Expression) -> Location | None:
        """The common location of the children; values of the graph are spread."""
        locations = {self._type(child).location for child in expression.children}
        local = locations - {Location.GRAPH}
        if len(local) > 1:
            self.fault(
                expression,
                _together(local),
                "values of one location",
                _WHICH_END,
            )
            return None
        return local.pop() if local else Location.GRAPH

    def _expect(self, expression: Expression, child: Expression, wanted: str, remedy: str) -> bool:
        found = self._type(child)
        if getattr(found, f"is_{wanted}"):
            return True
        self.fault(expression, f"`{expression_text(child)}`, a {found}", f"a {wanted}", remedy)
        return False

    def _apply(self, expression: Apply) -> Type | None:
        location = self._meet(expression)
        if location is None:
            return None
        operation, arguments = expression.operation, expression.arguments
        if operation in (Operation.NOT, Operation.AND, Operation.OR):
            good = [self._expect(expression, a, "mask", "compare values to get a mask") for a in arguments]
            return Type(location, Mask()) if all(good) else None
        if operation is Operation.WHERE:
            return self._where(expression, location)
        if operation is Operation.INDEX:
            good = [self._expect(expression, arguments[0], "pointer", "index() takes a pointer")]
            low = -math.inf if all(good) and self._type(arguments[0]).loose else 0
            return Type(location, Scalar(low, math.inf, whole=True)) if all(good) else None
        if operation is Operation.NODE_AT:
            return self._node_at(expression, location)
        if operation in (Operation.EQUAL, Operation.LESS, Operation.LESS_EQUAL):
            return self._compare(expression, location)
        good = [self._expect(expression, a, "scalar", "arithmetic takes scalars") for a in arguments]
        if not all(good):
            return None
        return Type(location, arithmetic(operation, *(self._type(a).scalar for a in arguments)))

    def _node_at(self, expression: Apply, location: Location) -> Type | None:
        argument = expression.arguments[0]
        if not self._expect(expression, argument, "scalar", "node_at() takes a position"):
            return None
        if not self._type(argument).scalar.whole:
            self.fault(expression, "a number that need not be whole", "a whole number", "declare it whole")
            return None
        return Type(location, Pointer(), loose=True)

    def _compare(self, expression: Apply, location: Location) -> Type | None:
        left, right = (self._type(a) for a in expression.arguments)
        ordered = expression.operation is not Operation.EQUAL
        good = same_family(left, right) and not (ordered and (left.is_categorical or left.is_mask))
        if not good:
            self.fault(
                expression,
                f"a {left} and a {right}",
                "two numbers or two pointers" if ordered else "two values of the same kind",
                "compare like with like; index(pointer) turns a pointer into a number",
            )
            return None
        if left.literal and right.literal:
            self.fault(
                expression,
                "category names on both sides",
                "a category of a variable on one side",
                "compare a categorical variable with a name",
            )
            return None
        self._settle_both(expression.arguments[0], expression.arguments[1])
        return Type(location, Mask())

    def _settle_both(self, left: Expression, right: Expression) -> None:
        one, other = self._type(left), self._type(right)
        if one.is_categorical and not one.literal:
            self.settle(right, one.categories)
        elif other.is_categorical and not other.literal:
            self.settle(left, other.categories)

    def _where(self, expression: Apply, location: Location) -> Type | None:
        condition, then, otherwise = expression.arguments
        if not self._expect(expression, condition, "mask", "a condition is a mask"):
            return None
        one, other = self._type(then), self._type(otherwise)
        if not same_family(one, other):
            self.fault(
                expression,
                f"a {one} or a {other}",
                "two values of the same kind",
                "make both branches masks, numbers, pointers or categories of one variable",
            )
            return None
        self._settle_both(then, otherwise)
        if one.is_scalar:
            return Type(location, hull(one.scalar, other.scalar))
        if one.is_mask:
            ones = (self._type(condition).location is Location.GRAPH, one.kind, other.kind)
            exactly_one = ones == (True, MaskOne(), MaskOne())
            return Type(location, MaskOne() if exactly_one else Mask())
        if one.is_pointer:
            return Type(location, Pointer(), loose=one.loose or other.loose)
        if one.literal and other.literal:
            return Type(location, Categorical((*one.categories, *other.categories)), literal=True)
        return Type(location, other.kind if one.literal else one.kind)

    def _lift(self, expression: Lift) -> Type | None:
        found = self._type(expression.value)
        if found.location.rank > 1:
            self.fault(
                expression, f"a {found}", "a value of nodes", "an edge value needs no sender() or receiver()"
            )
            return None
        kind = Mask() if isinstance(found.kind, MaskOne) else found.kind
        return Type(Location.EDGE, kind, found.literal, found.loose)

    def _along(self, expression: Along) -> Type | None:
        found = self._type(expression.value)
        if found.location.rank > 2:
            self.fault(expression, f"a {found}", "a value of edges", "take one leg of a pair only")
            return None
        if found.location is Location.NODE:
            self.fault(
                expression,
                f"a {found}",
                "a value of edges",
                "first_leg(receiver(value)) is the value at the middle, direct(sender(value)) at the sender",
            )
            return None
        return Type(Location.TRIPLE, found.kind, found.literal, found.loose)

    def _reverse(self, expression: Reverse) -> Type | None:
        found = self._type(expression.value)
        if found.location is not Location.EDGE:
            self.fault(expression, f"a {found}", "a value of edges", "reverse() swaps sender and receiver")
            return None
        return found

    def _reducible(self, expression: Expression, location: Location) -> Location | None:
        if location is Location.GRAPH:
            self.fault(
                expression,
                "a single value of the graph",
                "values of nodes or edges to reduce",
                "spread it first, for example sender(mask) & …",
            )
            return None
        return location.reduced

    def _any(self, expression: Any) -> Type | None:
        if not self._expect(expression, expression.mask, "mask", "any_of() takes a mask"):
            return None
        location = self._reducible(expression, self._type(expression.mask).location)
        return None if location is None else Type(location, Mask())

    def _among(self, expression: Best | Select, parts: tuple[Expression, ...]) -> Location | None:
        """Where the result of a reduction lives; ``parts`` are what it reduces."""
        if not self._expect(expression, expression.among, "mask", "say with a mask which nodes count"):
            return None
        local = {self._type(part).location for part in parts} - {Location.GRAPH}
        if len(local) > 1:
            self.fault(
                expression,
                _together(local),
                "values of one location",
                _WHICH_END,
            )
            return None
        return self._reducible(expression, local.pop() if local else Location.GRAPH)

    def _best(self, expression: Best) -> Type | None:
        location = self._among(expression, (expression.value, expression.among))
        good = self._expect(expression, expression.value, "scalar", "only numbers have a smallest one")
        good &= self._expect(expression, expression.default, "scalar", "the default is a number")
        if location is None or not good or not self._fits_below(expression, expression.default, location):
            return None
        return Type(
            location, hull(self._type(expression.value).scalar, self._type(expression.default).scalar)
        )

    def _select(self, expression: Select) -> Type | None:
        parts = (expression.among,) if expression.key is None else (expression.among, expression.key)
        location = self._among(expression, parts)
        good = True
        if expression.key is not None:
            good = self._expect(expression, expression.key, "scalar", "a key is a number")
        if expression.default is not None:
            good &= self._expect(expression, expression.default, "pointer", "the default is a pointer")
        if location is None or not good:
            return None
        if expression.default is not None and not self._fits_below(expression, expression.default, location):
            return None
        loose = expression.default is not None and self._type(expression.default).loose
        return Type(location, Pointer(), loose=loose)

    def _fits_below(self, expression: Expression, default: Expression, location: Location) -> bool:
        found = self._type(default).location
        if found in (location, Location.GRAPH):
            return True
        self.fault(
            expression,
            f"a default of every {found.value}",
            f"one of every {location.value}",
            "give a default that lives where the result lives",
        )
        return False

    def _follow(self, expression: Follow) -> Type | None:
        reference, value = self._type(expression.reference), self._type(expression.value)
        one = isinstance(reference.kind, MaskOne)
        if not self._refers(expression, reference):
            return None
        if value.location is not Location.NODE:
            self.fault(expression, f"a {value} to read", "a value of nodes", "follow() reads at a node")
            return None
        kind = Mask() if isinstance(value.kind, MaskOne) else value.kind
        if reference.loose:
            kind = or_nothing(kind)
        return Type(Location.GRAPH if one else reference.location, kind, value.literal, value.loose)

    def _refers(self, expression: Expression, reference: Type) -> bool:
        if isinstance(reference.kind, MaskOne):
            return True
        if reference.is_pointer and reference.location is not Location.TRIPLE:
            return True
        self.fault(
            expression,
            f"a {reference} to follow",
            "a pointer, or a mask_one",
            "choose a node with first(), argmin() … or mark it with a mask_one",
        )
        return False

    def _at(self, expression: At) -> Type | None:
        ends = [self._type(expression.sender), self._type(expression.receiver)]
        value = self._type(expression.value)
        if not (self._refers(expression, ends[0]) and self._refers(expression, ends[1])):
            return None
        if value.location is not Location.EDGE:
            self.fault(
                expression, f"a {value} to read", "a value of edges", "at_pair() reads at a pair of nodes"
            )
            return None
        local = {e.location for e in ends if not isinstance(e.kind, MaskOne)} - {Location.GRAPH}
        if len(local) > 1:
            self.fault(expression, _together(local), "references of one location", _WHICH_END)
            return None
        kind = or_nothing(value.kind) if any(end.loose for end in ends) else value.kind
        return Type(local.pop() if local else Location.GRAPH, kind, value.literal, value.loose)


def _together(places: set[Location]) -> str:
    ordered = sorted(places, key=lambda place: place.rank)
    return f"values of {' and of '.join(place.value + 's' for place in ordered)} together"
