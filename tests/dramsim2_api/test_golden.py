"""Does a host program written for DRAMSim2 get the reference's callbacks in the reference's ticks?"""

from collections import defaultdict, deque

import numpy as np
import pytest
from dram_golden import CASES, load
from host_programs import call, write_ini

from scanfuse.dram import DramConfig, replay

PATHS = sorted(CASES.glob("*.json"))


def run_host(host, case, folder):
    meta, run = case.meta, case.meta["run"]
    system = {**meta["system"], "VIS_FILE_OUTPUT": "true"}
    write_ini(folder / "device.ini", meta["device"])
    write_ini(folder / "system.ini", system)
    overrides = " ".join(f"{key} {value}" for key, value in meta["overrides"].items())
    lines = [
        f"device.ini system.ini {meta['megs']} out",
        f"{run['offer']} {run['per_cycle'] or int(run['offer'] == 'trace')} {run['cpu_hz']} {run['extra']}",
        f"{len(meta['overrides'])} {overrides}",
        str(len(case.cycles)),
    ]
    requests = zip(case.cycles.tolist(), case.addresses.tolist(), case.flags.tolist(), strict=True)
    lines += [f"{cycle} {address} {flags}" for cycle, address, flags in requests]
    return call(host("golden_host"), cwd=folder, input="\n".join(lines) + "\n").splitlines()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_callbacks(path, host, tmp_path):
    case = load(path)
    told = run_host(host, case, tmp_path)
    assert [int(line[2:]) for line in told if line[0] == "A"] == case.accepted.tolist()

    meta = case.meta
    cfg = DramConfig.from_ini(meta["device"], meta["system"], meta["megs"], meta["overrides"])
    channels = cfg.map_address(case.addresses).channel.tolist()
    waiting = defaultdict(deque)
    for index, (address, flags) in enumerate(zip(case.addresses.tolist(), case.flags.tolist(), strict=True)):
        waiting["RW"[flags & 1], channels[index], address].append(index)
    completed = np.full(len(case.cycles), -1)
    order = []
    for line in told:
        if line[0] == "C":
            _, kind, channel, address, tick = line.split()
            completed[waiting[kind, int(channel), int(address)].popleft()] = int(tick)
            order.append((int(tick), int(channel), kind == "R"))
    assert completed.tolist() == case.completed.tolist()
    assert order == sorted(order)  # by tick; channels ascending; a channel's write before its read

    powers = [[float.fromhex(each) for each in line.split()[1:]] for line in told if line[0] == "P"]
    ranks = cfg.num_channels * cfg.num_ranks
    assert len(powers) == ranks * (
        1 + meta["expected"]["epochs"]
    )  # tick 0, and the last epoch's by printStats
    assert powers[:ranks] == [[0.0] * 4] * ranks
    assert np.ravel(powers[-ranks:]).tolist() == meta["expected"]["final_print_power_W"]
    epochs = len(meta["epochs"])
    ends = np.array([row[0] for row in meta["epochs"]]).reshape(-1, 1)
    raw = np.array([row[3:] for row in meta["epochs"]], np.float64).reshape(-1, 4)
    length = (ends - 1) % cfg["EPOCH_LENGTH"] + 1
    expected = raw / length * float(np.float32(cfg["Vdd"])) / 1000.0
    assert powers[ranks : ranks + epochs] == expected.tolist()
    assert told[-1] == f"E {meta['expected']['cpu_cycles']}"


@pytest.mark.parametrize("path", PATHS[::6], ids=lambda path: path.stem)
def test_vis_file_is_that_of_replay(path, host, tmp_path):
    case = load(path)
    meta, run = case.meta, case.meta["run"]
    run_host(host, case, tmp_path)
    cfg = DramConfig.from_ini(meta["device"], meta["system"], meta["megs"], meta["overrides"])
    options = {key: run[key] for key in ("per_cycle", "cpu_hz", "extra")}
    done = replay(
        case.cycles, case.addresses, case.flags & 1, cfg, run["offer"], case.flags & 2, **options, epochs=True
    )
    done.write_vis(tmp_path / "replay.vis")
    assert (tmp_path / "out.vis").read_bytes() == (tmp_path / "replay.vis").read_bytes()
