"""``python -m ftrack_review``: the command line."""

from __future__ import annotations

from ftrack_review.cli import main

if __name__ == "__main__":
    main()
