"""`python -m scanfuse`."""

import sys

from scanfuse.cli import main

sys.exit(main())
