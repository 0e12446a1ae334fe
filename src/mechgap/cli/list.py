"""`mechgap list`: the tasks of the package."""

from __future__ import annotations

from .options import AsJson


def list_tasks(as_json: AsJson = False) -> None:
    """List the tasks of the package."""
    from ..tasks.catalogue import NAMES, load
    from .output import print_json, print_table

    programs = [load(name).program for name in NAMES]
    if as_json:
        print_json(
            [
                {
                    "name": p.name,
                    "inputs": [v.name for v in p.inputs],
                    "hints": [v.name for v in p.hints],
                    "internal": [v.name for v in p.state if v.internal],
                    "outputs": list(p.outputs),
                    "digest": p.digest,
                    "text": p.text,
                }
                for p in programs
            ]
        )
        return
    rows = [(p.name, ", ".join(v.name for v in p.hints), ", ".join(p.outputs), p.text) for p in programs]
    print_table("", ("task", "hints", "outputs", "what it does"), rows)
