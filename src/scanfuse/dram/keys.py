"""The settings of a memory system: which keys there are, of which kind, and what they may say."""

DEVICE_UINTS = [
    "NUM_BANKS",
    "NUM_ROWS",
    "NUM_COLS",
    "DEVICE_WIDTH",
    "REFRESH_PERIOD",
    "CL",
    "AL",
    "BL",
    "tRAS",
    "tRCD",
    "tRRD",
    "tRC",
    "tRP",
    "tCCD",
    "tRTP",
    "tWTR",
    "tWR",
    "tRTRS",
    "tRFC",
    "tFAW",
    "tCKE",
    "tXP",
    "tCMD",
    "IDD0",
    "IDD1",
    "IDD2P",
    "IDD2Q",
    "IDD2N",
    "IDD3Pf",
    "IDD3Ps",
    "IDD3N",
    "IDD4W",
    "IDD4R",
    "IDD5",
    "IDD6",
    "IDD6L",
    "IDD7",
]
SYSTEM_UINTS = [
    "NUM_CHANS",
    "JEDEC_DATA_BUS_BITS",
    "TRANS_QUEUE_DEPTH",
    "CMD_QUEUE_DEPTH",
    "EPOCH_LENGTH",
    "TOTAL_ROW_ACCESSES",
]
UINTS = frozenset(DEVICE_UINTS + SYSTEM_UINTS)
FLOATS = frozenset(("tCK", "Vdd"))
BOOLS = frozenset(
    [
        "USE_LOW_POWER",
        "VIS_FILE_OUTPUT",
        "VERIFICATION_OUTPUT",
        "DEBUG_TRANS_Q",
        "DEBUG_CMD_Q",
        "DEBUG_ADDR_MAP",
        "DEBUG_BANKSTATE",
        "DEBUG_BUS",
        "DEBUG_BANKS",
        "DEBUG_POWER",
    ]
)
PRINTING = BOOLS - {"USE_LOW_POWER"}

# Allowed texts; the last one is what any other text, or none, amounts to.
CHOICES: dict[str, tuple[str, ...]] = {
    "ROW_BUFFER_POLICY": ("open_page", "close_page"),
    "SCHEDULING_POLICY": ("rank_then_bank_round_robin", "bank_then_rank_round_robin"),
    "ADDRESS_MAPPING_SCHEME": (
        "scheme2",
        "scheme3",
        "scheme4",
        "scheme5",
        "scheme6",
        "scheme7",
        "scheme1",
    ),
    "QUEUING_STRUCTURE": ("per_rank", "per_rank_per_bank"),
}

KEYS = UINTS | FLOATS | BOOLS | frozenset(CHOICES)
REQUIRED = (*DEVICE_UINTS[:5], "tCK", *DEVICE_UINTS[5:], "Vdd", *SYSTEM_UINTS)
ORDER = (*REQUIRED, "USE_LOW_POWER", *CHOICES, *sorted(PRINTING))

# In the order in which DRAMSim2 writes them into a `.vis` file.
SYSTEM_ORDER = (
    *SYSTEM_UINTS[:5],
    "USE_LOW_POWER",
    SYSTEM_UINTS[5],
    "ROW_BUFFER_POLICY",
    "SCHEDULING_POLICY",
    "ADDRESS_MAPPING_SCHEME",
    "QUEUING_STRUCTURE",
    "DEBUG_TRANS_Q",
    "DEBUG_CMD_Q",
    "DEBUG_ADDR_MAP",
    "DEBUG_BANKSTATE",
    "DEBUG_BUS",
    "DEBUG_BANKS",
    "DEBUG_POWER",
    "VIS_FILE_OUTPUT",
    "VERIFICATION_OUTPUT",
)
DEVICE_ORDER = REQUIRED[: len(DEVICE_UINTS) + len(FLOATS)]

# Taken from the files by the address mapping, whatever overrides say (quirk Q1).
MAPPED = ("NUM_BANKS", "NUM_CHANS", "NUM_ROWS", "NUM_COLS", "JEDEC_DATA_BUS_BITS", "BL")
