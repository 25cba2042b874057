"""One palette for every figure: what is drawn in which colour, on light and on dark.

Hues after Okabe and Ito (Color Universal Design, 2008) and Tol (SRON/EPS/TN/09-002), which readers with any
common colour vision tell apart; neighbours in a stack differ in lightness too.
"""

from __future__ import annotations

COLOURS = {  # key: (on light, on dark)
    "activate": ("#d55e00", "#e8743b"),  # DRAM energy by cause
    "burst": ("#0072b2", "#4ba3db"),
    "refresh": ("#595959", "#c4c4c4"),
    "background": ("#a6a6a6", "#787878"),
    "ifmap": ("#56b4e9", "#56b4e9"),  # tensors
    "weight": ("#e69f00", "#e69f00"),
    "ofmap": ("#009e73", "#22b98f"),
    "psum": ("#6b3e1d", "#b98b5e"),
    "residual": ("#cc79a7", "#cc79a7"),
    "compute": ("#332288", "#9a8cf0"),  # time
    "memory": ("#0072b2", "#4ba3db"),
    "stall": ("#aa4466", "#e27a96"),
    "read": ("#0072b2", "#4ba3db"),  # bandwidth
    "write": ("#86bce0", "#2a6791"),
    "level": ("#117733", "#5fbf7f"),  # a quantity of its own, and its peak
    "peak": ("#1c2024", "#e8eaed"),
    "path": ("#aa3377", "#e58fc0"),  # from tile to tile
    "chip": ("#117733", "#5fbf7f"),  # maps that stay on the chip, and those that go through DRAM
    "dram": ("#0072b2", "#4ba3db"),
}
PAGE = {
    "paper": ("#ffffff", "#16191d"),
    "ink": ("#1c2024", "#e8eaed"),
    "muted": ("#5a636c", "#a4adb6"),
    "rule": ("#d9dde1", "#363c43"),
    "panel": ("#f5f6f8", "#20242a"),
    "link": ("#0059a3", "#7cc0f5"),
}


def stylesheet() -> str:
    """The colours as CSS variables, and a class of each that fills (`f-KEY`) and draws lines (`l-KEY`)."""
    light, dark = ("".join(f"--{k}:{v[i]};" for k, v in (PAGE | COLOURS).items()) for i in (0, 1))
    classes = "".join(f".f-{key}{{fill:var(--{key})}}.l-{key}{{stroke:var(--{key})}}" for key in COLOURS)
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{classes}"
