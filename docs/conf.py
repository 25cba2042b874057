"""How Sphinx makes a site of the pages under docs/: `make docs`.

The pages are plain Markdown, to be read on a forge too. What only the site has is put in as they are read:

    index.md              the links under each heading become that part of the table of contents
    <!-- commands -->     every command, from its parser (commands_page.py)
    <!-- python -->       every public name, from its docstring
    links out of docs/    the place in the repository, in words
"""

import re
import sys
from pathlib import Path

import scanfuse

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

project = "scanfuse"
author = copyright = "The scanfuse authors"
release = version = scanfuse.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["__pycache__"]
nitpicky = False
default_role = "code"  # a `name` in a docstring
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"scanfuse {release}"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["wide.css"]

LINK = re.compile(r"^\* \[[^]]*\]\(([\w./-]+)\.md\)", re.MULTILINE)
RELATIVE = re.compile(r"\[([^]]*)\]\((\.\./[\w./-]+)\)")


def contents(page: str) -> str:
    """The table of contents that a page's lists of links make, a part for each heading."""
    parts = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    found = []
    for part in parts:
        title, _, text = part.partition("\n")
        links = LINK.findall(text)
        found += ["```{toctree}", ":hidden:", f":caption: {title}", "", *links, "```", ""]
    return "\n".join(found)


# What the public names give back.
GIVEN = (
    "scanfuse.network.Network",
    "scanfuse.network.Layer",
    "scanfuse.hardware.Accelerator",
    "scanfuse.mapping.Mapping",
    "scanfuse.results.Run",
    "scanfuse.results.Comparison",
    "scanfuse.dram.Replay",
)


def reference() -> str:
    """Every public name and what it gives, from the docstrings."""
    lines = ["```{eval-rst}"]
    hidden = "   :exclude-members: errors_explained, engine_values"
    for name in scanfuse.__all__:
        if isinstance(getattr(scanfuse, name), type):
            lines += [f".. autoclass:: scanfuse.{name}", "   :members:", hidden, ""]
        else:
            lines += [f".. autofunction:: scanfuse.{name}", ""]
    lines += ["```", "", "## What they give", "", "```{eval-rst}"]
    for name in GIVEN:
        lines += [f".. autoclass:: {name}", "   :members:", "   :inherited-members:", ""]
    return "\n".join([*lines, "```"])


def complete(app: object, name: str, source: list[str]) -> None:
    """A page with what only the site has."""
    from commands_page import commands

    text = source[0]
    if name == "index":
        text += "\n" + contents(text)
    elif name.endswith("/index"):  # its folder's pages, whichever there are
        text += "\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"
    text = text.replace("<!-- commands -->", commands() if "<!-- commands -->" in text else "")
    text = text.replace("<!-- python -->", reference() if "<!-- python -->" in text else "")
    source[0] = RELATIVE.sub(lambda link: outside(link, (DOCS / name).parent), text)


def outside(link: re.Match[str], folder: Path) -> str:
    """A link out of docs/ as words; others as they stand, for Sphinx to warn of dead ones."""
    path = (folder / link[2]).resolve()
    if path.is_relative_to(DOCS) or not path.exists():
        return link[0]
    return f"{link[1]} (`{path.relative_to(DOCS.parent)}` in the repository)"


def keep_colon(app: object, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Properties: what stands before a colon in the first line is no type, as Napoleon would have it."""
    if what in ("attribute", "property"):
        lines.insert(0, "\\ ")


def plain_aliases(app: object, what: str, name: str, thing: object, options: object, taken: str, given: str):
    """ArrayLike by its name where it may be None too."""
    return taken and taken.replace("TypeAliasForwardRef('ArrayLike')", "ArrayLike"), given


def setup(app: object) -> None:
    app.connect("autodoc-process-signature", plain_aliases)
    app.connect("source-read", complete)
    app.connect("autodoc-process-docstring", keep_colon, priority=400)
