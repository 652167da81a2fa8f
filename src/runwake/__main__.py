"""`python -m runwake`: the command line."""

from __future__ import annotations

from runwake.cli import main

if __name__ == "__main__":
    main()
