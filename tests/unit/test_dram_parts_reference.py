"""The parts that DRAMSim2 comes with: by the same names, with exactly those values."""

import re
from pathlib import Path

import pytest

from scanfuse.dram import DramConfig, parts
from scanfuse.dram.keys import DEVICE_ORDER

SPECIFICATION = Path(__file__).resolve().parents[3] / "shared" / "dram" / "DRAM_MODEL.md"
NAMES = """
DDR2_micron_16M_8b_x8_sg3E
DDR2_micron_32M_4B_x4_sg3E
DDR2_micron_32M_8B_x4_sg25E
DDR3_micron_16M_8B_x8_sg15
DDR3_micron_32M_8B_x4_sg125
DDR3_micron_32M_8B_x4_sg15
DDR3_micron_32M_8B_x8_sg15
DDR3_micron_32M_8B_x8_sg25E
DDR3_micron_64M_8B_x4_sg15
DDR3_micron_8M_8B_x16_sg15
ST-1.2x
ST-1.5x
ST-2.0x
""".split()
# DRAM_MODEL section 17: key, then a column per part in the order above.
VALUES = """
NUM_BANKS          8     4     8     8     8     8     8     8     8    8     8     8     8
NUM_ROWS       16384 16384 16384 16384 16384 16384 32768 32768 32768 8192 32768 32768 32768
NUM_COLS        1024  2048  2048  1024  2048  2048  1024  1024  2048 1024  1024  1024  1024
DEVICE_WIDTH       8     4     4    16     4     4     8     8     4   16     8     8     8
REFRESH_PERIOD  7800  7800  7800  7800  7800  7800  7800  7800  7800 7800  7800  7800  7800
tCK              3.0   3.0   2.5   1.5  1.25   1.5   1.5   2.5   1.5  1.5  1.25  1.25  1.25
CL                 4     4     5    10    11    10    10     5    10   10    11    11    11
AL                 0     0     0     0     0     0     0     0     0    0     0     0     0
BL                 4     4     4     8     8     8     8     8     8    8     4     4     4
tRAS              14    14    18    24    28    24    24    15    24   24    20    23    28
tRCD               4     4     5    10    11    10    10     5    10   10    14    17    22
tRRD               3     3     3     4     5     4     4     4     4    4     6     8    10
tRC               18    18    23    34    39    34    34    20    34   34    34    40    50
tRP                4     4     5    10    11    10    10     5    10   10    14    17    22
tCCD               2     2     2     4     4     4     4     4     4    4     4     4     4
tRTP               3     3     3     5     6     5     5     4     5    5     6     6     6
tWTR               3     3     3     5     6     5     5     4     5    5     6     6     6
tWR                5     5     6    10    12    10    10     6    10   10    12    12    12
tRTRS              1     1     1     1     1     1     1     1     1    1     1     1     1
tRFC              43    35    51    74    88    74   107    64   107   74     1     1     1
tFAW              13    13    14    20    24    20    20    16    20   20    29    36    48
tCKE               3     3     3     4     4     4     4     3     4    4     4     4     4
tXP                2     2     2     4     5     4     4     3     4    4     5     5     5
tCMD               1     1     1     1     1     1     1     1     1    1     1     1     1
IDD0              85    90    90   110    95    85   130   100   100  110  1305  1305  1305
IDD1             100   105   110   130   115   105   155   115   130  150  1395  1395  1395
IDD2P              7     7     7    12    45    12    10    10    10   12   846   846   846
IDD2Q             40    45    45    60    67    60    70    50    70   60  1030  1030  1030
IDD2N             40    50    50    65    70    65    70    50    70   65  1050  1050  1050
IDD3Pf            30    35    35    40    45    40    60    45    60   40    60    60    60
IDD3Ps            10    12    12    40    45    40    60    45    60   40    60    60    60
IDD3N             55    65    60    62    67    62    90    65    90   60  1310  1310  1310
IDD4W            135   170   145   220   250   220   300   230   255  355  1765  1765  1765
IDD4R            135   180   145   200   250   200   255   195   230  290   230   230   230
IDD5             215   180   235   240   260   240   305   275   305  240  1940  1940  1940
IDD6               7     7     7     6     6     6     9     9     9    6   246   246   246
IDD6L              5     3     3     9     6     9    12    12    12    9   246   246   246
IDD7             280   240   335   490   400   315   460   400   415  420  2160  2160  2160
Vdd              1.8   1.8   1.8   1.5   1.5   1.5   1.5   1.5   1.5  1.5   1.5   1.5   1.5
"""
TABLE = {key: values for key, *values in map(str.split, VALUES.strip().splitlines())}


def test_the_table_is_whole():
    assert tuple(TABLE) == DEVICE_ORDER
    assert all(len(values) == len(NAMES) == 13 for values in TABLE.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_part_has_exactly_these_values(name):
    assert name in parts()
    cfg = DramConfig.from_ini(name)
    column = NAMES.index(name)
    assert {key: float(cfg[key]) for key in DEVICE_ORDER} == {
        key: float(values[column]) for key, values in TABLE.items()
    }


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the specification is not there")
def test_the_table_is_that_of_the_specification():
    section = SPECIFICATION.read_text(encoding="utf-8").split("\n## 17.")[1].split("\n## 18.")[0]
    assert re.findall(r"^\* D\d+ = `(.*)\.ini`$", section, re.M) == NAMES
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "|" in line
    ]
    assert {key: values for key, *values in cells if key in TABLE} == TABLE
