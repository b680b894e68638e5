"""How Sphinx builds the documentation: ``python -m sphinx -W docs docs/_build/html``."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ftrack_review import __version__

project = "ftrack_review"
copyright = "the ftrack_review authors"
version = release = __version__
extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "A client for ftrack with reviews first", "fixed_sidebar": True}
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
nitpicky = False
