"""What the modes differ in, measured: the rows of the table in docs/dram-modes.md.

python tests/dram_timing/mode_effects.py
"""

from jedec import violations
from test_legality import EXAMPLES, spread
from traffic import capacity_mib, settings_of

from scanfuse.dram import DramConfig, DramConfigError, read_trace, replay

PART = "DDR3_micron_16M_8B_x8_sg15"
PER_BANK = {"QUEUING_STRUCTURE": "per_rank_per_bank"}
LINE = 64


def run(mode, requests, changes=(), ranks=1, part=PART, feed="accept", overrides=None, extra=0):
    c = settings_of(part) | dict(changes)
    cfg = DramConfig.from_ini(c, {}, capacity_mib(c, ranks), overrides, mode)
    cycles, addresses, is_write, _ = zip(*requests, strict=True)
    return replay(cycles, addresses, is_write, cfg, feed=feed, commands=True, extra=extra)


def sequential(size, start=0):
    return [(0, start + n * LINE, False, False) for n in range(size)]


def q1(mode):
    by_line = {"ADDRESS_MAPPING_SCHEME": "scheme7"}
    return f"{run(mode, sequential(1000), by_line, overrides={'NUM_CHANS': 2}).counters['reads'].iloc[-1]}"


def q3(mode):
    in_one_row = [(0, n % 128 << 9, False, False) for n in range(400)]
    return f"{int(run(mode, in_one_row).counters['activates'].sum())}"


def q4(mode):
    result = run(mode, spread(30_000), PER_BANK | {"USE_LOW_POWER": False}, ranks=16)
    due = sum((result.ticks - 1 - 325 * (rank + 1)) // 5200 + 1 for rank in range(16))
    return f"{int(result.counters['refreshes'].sum())} of {due}, {result.ticks} ticks"


def q6(mode):
    result = run(mode, sequential(500), feed="pend")
    reads = result.banks["reads"].sum()
    return f"{result.banks['latency_sum_ticks'].sum() / reads:.1f} ticks"


def q10(mode):
    energy = run(mode, sequential(1000), part="ST-1.2x").energy
    return f"{int(energy['burst'].sum())}"


def q13(mode):
    result = run(mode, spread(5000), PER_BANK | {"AL": 6, "USE_LOW_POWER": False})
    return f"{result.ticks} ticks"


def q15(mode, folder):
    path = folder / "k6_lock.trc"
    path.write_text("0x0 P_LOCK_RD 0\n0x40 P_LOCK_WR 9\n")
    return f"{int(read_trace(path, cfg=DramConfig.from_ini(PART, mode=mode)).is_write.sum())}"


def q16(mode):
    try:
        return f"{run(mode, spread(5000), {'tCMD': 2}).ticks} ticks"
    except DramConfigError:
        return "refused"


def q17(mode):
    _, changes, ranks, requests, _ = EXAMPLES["Q17"]
    commands = run(mode, requests, changes, ranks).commands
    first, second = commands["tick"][commands["command"] == "ACT"].tolist()
    return f"{second - first} ticks"


def q18(mode):
    """Ticks from falling due to the refresh, with writes to all eight banks under way."""
    writes = [(5160, n * LINE, True, False) for n in range(64)]
    commands = run(mode, writes, {"TOTAL_ROW_ACCESSES": 64}, extra=400).commands
    made = commands["tick"][commands["command"] == "REF"]
    return f"{int(made.iloc[-1]) - 5200} ticks"


def illegal(quirk):
    def count(mode):
        part, changes, ranks, requests, _ = EXAMPLES[quirk]
        c = settings_of(part) | changes
        result = run(mode, requests, changes, ranks, part)
        commands = list(result.commands.itertuples(index=False, name=None))
        return f"{len(violations(commands, c, ranks, result.ticks))}"

    return count


EFFECTS = [
    (
        "Q1",
        "1,000 lines in sequence, one channel in the file, NUM_CHANS=2 by override: reads of channel 1",
        q1,
    ),
    ("Q3", "400 queued reads of one row, TOTAL_ROW_ACCESSES=4: activates", q3),
    ("Q4", "30,000 random reads at once, 16 ranks, per_rank_per_bank: refreshes made of those due", q4),
    ("Q6", "500 reads at once, fed without asking for room: mean latency in the statistics", q6),
    ("Q7", "40 lines, reads and writes by turns, 2 ranks, AL=9, tRCD=12: illegal bursts", illegal("Q7")),
    ("Q10", "1,000 reads of ST-1.2x: burst energy, mA x ticks x devices", q10),
    ("Q13", "5,000 random reads, AL=6, per_rank_per_bank: length", q13),
    ("Q15", "a k6 trace of one P_LOCK_RD and one P_LOCK_WR: writes", q15),
    ("Q16", "5,000 random reads, tCMD=2: length", q16),
    ("Q17", "two reads of one bank, close_page, tRC=34: from activate to activate", q17),
    ("Q18", "64 writes to 8 banks just before a refresh: from due to REF", q18),
    ("J1", "300 sparse reads on DDR3_micron_32M_8B_x8_sg25E, close_page: illegal entries", illegal("J1")),
    ("J2", "40 reads on ST-1.2x: illegal precharges", illegal("J2")),
    ("J3", "200 requests to one bank, close_page, tRC=1: illegal activates", illegal("J3")),
    ("J4", "200 requests to one bank, close_page, short tWR and tRP: illegal accesses", illegal("J4")),
    ("J5", "a read and a write, tCCD=12: illegal accesses", illegal("J5")),
    ("J6", "3 reads far apart, tRFC=2, tCKE=20: illegal entries", illegal("J6")),
]


def rows(folder):
    """The rows of the table as text."""
    found = []
    for quirk, what, measure in EFFECTS:
        more = (folder,) if quirk == "Q15" else ()
        ours = [measure(mode, *more) for mode in ("dramsim2", "strict")]
        found.append(f"| {quirk} | {what} | {ours[0]} | {ours[1]} |")
    return found


if __name__ == "__main__":
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as temporary:
        print("\n".join(rows(Path(temporary))))
