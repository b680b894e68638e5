"""The examples of the README and of the tutorial run as they stand there, one after the other."""

import pathlib
import re
import textwrap

import pytest

from ftrack_review.media.synthesis import make_sequence

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the image sequence that the examples publish."""
    made = tmp_path_factory.mktemp("shots")
    make_sequence(str(made / "comp.%04d.exr"), numbers=range(1001, 1101), size=(64, 36))
    return made


@pytest.mark.parametrize("page", ["README.rst", "docs/tutorial.rst"])
def test_the_examples_run_in_their_order(page, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    text = (ROOT / page).read_text(encoding="utf-8").replace("/shots/sh010/", "")
    found = re.findall(r"\.\. code-block:: python\n\n((?: {3}.*\n|\n)+)", text)
    assert found
    names = {}
    for example in found:
        exec(compile(textwrap.dedent(example), page, "exec"), names)
    names["session"].close()
    output = capsys.readouterr().out
    assert "The sky is too bright." in output
    assert "1042" in output
