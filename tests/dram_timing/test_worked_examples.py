"""The worked examples of the specification (section 19), to the tick."""

import pytest

from scanfuse.dram import DramConfig, replay

PART = "DDR3_micron_16M_8B_x8_sg15"
REQUESTS = [
    (0, 0x0, "R"),
    (0, 0x40, "R"),
    (0, 0x1000000, "W"),
    (5, 0x1000, "R"),
    (100, 0x0, "W"),
    (3000, 0x80, "R"),
    (20000, 0x80, "W"),
]
EXAMPLE_B = {
    "ROW_BUFFER_POLICY": "close_page",
    "QUEUING_STRUCTURE": "per_rank_per_bank",
    "SCHEDULING_POLICY": "bank_then_rank_round_robin",
}
COMMANDS_A = """
    0 PDE r1 | 1 ACT 0 0 0 0 | 4 PDX r1 | 8 ACT 1 0 0 0 | 11 RD 0 0 0 0 | 15 RD 0 0 0 4 | 20 RD 1 0 0 0
    25 PRE 0 0 0 0 | 32 PRE 1 0 0 0 | 35 ACT 0 0 128 0 | 42 PDE r1 | 45 WR 0 0 128 0 | 68 PRE 0 0 128 0
    78 PDE r0 | 100 PDX r0 | 104 ACT 0 0 0 0 | 114 WR 0 0 0 0 | 137 PRE 0 0 0 0 | 147 PDE r0 | 2596 PDX r0
    2600 REF r0 | 2674 PDE r0 | 3000 PDX r0 | 3004 ACT 0 1 0 0 | 3014 RD 0 1 0 0 | 3028 PRE 0 1 0 0
    3038 PDE r0 | 5196 PDX r1 | 5200 REF r1 | 5274 PDE r1 | 7796 PDX r0 | 7800 REF r0
"""
COMMANDS_B = """
    0 PDE r1 | 1 ACT 0 0 0 0 | 4 PDX r1 | 8 ACT 1 0 0 0 | 11 RDA 0 0 0 0 | 18 RDA 1 0 0 0 | 33 PDE r1
    35 ACT 0 0 128 0 | 45 WRA 0 0 128 0 | 78 ACT 0 0 0 4 | 88 RDA 0 0 0 4 | 112 ACT 0 0 0 0
    122 WRA 0 0 0 0 | 155 PDE r0 | 2596 PDX r0 | 2600 REF r0
"""


def run(overrides):
    cfg = DramConfig.from_ini(PART, capacity_mib=2048, overrides=overrides)
    cycles, addresses, kinds = zip(*REQUESTS, strict=True)
    return replay(cycles, addresses, [kind == "W" for kind in kinds], cfg, commands=True)


def as_told(result, count):
    """The first commands in the words of the specification."""
    lines = []
    for row in result.commands.head(count).itertuples():
        whole_rank = row.command in ("PDE", "PDX", "REF")
        place = f"r{row.rank}" if whole_rank else f"{row.rank} {row.bank} {row.row} {row.column}"
        lines.append(f"{row.tick} {row.command} {place}")
    return lines


def listed(text):
    return [each.strip() for each in text.replace("\n", "|").split("|") if each.strip()]


def accumulators(result):
    return result.energy[["background", "burst", "refresh", "actpre"]].to_numpy().tolist()


def test_example_a():
    result = run({})
    assert result.accepted.tolist() == [0, 0, 0, 5, 100, 3000, 20000]
    assert result.completed.tolist() == [26, 35, 58, 30, 127, 3029, 20027]
    assert result.ticks == 20028
    assert accumulators(result) == [[1062772, 14208, 210752, 32040], [1016056, 2208, 158064, 6408]]
    sums = result.banks.set_index(["rank", "bank"])["latency_sum_ticks"]
    assert (sums[0, 0], sums[0, 1], sums[1, 0]) == (51, 29, 35)
    expected = listed(COMMANDS_A)
    assert as_told(result, len(expected)) == expected


def test_example_b():
    result = run(EXAMPLE_B)
    assert result.accepted.tolist() == [0, 0, 0, 5, 100, 3000, 20000]
    assert result.completed.tolist() == [26, 33, 58, 103, 135, 3029, 20027]
    assert accumulators(result) == [[1067260, 14208, 210752, 38448], [1014256, 2208, 158064, 6408]]
    sums = result.banks.set_index(["rank", "bank"])["latency_sum_ticks"]
    assert (sums[0, 0], sums[0, 1], sums[1, 0]) == (124, 29, 33)
    expected = listed(COMMANDS_B)
    assert as_told(result, len(expected)) == expected


@pytest.mark.parametrize(
    ("scheme", "first", "second"),
    [
        ("scheme1", (2, 1, 3, 6716, 75), (1, 0, 5, 3855, 7)),
        ("scheme2", (2, 3, 6, 5775, 18), (1, 1, 7, 963, 97)),
        ("scheme3", (2, 1, 3, 12891, 35), (1, 0, 1, 15421, 112)),
        ("scheme4", (2, 1, 3, 4580, 91), (1, 0, 1, 14456, 61)),
        ("scheme5", (2, 3, 3, 5775, 18), (1, 3, 5, 963, 97)),
        ("scheme6", (2, 0, 1, 5775, 91), (1, 0, 6, 963, 61)),
        ("scheme7", (3, 2, 6, 9635, 100), (1, 1, 7, 4336, 120)),
    ],
)
def test_address_mapping(scheme, first, second):
    base = dict(DramConfig.from_ini(PART).files)
    cfg = DramConfig.from_ini(base | {"NUM_CHANS": 4, "ADDRESS_MAPPING_SCHEME": scheme}, {}, 16384)
    assert cfg.num_ranks == 4
    located = cfg.map_address([0x25A3C96C0, 0x10F0F0F40])
    assert list(zip(*(column.tolist() for column in located), strict=True)) == [first, second]


def test_address_bits_outside_the_fields_are_ignored():
    cfg = DramConfig.from_ini(PART)
    rows = list(
        zip(*(column.tolist() for column in cfg.map_address([0x40, 0x7F, (1 << 60) + 0x40])), strict=True)
    )
    assert rows[0] == rows[1] == rows[2]


def test_overrides_do_not_reach_the_mapping():
    """Quirk Q1: two channels by override are built, and the second gets nothing."""
    cfg = DramConfig.from_ini(PART, overrides={"NUM_CHANS": 2})
    assert cfg.num_channels == 2
    located = cfg.map_address([each << 6 for each in range(4096)])
    assert set(located.channel.tolist()) == {0}
    fewer = DramConfig.from_ini(PART, overrides={"NUM_BANKS": 4})
    assert fewer.num_ranks == 4  # half the size, twice the ranks
    with pytest.raises(IndexError, match="bank 4 but there are only 4"):
        fewer.map_address([4 << (6 + 2)])
