"""A picture as SVG text: rectangles, lines and words, on a card that is light or dark as asked for."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px } .title { font-weight: 600 } .muted { fill: #59636e }
.card { fill: #ffffff; stroke: #d1d9e0 }
.plain { fill: #f6f8fa; stroke: #8c959f } .none { fill: none; stroke: #8c959f }
.a { fill: #9ec5f4; stroke: #1f5fa8 } .b { fill: #f7c88a; stroke: #9a5b00 }
.c { fill: #a8dcb5; stroke: #1a6b35 } .d { fill: #d9bdf0; stroke: #6f3fa0 } .ink { fill: #6f3fa0 }
.flat { stroke: none }
.line { fill: none; stroke: #1f2328; stroke-width: 2 } .thin { fill: none; stroke: #59636e }
.dash { fill: none; stroke: #b3261e; stroke-dasharray: 5 4 } .point { fill: #1f2328 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .muted { fill: #9aa4af }
.card { fill: #0d1117; stroke: #3d444d }
.plain { fill: #1c232b; stroke: #7d8590 } .none { stroke: #7d8590 }
.a { fill: #1f4e86; stroke: #79b8ff } .b { fill: #7a4a08; stroke: #f2b45c }
.c { fill: #1d5a31; stroke: #6fce8a } .d { fill: #553080; stroke: #c59bec } .ink { fill: #c59bec }
.flat { stroke: none }
.line { stroke: #e6edf3 } .thin { stroke: #9aa4af } .dash { stroke: #ff7b72 } .point { fill: #e6edf3 }
}"""


class Picture:
    """What has been drawn so far; `text()` is the file. Colours are the classes of STYLE."""

    def __init__(self, width: int, height: int, title: str, description: str) -> None:
        self.width, self.height = width, height
        self.head = f"<title>{escape(title)}</title>\n<desc>{escape(description)}</desc>"
        self.parts = [f'<rect class="card" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="6"/>']

    def rect(self, x: float, y: float, width: float, height: float, kind: str = "plain") -> None:
        size = f'width="{number(width)}" height="{number(height)}"'
        self.parts.append(f'<rect class="{kind}" x="{number(x)}" y="{number(y)}" {size}/>')

    def path(self, points: Iterable[tuple[float, float]], kind: str = "line", arrow: bool = False) -> None:
        d = "L".join(f"{number(x)} {number(y)}" for x, y in points)
        end = ' marker-end="url(#tip)"' if arrow else ""
        self.parts.append(f'<path class="{kind}" d="M{d}"{end}/>')

    def circle(self, x: float, y: float, radius: float, kind: str = "point") -> None:
        self.parts.append(f'<circle class="{kind}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>')

    def words(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        where = f'x="{number(x)}" y="{number(y)}" text-anchor="{anchor}"'
        self.parts.append(f'<text class="{kind}" {where}>{escape(text)}</text>')

    def text(self) -> str:
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        tip = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>',
                self.head,
                f"<style>\n{STYLE}\n</style>",
                f'<defs>{tip} orient="auto"><path class="point" d="M0 0L8 4L0 8z"/></marker></defs>',
                *self.parts,
                "</svg>\n",
            ]
        )


def number(value: float) -> str:
    """Two digits after the point at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
