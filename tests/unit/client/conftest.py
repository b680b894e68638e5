import pytest

from tests.session_transport import AnsweredSession, Answers


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def session(answers):
    with AnsweredSession(answers) as session:
        answers.requests.clear()
        yield session
        session.recorded_operations.clear()
