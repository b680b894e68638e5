"""Addresses of servers, and the errors that servers report."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ftrack_review import exception, transport


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://x", "https://x"),
        ("https://x/", "https://x"),
        ("https://x//", "https://x"),
        ("HTTPS://x/sub/", "https://x/sub"),
        (" http://localhost:8090/ ", "http://localhost:8090"),
        ("https://x/#slideEntityId=1", "https://x"),
        ("https://x/?a=1", "https://x"),
        ("studio.ftrackapp.com", "https://studio.ftrackapp.com"),
        ("studio.ftrackapp.com:8443/", "https://studio.ftrackapp.com:8443"),
        ("localhost:8090", "http://localhost:8090"),
        ("127.0.0.1:8090", "http://127.0.0.1:8090"),
        ("[::1]:8090", "http://[::1]:8090"),
        ("http://[::1]:8090/", "http://[::1]:8090"),
        ("embedded://", "embedded://"),
        ("embedded:///a/b c/", "embedded:///a/b c/"),
        ("Embedded://C:/data", "embedded://C:/data"),
    ],
)
def test_an_address_is_read_as_people_write_it(given, address):
    assert transport.normalise_url(given) == address


@pytest.mark.parametrize(
    "given",
    [
        "ftp://x",
        "studio",
        "/x",
        "https://",
        "https:///x",
        "http://a b",
        "http://x:port",
        "http://[::1",
        "studio/",
    ],
)
def test_what_is_no_address_is_shown_with_an_example(given):
    with pytest.raises(exception.ConfigurationError, match="FTRACK_SERVER") as caught:
        transport.normalise_url(given)
    assert given.strip("/") in str(caught.value)
    assert "https://" in str(caught.value)


@pytest.mark.parametrize("given", ["", "  ", None])
def test_a_missing_address_is_a_type_error(given):
    with pytest.raises(TypeError, match="There is no server to connect to"):
        transport.normalise_url(given)


def test_a_bare_name_is_met_with_a_proposal():
    with pytest.raises(exception.ConfigurationError, match=r"did you mean https://studio\.ftrackapp\.com"):
        transport.normalise_url("studio")


def test_a_password_in_a_wrong_address_is_not_shown():
    with pytest.raises(exception.ConfigurationError) as caught:
        transport.normalise_url("ftp://me:pass@host")
    assert "pass@" not in str(caught.value)


def test_choosing_a_transport_does_not_connect():
    code = (
        "import sys, ftrack_review.transport as t\n"
        "assert 'requests' not in sys.modules\n"
        "t.connect('https://host.invalid', api_key='k', api_user='u')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "error_class"),
    [
        ("ValidationError", exception.ServerValidationError),
        ("PermissionError", exception.ServerPermissionDeniedError),
        ("FTAuthenticationError", exception.ServerPermissionDeniedError),
        ("InvalidCredentialsError", exception.ServerAuthenticationError),
        ("DuplicateEntryError", exception.ServerDuplicateError),
        ("NotFoundError", exception.ServerNotFoundError),
        ("Whatever", exception.ServerError),
    ],
)
def test_an_error_object_becomes_the_error_it_names(name, error_class):
    error = transport._server_error({"exception": name, "content": "why"}, action="create", status=422)
    assert type(error) is error_class
    assert str(error).startswith(f"Server reported error: {name}(why)")
    assert (error.error_class, error.action, error.status, error.error_code) == (name, "create", 422, None)


def test_an_error_says_which_attribute_and_code():
    error = transport._server_error(
        {"exception": "ValidationError", "content": "c", "error_code": "too_long", "attribute": "name"}
    )
    assert (error.error_code, error.attribute) == ("too_long", "name")


def test_refused_credentials_say_where_they_come_from():
    for result in (
        {"exception": "InvalidCredentialsError", "content": "c"},
        {"exception": "ServerError", "content": "c", "error_code": "api_credentials_invalid"},
    ):
        error = transport._server_error(result)
        assert isinstance(error, exception.AuthenticationError)
        assert "FTRACK_API_KEY" in str(error)


def test_an_unknown_action_is_recognised_by_its_text():
    error = transport._server_error({"exception": "ServerError", "content": "Invalid action u'dance'"})
    assert isinstance(error, exception.ServerCompatibilityError)


@pytest.mark.parametrize("content", ["{braces} {0} {", None, 3, {"a": 1}, "50 % {x!r:>{w}}"])
def test_any_content_can_be_printed(content):
    text = str(transport._server_error({"exception": "ServerError", "content": content}))
    assert str(content) in text


def test_an_error_carries_the_attribute_and_the_hint_of_the_server():
    result = {
        "exception": "ValidationError",
        "content": "no {nam}",
        "attribute": "nam",
        "hint": "Did you mean name?",
    }
    error = transport._server_error(result, action="create")
    assert isinstance(error, exception.ServerValidationError)
    assert (error.attribute, error.hint, error.action) == ("nam", "Did you mean name?", "create")
    assert "no {nam}" in str(error)


@pytest.mark.parametrize("odd", [None, 7, {"a": 1}, ["x"]])
def test_what_is_no_text_is_no_attribute_and_no_hint(odd):
    result = {"exception": "ServerError", "content": "x", "attribute": odd, "hint": odd}
    error = transport._server_error(result)
    assert (error.attribute, error.hint) == (None, None)


def test_our_own_advice_is_a_hint_too():
    refused = transport._server_error({"exception": "InvalidCredentialsError", "content": "x"})
    assert refused.hint.startswith("Check the user name and the API key")
    assert refused.hint in str(refused)
    page = transport._response_error("https://x", b"<html>Bad gateway</html>", status=502)
    assert "try again later" in page.hint
    assert page.hint in str(page)
