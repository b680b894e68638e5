"""The site that tests of queries read. None of them writes."""

from __future__ import annotations

import pytest

from tests.query_site import make_site


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    made = make_site(tmp_path_factory.mktemp("query-site"))
    yield made
    made.close()
