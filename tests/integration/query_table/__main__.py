"""Print the entries of files with what is answered now."""

from __future__ import annotations

import pathlib
import sys
import tempfile

from tests.integration.query_table import Asker, read
from tests.query_studio import Studio

with tempfile.TemporaryDirectory() as folder:
    studio = Studio(folder)
    asker = Asker(studio)
    for name in sys.argv[1:]:
        path = pathlib.Path(name)
        print(path.read_text(encoding="utf-8").split("\n", 1)[0])
        for expression, _ in read(path):
            print("", expression, *(f"    {line}" for line in asker.ask(expression)), sep="\n")
    studio.close()
