"""Programs made from other programs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..errors import NotFoundError
from ..lang.program import Program
from ..lang.substitution import Substitution


def showing(program: Program, name: str, *, hints: Collection[str], text: str = "") -> Program:
    """The same program of which only some state variables are hints; the others are internal.

    Args:
        program: the program to vary.
        name: name of the new program.
        hints: names of the state variables that its traces show.
        text: what it is for; by default the text of ``program``.

    Raises:
        NotFoundError: if a hint is no state variable of the program.
    """
    known = [variable.name for variable in program.state]
    for hint in hints:
        if hint not in known:
            raise NotFoundError(
                f"program {name}, made from {program.name}",
                f"the hint {hint!r}",
                f"state variables of {program.name}: {', '.join(known)}",
                "name one of these",
            )
    shown = {v: replace(v, internal=v.name not in hints) for v in program.state}
    renamed = Substitution(shown)
    return Program(
        name,
        inputs=program.inputs,
        init={shown[v]: x for v, x in program.init.items()},
        step={shown[v]: renamed.of(x) for v, x in program.step.items()},
        halt=renamed.of(program.halt),
        outputs={n: renamed.of(x) for n, x in program.outputs.items()},
        limit=program.limit,
        text=text or program.text,
    )
