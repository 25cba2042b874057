"""What it costs to find the mappings of all six schedules: CPU seconds on one core.

Run with `python benchmarks/search.py [NETWORK...]`. The goal is under 5 s for MobileNet V2, 10 s for
ResNet-50, 20 s for Xception. `shared` is as `scanfuse compare` does it, each layer searched for once; `ratio`
is what that comes to against every schedule searched for on its own.
"""

from __future__ import annotations

import sys
import time

from scanfuse.hardware import Accelerator, load_hardware
from scanfuse.mapping import SCHEDULES, Searches, make_mapping
from scanfuse.network import Network, load

NETWORKS = ("mobilenet_v2", "resnet50", "xception")


def seconds(network: Network, accelerator: Accelerator, searches: Searches | None) -> dict[str, float]:
    """CPU seconds per schedule."""
    found = {}
    for schedule in SCHEDULES:
        start = time.process_time()
        make_mapping(network, schedule, accelerator, searches=searches)
        found[schedule] = time.process_time() - start
    return found


def main(names: list[str]) -> None:
    accelerator = load_hardware("paper")
    make_mapping(load("mobilenet_v2", 32, 0.25), "deep", accelerator)  # imports
    print("network          " + "".join(f"{schedule:>10}" for schedule in SCHEDULES) + "       all  ratio")
    for name in names:
        network = load(name)
        alone = seconds(network, accelerator, None)
        shared = seconds(network, accelerator, Searches())
        for label, spent in ((name, alone), ("  shared", shared)):
            total = sum(spent.values())
            row = "".join(f"{value:10.2f}" for value in spent.values())
            print(f"{label:17}{row}{total:10.2f}   {total / sum(alone.values()):.2f}")


if __name__ == "__main__":
    main(sys.argv[1:] or list(NETWORKS))
