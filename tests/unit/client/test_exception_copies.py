"""Errors travel between processes."""

import pickle

import pytest

from ftrack_review import exception


@pytest.mark.parametrize(
    "error",
    [
        exception.Error(),
        exception.Error("with {name}", details={"name": "x"}),
        exception.UnrecognisedEntityTypeError("Nothing"),
        exception.ServerValidationError("m", error_class="ValidationError", attribute="name"),
        exception.ServerTimeoutError("late"),
        exception.QueryError("bad", expression="x", position=3),
        exception.AccessorResourceNotFoundError(resource_identifier="a/b"),
        exception.ComponentNotInLocationError(["c"], "l"),
        exception.UnrecognisedAttributeError("none"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_pickled_error_comes_back_as_it_was(error):
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is type(error)
    assert (str(copied), copied.args, copied.__dict__) == (str(error), error.args, error.__dict__)


def test_the_traceback_is_text_once_the_error_was_raised():
    error = exception.Error("m")
    assert error.traceback == ""
    with pytest.raises(exception.Error) as caught:
        raise error
    assert "test_the_traceback" in caught.value.traceback


def test_a_wrong_query_is_an_error_of_the_server(session):
    with pytest.raises(exception.ServerError):
        session.query("Project where name")
