"""The tables of the reproduction: a function each, asked with a `Get`, gives the text of its block.

A table asks for the points that it shows while it is made. So it is made twice: once with a `Get` that only
notes what is asked for, and once with the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from statistics import median

from experiments.grid import CHANGES, HEAD, MACHINES, ONE_RANK, Machine
from experiments.markdown import table
from experiments.point import Figures, Point
from scanfuse.hardware import Buffer
from scanfuse.mapping import SCHEDULES, CachedCost, Nest
from scanfuse.mapping.cached_schedules import CACHED_SCHEDULES, cached_tiling
from scanfuse.mapping.stages import Stage
from scanfuse.network import Layer, load, zoo_names

Get = Callable[[Point], Figures]

CLAIM = 67.0
BASELINES = tuple(CACHED_SCHEDULES)  # those that run layer by layer
BETTER = tuple(name for name in SCHEDULES if name not in BASELINES)
SIZES = (4_096, 8_192, 16_384, 32_768, 65_536)
MICRO, MILLI, MEGA = 1e-3, 1e-3, 1e-6  # nJ to uJ, us to ms, bytes to MB


def saved(get: Get, better: Point, than: Point, name: str = "dram_nj", *, classifier: bool = True) -> float:
    """What one run saves against another, in percent; of `entries` or a name that `Figures.figure` knows."""
    if name == "entries":
        return 100 * (1 - get(better).entries / get(than).entries)
    found, reference = (get(point).figure(name, classifier=classifier) for point in (better, than))
    return 100 * (1 - found / reference)


def preset(get: Get) -> str:
    """What each schedule costs on the preset."""
    head = ["schedule", "entries", "DRAM MB", "useful %", "activate uJ", "burst uJ", "refresh uJ",
            "background uJ", "DRAM uJ", "time ms"]  # fmt: skip
    rows = []
    for schedule in SCHEDULES:
        found = get(Point(schedule=schedule))
        energies = [
            found.figure(f"dram_{kind}_nj") * MICRO for kind in ("act", "burst", "refresh", "background")
        ]
        megabytes = (found.figure("dram_read_bytes") + found.figure("dram_write_bytes")) * MEGA
        time = f"{found.figure('latency_us') * MILLI:.3f}"
        useful = 100 * found.figure("useful_share")
        rows.append(
            [schedule, found.entries, megabytes, useful, *energies, found.figure("dram_nj") * MICRO, time]
        )
    return table(head, rows)


SAVINGS = (
    ("entries", "entries", True),
    ("DRAM energy", "dram_nj", True),
    ("DRAM energy, dynamic", "dynamic_nj", True),
    ("time", "latency_us", True),
    ("DRAM energy without classifier", "dram_nj", False),
    ("dynamic without classifier", "dynamic_nj", False),
    ("time without classifier", "latency_us", False),
)


def preset_savings(get: Get) -> str:
    """What each better schedule saves on the preset, against each layer-by-layer one."""
    rows = []
    for schedule in BETTER:
        for title, name, classifier in SAVINGS:
            cells = [
                saved(get, Point(schedule=schedule), Point(schedule=than), name, classifier=classifier)
                for than in BASELINES
            ]
            rows.append([schedule, title, *cells])
    return table(["schedule", "saved of", *(f"vs {name} %" for name in BASELINES)], rows, texts=2)


def references() -> Iterator[tuple[str, Point]]:
    """All that a reader may take for the layer-by-layer accelerator which saving is measured against."""
    for tile in (16, 32, 64, 128):
        yield f"fixed tiles of {tile}, raster", Point(schedule="raster", tile=tile)
    yield "best tiles, raster", Point(schedule="raster")
    yield "best tiles, Scan", Point(schedule="scan")
    for tile in (16, 32):
        for order in ("nmk", "mnk"):
            for schedule, walked in (("raster", "raster"), ("scan", "Scan")):
                yield f"LRU, tiles of {tile}, {','.join(order)}, {walked}", cached(schedule, tile, order)


def cached(schedule: str, tile: int, order: str, entries: int = 65_536) -> Point:
    settings = (f"buffer.lru_tile={tile}", f"buffer.lru_order={order}", f"buffer.entries={entries}")
    return Point(schedule=schedule, settings=("buffer.policy=lru", *settings))


def baselines(get: Get) -> str:
    """DRAM energy saved on the preset by what it is measured against, also with its bus made narrow."""
    rows = []
    for title, than in references():
        cells: list[object] = []
        for bus in (64, 16):
            found = get(on_bus(than, bus))
            cells += [found.figure("dram_nj") * MICRO, 100 * found.figure("useful_share")]
            cells += [saved(get, on_bus(Point(schedule=name), bus), on_bus(than, bus)) for name in BETTER]
        rows.append([title, get(than).entries, *cells])
    head = [
        f"x{bus}: {what}"
        for bus in (64, 16)
        for what in ("DRAM uJ", "useful %", *(f"{name} saves %" for name in BETTER))
    ]
    return table(["layer by layer", "entries", *head], rows)


def on_bus(point: Point, bus: int) -> Point:
    """The point on a bus of the preset's 64 bits, or of others."""
    if bus == 64:
        return point
    settings = (*point.settings, ONE_RANK)
    return replace(point, settings=settings, system=(("JEDEC_DATA_BUS_BITS", bus),))


def grid(name: str, *, classifier: bool = True) -> Callable[[Get], str]:
    """Savings on every machine, of one figure."""

    def made(get: Get) -> str:
        pairs = [(schedule, than) for schedule in BETTER for than in BASELINES]
        rows = [[*machine.cells, *on(get, machine, name, classifier)] for machine in MACHINES]
        return table([*HEAD, *(f"{a} vs {b} %" for a, b in pairs)], rows, texts=len(HEAD))

    return made


def on(get: Get, machine: Machine, name: str, classifier: bool) -> list[float]:
    return [
        saved(get, machine.point(schedule), machine.point(than), name, classifier=classifier)
        for schedule in BETTER
        for than in BASELINES
    ]


def verdict(get: Get) -> str:
    """The claim in sentences: what the first better schedule, the published one, saves of DRAM energy."""
    better, lines = BETTER[0], []
    for than in BASELINES:
        here = saved(get, Point(schedule=better), Point(schedule=than))
        there = [saved(get, machine.point(better), machine.point(than)) for machine in MACHINES]
        holds = sum(value >= CLAIM for value in there)
        lines.append(
            f"* Against `{than}`, `{better}` saves {here:.1f} % on the preset; over the {len(there)} "
            f"machines {min(there):.1f} to {max(there):.1f} %, and {CLAIM:.0f} % or more on {holds} of them."
        )
    return "\n".join(lines) + "\n"


def summary(get: Get) -> str:
    """The grids in a line each: how far savings reach, and on how many machines they are what is claimed."""
    rows = []
    for schedule in BETTER:
        for title, name, classifier in SAVINGS[1:]:
            for than in BASELINES:
                found = [
                    saved(get, machine.point(schedule), machine.point(than), name, classifier=classifier)
                    for machine in MACHINES
                ]
                holds = sum(value >= CLAIM for value in found)
                cells = [min(found), median(found), max(found), f"{holds} of {len(found)}"]
                rows.append([schedule, title, than, *cells])
    head = ["schedule", "saved of", "vs", "least %", "median %", "most %", f"{CLAIM:.0f} % or more"]
    return table(head, rows, texts=3)


def shortfalls(get: Get) -> str:
    """Machines on which less DRAM energy is saved than is claimed, a line per schedule and baseline."""
    lines = []
    for schedule in BETTER:
        for than in BASELINES:
            short = []
            for machine in MACHINES:
                value = saved(get, machine.point(schedule), machine.point(than))
                if value < CLAIM:
                    short.append(f"{' / '.join(machine.cells)} ({value:.1f})")
            lines.append(f"* `{schedule}` against `{than}`: {'; '.join(short) or 'none'}.")
    return "\n".join(lines) + "\n"


def changes(get: Get) -> str:
    """DRAM energy and time saved with one thing of the preset changed."""
    rows = []
    for change in CHANGES:
        for schedule in BETTER:
            better = change.point(schedule)
            energy = [saved(get, better, change.point(than)) for than in BASELINES]
            time = [saved(get, better, change.point(than), "latency_us") for than in BASELINES]
            rows.append([change.what, schedule, *energy, *time])
    columns = [f"{what} vs {than} %" for what in ("energy", "time") for than in BASELINES]
    return table(["changed", "schedule", *columns], rows, texts=2)


def scan_fixed(get: Get) -> str:
    """What Scan order alone saves with fixed tiles."""
    rows = []
    for tile in (16, 32, 64, 128):
        raster, scan = (Point(schedule=schedule, tile=tile) for schedule in ("raster", "scan"))
        rows.append([f"{tile}", *walks(get, raster, scan)])
    return table(["tile", *WALKS], rows)


WALKS = ("entries, raster", "entries, Scan", "saved %", "DRAM energy saved %", "time saved %", "useful %")


def walks(get: Get, raster: Point, scan: Point) -> list[object]:
    """Two walks of the same tiles side by side, under `WALKS`."""
    entries = [get(point).entries for point in (raster, scan)]
    savings = [saved(get, scan, raster, name) for name in ("entries", "dram_nj", "latency_us")]
    return [*entries, *savings, 100 * get(scan).figure("useful_share")]


def scan_lru(get: Get) -> str:
    """What Scan order alone saves in a cache of small tiles: matrix layers alone, and the whole network."""
    rows = []
    for tile in (16, 32):
        for order in ("nmk", "mnk", "auto"):
            alone: list[object] = ["", "", ""]
            if order != "auto":
                raster, scan = (matrix_entries(tile, order, walked) for walked in ("raster", "full"))
                alone = [raster, scan, 100 * (1 - scan / raster)]
            points = [cached(schedule, tile, order) for schedule in ("raster", "scan")]
            told = "best of each layer" if order == "auto" else ",".join(order)
            rows.append([f"{tile}", told, *alone, *walks(get, points[0], points[1])])
    matrices = ["matrix layers, raster", "Scan", "saved %"]
    return table(["tile", "order", *matrices, *WALKS], rows, texts=2)


@cache
def matrix_entries(tile: int, order: str, scan: str) -> int:
    """Entries that the pointwise and linear layers of MobileNet V2 move, each alone."""
    matrices = [layer for layer in load("mobilenet_v2").layers if layer.kind in ("pointwise", "linear")]
    return sum(layer_entries(layer, tile, order, scan) for layer in matrices)


def layer_entries(layer: Layer, tile: int, order: str, scan: str) -> int:
    nest = Nest(layer)
    start = cached_tiling(nest, Stage(0), Buffer(policy="lru", lru_tile=tile))
    walked = replace(start, tiling=replace(start.tiling, order=order, scan=scan))  # type: ignore[arg-type]
    return int(CachedCost(nest, walked).traffic.total)


def scan_sizes(get: Get) -> str:
    """What Scan order alone saves by the size of the buffer."""
    rows = []
    for entries in SIZES:
        best = [Point(schedule=name, settings=(f"buffer.entries={entries}",)) for name in ("raster", "scan")]
        ways = [("best tiles", best)]
        for order in ("nmk", "mnk", "auto"):
            told = "best order" if order == "auto" else ",".join(order)
            small = [cached(schedule, 16, order, entries) for schedule in ("raster", "scan")]
            ways.append((f"LRU, tiles of 16, {told}", small))
        for title, (raster, scan) in ways:
            rows.append([f"{entries:,}", title, *walks(get, raster, scan)])
    return table(["buffer", "tiles", *WALKS], rows, texts=2)


def networks(get: Get) -> str:
    """DRAM energy and time saved on the preset, for every network of the zoo."""
    rows = []
    for network in zoo_names():
        for schedule in BETTER:
            better = Point(network, schedule)
            energy = [saved(get, better, Point(network, than)) for than in BASELINES]
            least = Point(network, "raster")
            other = [saved(get, better, least, name) for name in ("entries", "dynamic_nj", "latency_us")]
            body = saved(get, better, least, classifier=False)
            rows.append([network, schedule, *energy, *other, body])
    columns = [f"DRAM energy vs {than} %" for than in BASELINES]
    columns += [f"{what} vs raster %" for what in ("entries", "dynamic energy", "time")]
    return table(["network", "schedule", *columns, "energy without classifier vs raster %"], rows, texts=2)


TABLES: dict[str, Callable[[Get], str]] = {
    "verdict": verdict,
    "preset": preset,
    "preset-savings": preset_savings,
    "baselines": baselines,
    "summary": summary,
    "shortfalls": shortfalls,
    "grid-energy": grid("dram_nj"),
    "grid-dynamic": grid("dynamic_nj"),
    "grid-time": grid("latency_us"),
    "grid-energy-without-classifier": grid("dram_nj", classifier=False),
    "changes": changes,
    "scan-fixed": scan_fixed,
    "scan-lru": scan_lru,
    "scan-sizes": scan_sizes,
    "networks": networks,
}
