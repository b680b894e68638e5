"""Several hundred expressions as scripts in the wild write them, and which rows they find."""

from __future__ import annotations

import pathlib
import re

import pytest

from tests.integration.query_table import Asker, entries
from tests.query_studio import Studio

ENTRIES = entries()


@pytest.fixture(scope="module")
def asker(tmp_path_factory, new_database):
    studio = Studio(tmp_path_factory.mktemp("studio"), database=new_database())
    yield Asker(studio)
    studio.close()


@pytest.mark.parametrize("file", sorted({file for file, _, _ in ENTRIES}))
def test_expressions_are_answered(asker, file):
    """One test for each file, as a test for each line would take longer to set up than to run."""
    wrong = []
    for name, expression, expected in ENTRIES:
        if name == file:
            found = asker.ask(expression)
            if found != expected:
                wrong.append((expression, expected, found))
    assert not wrong


def test_there_are_several_hundred():
    assert len(ENTRIES) > 700
    assert len({expression for _, expression, _ in ENTRIES}) == len(ENTRIES)


def test_the_examples_of_the_guide_are_answered(asker):
    guide = pathlib.Path(__file__).parents[2] / "docs" / "guides" / "queries.rst"
    blocks = re.findall(r"code-block:: none\n\n((?:    .*\n)+)", guide.read_text(encoding="utf-8"))
    examples = [line.strip() for block in blocks for line in block.splitlines()]
    assert len(examples) > 25
    refused = {example: answer for example in examples if (answer := asker.ask(example))[0].startswith("!!")}
    assert not refused
