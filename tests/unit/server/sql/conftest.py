"""The site that tests of queries read. None of them writes."""

from __future__ import annotations

import pytest

from tests.query_site import make_site


@pytest.fixture(scope="session")
def site(tmp_path_factory, new_database):
    made = make_site(tmp_path_factory.mktemp("query-site"), new_database())
    yield made
    made.close()
