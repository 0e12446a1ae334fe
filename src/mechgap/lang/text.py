"""Programs and expressions as text that a person can read, and that hashes stably."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from .operations import Operation

if TYPE_CHECKING:
    from .program import Program

_LOOSE = (Apply, Follow, At)
_TEXT_LIMIT = 160


def expression_text(expression: Expression) -> str:
    """One expression in one line, shortened if it is long."""
    return _Printer({}, _TEXT_LIMIT).inner(expression)


class Wording:
    """Says expressions of a program as its text does: parts with a name by their names.

    Args:
        program: whose expressions are written.
    """

    def __init__(self, program: Program) -> None:
        self._printer = _Printer(_shared_names(program))

    def name(self, expression: Expression) -> str | None:
        """The name under which the text of the program shows an expression, if it has one."""
        return self._printer.names.get(expression)

    def text(self, expression: Expression) -> str:
        """What an expression says, in one line; the parts of it that have names are named."""
        return self._printer.body(expression)

    def sentence(self, expression: Expression) -> str:
        """Name and text: ``name = text``, or the text alone."""
        name = self.name(expression)
        return self.text(expression) if name is None else f"{name} = {self.text(expression)}"


class _Printer:
    """Writes expressions; those that have a name in ``names`` are written as that name.

    Args:
        names: see above.
        limit: longer texts are cut, inside as well, so that shared parts cannot make them explode.
    """

    def __init__(self, names: dict[Expression, str], limit: int | None = None) -> None:
        self.names = names
        self.limit = limit
        self._written: dict[Expression, str] = {}

    def outer(self, expression: Expression) -> str:
        """An expression as an operand: in brackets where that helps to read it."""
        text = self.inner(expression)
        loose = isinstance(expression, _LOOSE) and expression not in self.names and " " in text
        if loose and isinstance(expression, Apply) and "(" in expression.operation.pattern:
            return text
        return f"({text})" if loose else text

    def inner(self, expression: Expression) -> str:
        """An expression, by its name if it has one."""
        if expression in self.names:
            return self.names[expression]
        if expression not in self._written:
            text = self.body(expression)
            if self.limit is not None and len(text) > self.limit:
                text = text[: self.limit - 2] + " …"
            self._written[expression] = text
        return self._written[expression]

    def body(self, expression: Expression) -> str:
        """What an expression says, not its name."""
        match expression:
            case Constant():
                return (
                    repr(expression.value)
                    if isinstance(expression.value, str)
                    else f"{expression.value!r}".lower()
                )
            case Own():
                return "me"
            case Size():
                return "size"
            case Variable():
                return expression.name
            case Apply():
                pattern = expression.operation.pattern
                write = self.inner if "(" in pattern else self.outer
                return pattern.format(*(write(a) for a in expression.arguments))
            case Lift():
                return f"{expression.end.value}.{self.outer(expression.value)}"
            case Along():
                return f"{expression.leg.value}.{self.outer(expression.value)}"
            case At():
                pair = f"({self.inner(expression.sender)}, {self.inner(expression.receiver)})"
                return f"{self.outer(expression.value)} at {pair}"
            case Reverse():
                return f"reverse {self.outer(expression.value)}"
            case Any():
                return f"any[{self.inner(expression.mask)}]"
            case Follow():
                return f"{self.outer(expression.value)} at {self.outer(expression.reference)}"
            case Best():
                word = "largest" if expression.largest else "smallest"
                return (
                    f"{word}[{self.inner(expression.value)} | {self.inner(expression.among)}; "
                    f"else {self.inner(expression.default)}]"
                )
            case Select():
                return self._select(expression)
        raise TypeError(type(expression).__name__)

    def _select(self, expression: Select) -> str:
        order = (
            ""
            if expression.key is None
            else (f" by {'largest' if expression.largest else 'smallest'} {self.outer(expression.key)}")
        )
        word = f"some ({expression.tie.value})" if expression.free else expression.tie.value
        default = "" if expression.default is None else f"; else {self.inner(expression.default)}"
        return f"{word}[{self.inner(expression.among)}{order}{default}]"


def program_text(program: Program) -> str:
    """The whole program: variables, shared expressions, first state, step, halt and outputs."""
    names = _shared_names(program)
    printer = _Printer(names)
    lines = [f"program {program.name}", "  inputs"]
    lines += [f"    {v.name}: {v.location.value} {v.kind.describe()}" for v in program.inputs]
    lines.append("  state")
    lines += [
        f"    {v.name}: {v.location.value} {v.kind.describe()}{' (internal)' if v.internal else ''}"
        + ("" if v.defined is None else f", defined where {printer.inner(v.defined)}")
        for v in program.state
    ]
    lines.append("  start")
    lines += [f"    {v.name} := {printer.inner(x)}" for v, x in program.init.items()]
    if names:
        lines.append("  let")
        lines += [f"    {name} = {printer.body(x)}" for x, name in names.items()]
    lines.append("  step")
    changed = {v: x for v, x in program.step.items() if x is not v}
    lines += [f"    {v.name} := {printer.inner(x)}" for v, x in changed.items()]
    lines.append(f"  halt when {printer.inner(program.halt)}")
    lines.append("  outputs")
    lines += [f"    {name} = {printer.inner(x)}" for name, x in program.outputs.items()]
    lines.append(f"  at most {printer.inner(program.limit)} frames")
    return "\n".join(lines) + "\n"


def _shared_names(program: Program) -> dict[Expression, str]:
    """Names for labelled expressions and for those used more than once, in order of need."""
    uses: dict[Expression, int] = {}
    order: list[Expression] = []

    def visit(expression: Expression) -> None:
        uses[expression] = uses.get(expression, 0) + 1
        if uses[expression] == 1:
            for child in expression.children:
                visit(child)
            order.append(expression)

    roots = (*program.step.values(), program.halt, *program.outputs.values())
    for root in roots:
        visit(root)
    taken = {v.name for v in (*program.inputs, *program.state)}
    names: dict[Expression, str] = {}
    for expression in order:
        shared = uses[expression] > 1 and bool(expression.children) and not isinstance(expression, Lift)
        trivial = isinstance(expression, Apply) and expression.operation is Operation.NOT
        if expression.label is None and (not shared or trivial):
            continue
        if isinstance(expression, Variable):
            continue
        base = expression.label or f"t{1 + sum(1 for name in names.values() if name.startswith('t'))}"
        name, count = base, 2
        while name in taken:
            name, count = f"{base}_{count}", count + 1
        taken.add(name)
        names[expression] = name
    return names
