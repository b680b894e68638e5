"""The tests on shared media are collected only where the folder lies beside the checkout."""

import pathlib

SHARED = pathlib.Path(__file__).resolve().parents[4] / "shared" / "media"

collect_ignore = [] if SHARED.is_dir() else ["test_shared.py"]
