"""Pages as trees, and a network with a layer whose name is a script."""

import re
from html.parser import HTMLParser

EVIL = "<script>alert(1)</script>\"'&"
NET = f"""Layer name,IFMAP Height,IFMAP Width,Filter Height,Filter Width,Channels,Num Filter,Strides
stem, 20, 20, 3, 3, 3, 64, 1,
{EVIL}, 18, 18, 1, 1, 64, 300, 1,
=1+1, 18, 18, 1, 1, 300, 64, 1,
"""


class Page(HTMLParser):
    """What stands in a page: text, attributes and titles by element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.figures: dict[str, dict[str, list[str]]] = {}
        self.path: list[str] = []
        self.figure: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.path.append(tag)
        given = dict(attrs)
        if tag == "figure":
            self.figure = self.figures[str(given["id"])] = {"href": [], "download": []}
        if "figure" in self.path:
            self.figure.setdefault(tag, []).append("")
            for name in ("href", "download"):
                if given.get(name):
                    self.figure[name].append(str(given[name]))

    def handle_endtag(self, tag: str) -> None:
        assert self.path.pop() == tag, f"{tag} closes out of turn"

    def handle_data(self, data: str) -> None:
        if "figure" in self.path:
            for tag in self.path[self.path.index("figure") + 1 :]:
                self.figure[tag][-1] += data


def addresses(text: str) -> list[str]:
    """Everything in a page that could be fetched."""
    named = re.findall(r"""(?:href|src|srcset|action|poster|xlink:href)\s*=\s*["']?([^"'\s>]+)""", text)
    return [*named, *re.findall(r"url\(([^)]*)\)", text), *re.findall(r"@import\s+(\S+)", text)]
