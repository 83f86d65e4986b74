"""`python -m bench.peak FILE WORDS…`: run bisector; at its end FILE gets its /proc/self/status."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path

from bisector.cli import main

if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    atexit.register(lambda: target.write_text(Path("/proc/self/status").read_text()))
    sys.exit(main())
