"""Fills templates of pages that need no other file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from .palette import DARK, LIGHT, properties

STYLE = "page.css"


def rendered(template: str, context: Mapping[str, Any]) -> str:
    """A page as HTML; colours and style are put in, texts are escaped.

    Args:
        template: name of its file.
        context: everything else that the template names.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mechgap", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    look = {
        "light": properties(LIGHT),
        "dark": properties(DARK),
        "style": files(__package__).joinpath(STYLE).read_text(encoding="utf-8"),
    }
    return environment.get_template(template).render({**look, **context})
