"""Do imports only ever point to rooms further left in the design's order?

Each room lists every room it may import from. `execute` and `program` may name the types of the rooms left of
the one they are fed by; nothing may reach back to its right.
"""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

MAY_IMPORT = {
    "network": set(),
    "hardware": set(),
    "mapping": {"network", "hardware"},
    "program": {"network", "hardware", "mapping"},
    "dram": set(),
    "simulate": {"network", "hardware", "mapping", "program", "dram"},
    "execute": {"network", "mapping", "program"},
    "results": {"network", "hardware", "mapping", "program", "dram", "simulate", "execute"},
    "report": {"results"},
}
ANYTHING = {"sweeps", "cli", "commands", "pytest_plugin"}  # the top: may import all rooms


def package() -> Path:
    spec = find_spec("scanfuse")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def sources() -> list[Path]:
    return sorted(package().rglob("*.py"))


def room(path: Path) -> str:
    first = path.relative_to(package()).parts[0]
    return first.removesuffix(".py")


def imported_rooms(path: Path) -> set[tuple[str, int]]:
    """(room, line) of every import of ours in a file, those inside functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            module = node.module or ""
            names = [f"{module}.{a.name}" for a in node.names] if module == "scanfuse" else [module]
        else:
            continue
        ours = [name.split(".")[1] for name in names if name.startswith("scanfuse.")]
        found |= {(name, node.lineno) for name in ours if not name.startswith("_")}
    return found


def test_every_room_is_in_the_order() -> None:
    packages = {path.parent.name for path in package().glob("*/__init__.py")}
    assert packages - ANYTHING <= set(MAY_IMPORT)


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_a_room_imports_only_rooms_to_its_left(name: str) -> None:
    allowed = MAY_IMPORT[name] | {name}
    for path in sources():
        if room(path) == name:
            for other, line in sorted(imported_rooms(path)):
                assert other in allowed, (
                    f"{path.relative_to(package())}:{line}: {name} may not import {other}"
                )


def test_importing_the_package_imports_no_room() -> None:
    told = "import scanfuse, sys; print([name for name in sys.modules if name.startswith('scanfuse.')])"
    told = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"
