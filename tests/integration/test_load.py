"""Several clients at once on real servers: nothing fails, and nothing is lost. Times are for the benchmark."""

import pytest

from tests.benchmarks.load import report, run, serving


@pytest.mark.parametrize(
    ("kind_of_database", "servers"), [("sqlite", 1), ("postgresql", 2)], indirect=["kind_of_database"]
)
def test_no_request_of_a_mixed_load_fails_and_nothing_is_lost(tmp_path, kind_of_database, servers, request):
    database = None
    if kind_of_database == "postgresql":
        postgresql, template = (
            request.getfixturevalue(name) for name in ("postgresql", "postgresql_template")
        )
        database = postgresql.create(template)
    with serving(tmp_path, database, servers) as addresses:
        outcome = run(addresses, clients=4, rounds=3, processes=False)
    assert not outcome["errors"], report(kind_of_database, outcome)
    assert not outcome["lost"], report(kind_of_database, outcome)
