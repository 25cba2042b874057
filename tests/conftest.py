"""For all tests: searches are made anew, and nothing is kept in the user's cache folder."""

import os

os.environ["SCANFUSE_NO_CACHE"] = "1"  # commands that tests start see it too
