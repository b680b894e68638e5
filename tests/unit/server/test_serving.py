"""Addresses of embedded servers, and what headers ask for."""

import pytest

from ftrack_review.exception import ConfigurationError
from ftrack_review.server.application import read_options
from ftrack_review.server.serving import embedded_folder


@pytest.mark.parametrize(
    ("url", "system", "folder"),
    [
        ("embedded://", "posix", None),
        ("embedded:///", "posix", None),
        ("embedded:///path/to/folder", "posix", "/path/to/folder"),
        ("embedded:///with blank/%20?#", "posix", "/with blank/%20?#"),
        ("embedded:///C:/x", "posix", "/C:/x"),
        ("embedded:///C:/x", "nt", "C:/x"),
        ("embedded://C:/x", "nt", "C:/x"),
        ("embedded:///C:\\x y", "nt", "C:\\x y"),
        ("embedded:////server/share", "nt", "//server/share"),
    ],
)
def test_folders(url, system, folder):
    assert embedded_folder(url, system=system) == folder


@pytest.mark.parametrize("url", ["embedded://folder", "embedded://./folder", "embedded://C:/x"])
def test_what_names_no_folder_is_refused(url):
    with pytest.raises(ConfigurationError, match="three slashes"):
        embedded_folder(url, system="posix")


@pytest.mark.parametrize(
    ("headers", "strict", "denormalize"),
    [
        ({}, False, False),
        ({"ftrack-strict-api": "true"}, True, False),
        ({"ftrack-strict-api": "false"}, False, False),
        ({"ftrack-api-options": "strict:1;denormalize:1"}, True, True),
        ({"ftrack-api-options": "denormalize=1;strict=1"}, True, True),
        ({"ftrack-api-options": " denormalize = true ;;x"}, False, True),
        ({"ftrack-api-options": "denormalize:0"}, False, False),
    ],
)
def test_options(headers, strict, denormalize):
    options = read_options(headers)
    assert (options.strict, options.denormalize) == (strict, denormalize)


def test_tokens_that_are_none():
    options = read_options(
        {"ftrack-clienttoken": "ftrack-javascript-api--x", "ftrack-pushtoken": "undefined"}
    )
    assert (options.client_token, options.push_token) == ("ftrack-javascript-api--x", None)
