"""Colours of the page and its figures: names with a light fallback, so that figures follow the theme."""

from __future__ import annotations

LIGHT = {
    "page": "#fcfbf8",
    "card": "#ffffff",
    "ink": "#22262b",
    "muted": "#5e656e",
    "line": "#dedad1",
    "compiled": "#1f6aa5",
    "trained": "#b8500f",
    "untrained": "#777d85",
    "state": "#2b7a6b",
    "onstate": "#ffffff",
}
DARK = {
    "page": "#15171a",
    "card": "#1d2024",
    "ink": "#e8e6e1",
    "muted": "#a3a9b1",
    "line": "#363b41",
    "compiled": "#6fb4ea",
    "trained": "#f29a5e",
    "untrained": "#8f959d",
    "state": "#4fb8a3",
    "onstate": "#0d1613",
}
"""Blue, orange and grey are told apart in every common kind of colour blindness."""
SERIES = ("compiled", "trained", "untrained")


def paint(name: str) -> str:
    """A colour for an SVG: that of the page's theme, or the light one where there is no page."""
    return f"var(--{name}, {LIGHT[name]})"


def themed(svg: str) -> str:
    """An SVG drawn in the light colours, with each of them replaced by its name."""
    for name, colour in LIGHT.items():
        svg = svg.replace(f"{colour};", f"{paint(name)};").replace(f'{colour}"', f'{paint(name)}"')
    return svg


def properties(colours: dict[str, str]) -> str:
    """The colours as CSS properties."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
