"""Fixtures for tests of the server on a real port."""

import pytest

from tests.integration.api import Api


@pytest.fixture(scope="module")
def listening(tmp_path_factory, new_database):
    """A server of the module's own, on a free port of loopback."""
    from ftrack_review.server.application import Server
    from ftrack_review.server.serving import Listener

    address = {}
    folder = tmp_path_factory.mktemp("listening")
    with Server(
        data=str(folder), database=new_database(), base_url=lambda: address["url"], is_temporary=True
    ) as server:
        listener = Listener(server)
        address["url"] = listener.url
        listener.start()
        server.start()
        yield server
        listener.stop()


@pytest.fixture(scope="module")
def api(listening):
    """The administrator of that server, over HTTP."""
    client = Api(listening.base_url(), listening.administrator().username, listening.first_key)
    yield client
    client.http.close()
