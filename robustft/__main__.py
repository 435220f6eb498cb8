"""``python -m robustft`` is ``robustft``."""

from __future__ import annotations

import sys

from robustft.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
