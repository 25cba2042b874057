"""What `scanfuse compare` costs: CPU seconds and peak memory of the whole command, and where the time goes.

Run with `python benchmarks/compare.py [NETWORK]`. The first line stands beside the project's first goal: all
four schedules of MobileNet V2 under 10 s of CPU on one core and under 1 GB. The table splits each schedule's
run into its rooms; `ratio` is a room's share of the CPU time, so it can be compared between machines.
"""

from __future__ import annotations

import itertools
import resource
import subprocess
import sys
import time

from scanfuse.dram import DramConfig
from scanfuse.hardware import load_hardware
from scanfuse.mapping import SCHEDULES, make_mapping
from scanfuse.network import load
from scanfuse.program import check, unroll
from scanfuse.simulate import simulate


def whole_command(network: str) -> None:
    command = [sys.executable, "-m", "scanfuse", "compare", network, "--format", "json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"scanfuse compare {network}: {used.ru_utime + used.ru_stime:.2f} s of CPU, "
        f"{used.ru_maxrss / 1024:.0f} MiB at the peak"
    )


def by_room(network_name: str) -> None:
    accelerator = load_hardware("paper")
    config = DramConfig.from_ini(accelerator.dram.part)
    network = load(network_name)
    print("schedule     steps  requests |    map unroll  check simulate  s of CPU")
    for schedule in SCHEDULES:
        marks = [time.process_time()]
        mapping = make_mapping(network, schedule, accelerator)
        marks.append(time.process_time())
        program = unroll(mapping)
        marks.append(time.process_time())
        check(program, accelerator.buffer.entries)
        marks.append(time.process_time())
        found = simulate(program, accelerator, config)
        marks.append(time.process_time())
        spent = [after - before for before, after in itertools.pairwise(marks)]
        requests = len(found.bursts.addresses)
        print(
            f"{schedule:10} {program.steps:7} {requests:9} | {spent[0]:6.2f} {spent[1]:6.2f} {spent[2]:6.2f} "
            f"{spent[3]:8.2f}  ratio {' '.join(f'{part / sum(spent):.2f}' for part in spent)}"
        )


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "mobilenet_v2"
    whole_command(chosen)
    by_room(chosen)
