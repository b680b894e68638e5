"""Log messages and warnings."""

import logging

import pytest

from ftrack_review.logging import LazyLogMessage, deprecation_warning


class Costly:
    formatted = 0

    def __format__(self, specification):
        Costly.formatted += 1
        return "costly"


def test_a_message_is_formatted_only_when_it_is_written(caplog):
    logger = logging.getLogger("test-lazy")
    with caplog.at_level(logging.WARNING, "test-lazy"):
        logger.debug(LazyLogMessage("{0}", Costly()))
        assert Costly.formatted == 0
        logger.warning(LazyLogMessage("{0} and {name}", Costly(), name="x"))
    assert caplog.messages == ["costly and x"]


def test_a_deprecated_function_warns_its_caller():
    @deprecation_warning("Use the other one.")
    def function(value):
        """Return *value*."""
        return value

    with pytest.warns(PendingDeprecationWarning, match="the other one") as caught:
        assert function(3) == 3
    assert caught[0].filename == __file__
    assert function.__name__ == "function"
