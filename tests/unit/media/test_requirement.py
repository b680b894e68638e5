"""A missing package is named with the command that installs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ftrack_review import exception
from ftrack_review.media.requirement import require


@pytest.mark.parametrize("module", ["av", "OpenImageIO", "PyOpenColorIO", "PIL.Image", "numpy"])
def test_a_missing_package_is_named(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(exception.MissingDependencyError) as caught:
        require(module)
    assert "pip install 'ftrack-review[media]'" in str(caught.value)


def test_importing_the_package_loads_none_of_them():
    code = (
        "import sys, ftrack_review.media; "
        "print([name for name in ('av', 'OpenImageIO', 'PyOpenColorIO', 'PIL', 'numpy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
