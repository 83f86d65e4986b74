"""`python -m bisector` is the same as `bisector`."""

import sys

from bisector.cli import main

sys.exit(main())
