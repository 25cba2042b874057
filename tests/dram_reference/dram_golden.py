"""Golden cases of the reference simulator: reading them, replaying them, listing what differs.

Two forms of one case: the measured `.npz`, and a `.json` in which everything is text (one line per request:
cycle and accepted cycle as differences, address, flags, latency), which is what `cases/` keeps. Pack cases
into `cases/` with: python tests/dram_reference/dram_golden.py CASE.npz ...
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
CASES = HERE / "cases"
COMMANDS = ("RD", "RDA", "WR", "WRA", "ACT", "PRE", "REF", "PDE", "PDX")
ACCUMULATORS = {"background": "bg", "burst": "burst", "refresh": "refresh", "actpre": "actpre"}
WIDTHS = {
    "num_ranks": "NUM_RANKS",
    "num_devices": "NUM_DEVICES",
    "storage_mib_per_channel": "TOTAL_STORAGE_MB",
    "transaction_bytes": "TRANSACTION_SIZE",
    "byte_offset_bits": "BYTE_OFFSET_WIDTH",
    "column_low_bits": "COL_LOW_BIT_WIDTH",
    "channel_bits": "NUM_CHANS_LOG",
    "rank_bits": "NUM_RANKS_LOG",
    "bank_bits": "NUM_BANKS_LOG",
    "row_bits": "NUM_ROWS_LOG",
    "column_bits": "NUM_COLS_LOG",
}
# Kept whole in the text form up to this many; beyond, the SHA-256 of the whole trace has to do.
TEXT_COMMANDS, TEXT_EPOCHS = 250, 40


@dataclass
class Case:
    meta: dict
    cycles: np.ndarray
    addresses: np.ndarray
    flags: np.ndarray  # bit 0: write, bit 1: offered without asking for room
    accepted: np.ndarray
    completed: np.ndarray
    commands: np.ndarray  # rows: tick, code, channel << 16 | rank << 8 | bank, row, column


def load(path):
    return load_npz(path) if path.suffix == ".npz" else load_text(path)


def load_npz(path):
    with np.load(path) as data:
        meta = json.loads(bytes(data["meta"]))
        accepted = np.cumsum(data["acc_d"].astype(np.int64))
        commands = [np.cumsum(data["cmd_dcycle"].astype(np.int64))]
        commands += [data[name].astype(np.int64) for name in ("cmd_code", "cmd_loc", "cmd_row", "cmd_col")]
        return Case(
            meta=meta,
            cycles=np.cumsum(data["req_dcycle"].astype(np.int64)),
            addresses=data["req_addr"].astype(np.uint64),
            flags=data["req_rw"].astype(np.int64),
            accepted=accepted,
            completed=accepted + data["lat"],
            commands=np.stack(commands, axis=1),
        )


def load_text(path):
    data = json.loads(path.read_text())
    rows = [[int(each, 0) for each in line.split()] for line in data["requests"]]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    accepted = np.cumsum(np.array(columns[3], np.int64))
    commands = np.array([line.split() for line in data["commands"]], np.int64).reshape(-1, 5)
    commands[:, 0] = np.cumsum(commands[:, 0])
    return Case(
        meta=data["meta"],
        cycles=np.cumsum(np.array(columns[0], np.int64)),
        addresses=np.array(columns[1], np.uint64),
        flags=np.array(columns[2], np.int64),
        accepted=accepted,
        completed=accepted + np.array(columns[4], np.int64),
        commands=commands,
    )


def save_text(case, path):
    meta = dict(case.meta)
    stored = len(case.commands) if meta["cmds"]["total"] <= TEXT_COMMANDS else 0
    meta["cmds"] = {**meta["cmds"], "stored": stored}
    meta["epochs"] = meta["epochs"][:TEXT_EPOCHS]
    commands = case.commands[:stored].copy()
    commands[:, 0] = np.diff(commands[:, 0], prepend=0)
    requests = zip(
        np.diff(case.cycles, prepend=0).tolist(),
        case.addresses.tolist(),
        case.flags.tolist(),
        np.diff(case.accepted, prepend=0).tolist(),
        (case.completed - case.accepted).tolist(),
        strict=True,
    )
    lines = ["{", '"meta": {']
    lines.append(",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in meta.items()))
    lines += ["},", '"requests": [']
    lines.append(",\n".join(f'"{d} {a:#x} {f} {s} {n}"' for d, a, f, s, n in requests))
    lines += ["],", '"commands": [']
    lines.append(",\n".join('"' + " ".join(map(str, row)) + '"' for row in commands.tolist()))
    lines += ["]", "}"]
    path.write_text("\n".join(lines) + "\n")


def differences(case):
    """Replays a case; a line of text for each kind of figure that is not the reference's."""
    from scanfuse.dram import DramConfig, replay

    meta, run = case.meta, case.meta["run"]
    cfg = DramConfig.from_ini(meta["device"], meta["system"], meta["megs"], meta["overrides"])
    forced = case.flags & 2

    def run_case(**records):
        return replay(
            case.cycles,
            case.addresses,
            case.flags & 1,
            cfg,
            feed=run["offer"],
            force=forced if records or forced.any() else None,
            per_cycle=run["per_cycle"],
            cpu_hz=run["cpu_hz"],
            extra=run["extra"],
            **records,
        )

    result, bare = run_case(commands=True, epochs=True), run_case()
    found = []
    expected = meta["expected"]

    def check(what, ours, theirs):
        if ours != theirs:
            found.append(f"{what}: {str(ours)[:200]} instead of {str(theirs)[:200]}")

    check("accepted", result.accepted.tolist(), case.accepted.tolist())
    check("completed", result.completed.tolist(), case.completed.tolist())
    # Where nothing is recorded other copies of the engine's loop are at work.
    check("accepted by the bare run", bare.accepted.tolist(), case.accepted.tolist())
    check("completed by the bare run", bare.completed.tolist(), case.completed.tolist())
    check("figures of the bare run", bare.counters.to_dict(), result.counters.to_dict())
    check("energies of the bare run", bare.energy.to_dict(), result.energy.to_dict())
    check("ticks", result.ticks, expected["cycles"])
    check("cpu cycles", result.cpu_cycles, expected["cpu_cycles"])
    check(
        "derived",
        {name: cfg.derived[name] for name in WIDTHS},
        {n: expected["cfg"][w] for n, w in WIDTHS.items()},
    )
    check_commands(check, case, result)
    check_ranks(check, expected, result)
    check_epochs(check, meta, result, cfg)
    for channel, figures in enumerate(expected["chan"]):
        ours = {str(low): count for low, count in result.latency_histograms[channel].items()}
        check(f"latency histogram of channel {channel}", ours, figures["hist"])
    return found


def check_commands(check, case, result):
    table = result.commands
    codes = table["command"].cat.codes.to_numpy(np.int64)
    names = ("tick", "channel", "rank", "bank", "row", "column")
    tick, channel, rank, bank, row, column = (table[name].to_numpy(np.int64) for name in names)
    place = channel << 16 | rank << 8 | bank
    ours = np.stack([tick, codes, place, row, column], axis=1)
    stored = len(case.commands)
    check("commands", ours[:stored].tolist(), case.commands.tolist())
    check("number of commands", len(ours), case.meta["cmds"]["total"])
    if stored < len(ours):
        check("SHA-256 of the command trace", command_sha256(ours), case.meta["cmds"]["sha256"])


def command_sha256(rows):
    text = "".join(
        f"{tick},{COMMANDS[code]},{place >> 16},{place >> 8 & 255},{place & 255},{row},{column}\n"
        for tick, code, place, row, column in rows.tolist()
    )
    return hashlib.sha256(("cycle,cmd,ch,rank,bank,row,col\n" + text).encode()).hexdigest()


def check_ranks(check, expected, result):
    ranks = [(c, r, rank) for c, each in enumerate(expected["chan"]) for r, rank in enumerate(each["rank"])]
    banks = expected["cfg"]["NUM_BANKS"]
    power = result.average_power_w
    for row, (c, r, figures) in enumerate(ranks):
        where = f"of channel {c} rank {r}"
        energy, counters = result.energy.iloc[row], result.counters.iloc[row]
        for ours, theirs in ACCUMULATORS.items():
            check(f"{ours} energy {where}", int(energy[ours]), figures[theirs])
        count = figures["cmds"]
        check(f"reads {where}", int(counters["reads"]), count["RD"] + count["RDA"])
        check(f"writes {where}", int(counters["writes"]), count["WR"] + count["WRA"])
        for ours, theirs in (("activates", "ACT"), ("precharges", "PRE"), ("refreshes", "REF")):
            check(f"{ours} {where}", int(counters[ours]), count[theirs])
        for ours, theirs in (
            ("row_hits", "row_hits"),
            ("power_down_ticks", "pd_cycles"),
            ("power_down_entries", "pd_entries"),
        ):
            check(f"{ours} {where}", int(counters[ours]), figures[theirs])
        mine = result.banks.iloc[row * banks : (row + 1) * banks]
        for ours, theirs in (("reads", "reads"), ("writes", "writes"), ("latency_sum_ticks", "lat_sum")):
            check(f"{ours} by bank {where}", mine[ours].tolist(), figures[theirs])
        for ours, theirs in {**ACCUMULATORS, "total": "total"}.items():
            watts = figures["avg_power_W"][theirs]  # written with 12 digits
            close = bool(np.isclose(power[ours].iloc[row], watts, rtol=1e-11, atol=0))
            check(f"{ours} power {where}", close, True)


def check_epochs(check, meta, result, cfg):
    names = ["end_tick", "channel", "rank", "background", "burst", "refresh", "actpre"]
    ours = result.epochs[names].to_numpy().astype(np.int64).tolist()
    check("epochs", ours[: len(meta["epochs"])], meta["epochs"])
    check("number of epochs", len(ours), meta["expected"]["epochs"] * cfg.num_channels * cfg.num_ranks)
    last = result.last_epoch_power_w[["background", "burst", "refresh", "actpre"]]
    check(
        "powers of the final print", last.to_numpy().ravel().tolist(), meta["expected"]["final_print_power_W"]
    )


if __name__ == "__main__":
    CASES.mkdir(exist_ok=True)
    for name in sys.argv[1:]:
        source = Path(name)
        save_text(load_npz(source), CASES / f"{source.stem}.json")
