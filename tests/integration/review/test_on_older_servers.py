"""What is done with a review, on a server like those of 2021."""

import json

import arrow
import pytest

import ftrack_review
from ftrack_review.review import merge, verify
from ftrack_review.server.store import Store
from tests.integration.review.conftest import Review
from tests.integration.review.test_travelling import DRAWING, Answers
from tests.integration.test_older_servers import old_document


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old")
    store = Store(str(folder / "ftrack.sqlite"))
    store.prepare(old_document())
    store.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", str(tmp_path_factory.mktemp("schemas")))
        with ftrack_review.Session(f"embedded://{folder}") as session:
            yield session


@pytest.fixture
def review(site, film):
    return Review(site, film)


def test_drawings_are_kept_with_the_note(review):
    review.items[0].comment("Here.", frame=7, invitee=review.ada, drawing=DRAWING)
    review.session.commit()
    (comment,) = review.entity.feedback().comments
    assert (comment.author, comment.frame, json.loads(comment.drawing)) == ("Ada", 7, DRAWING)


def test_history_and_rounds_are_kept_on_the_project(review):
    review.items[0].vote("require_changes", review.ada)
    review.session.commit()
    review.items[0].replace(review.next_version(0))
    review.session.commit()
    found = review.entity.feedback().objects[0]
    assert (found.version, found.votes, found.former[0].votes[0].status) == (
        "Version 2",
        (),
        "require_changes",
    )
    cloned = review.entity.clone(versions="latest")
    review.session.commit()
    assert [person.role for person in cloned.review_session.feedback().invitees] == [
        "approver",
        "reviewer",
        "observer",
    ]


def test_when_votes_were_given_and_withdrawn_is_kept_on_the_project(review, site, tmp_path):
    found = []
    for status, minutes in ((None, 30), ("approved", 60), ("approved", 10)):
        answers = Answers(review)
        created_at = arrow.utcnow().shift(minutes=-minutes).isoformat()
        vote = {"object_id": review.items[0]["id"], "status": status, "created_at": created_at}
        answers.content.update(version=2, votes=[vote], notes=[])
        found.append(merge(site, answers.save(tmp_path)).answers[0].action)
    assert found == ["present", "kept", "added"]
    (given,) = review.items[0].votes()
    assert given.created_at < arrow.utcnow().shift(minutes=-9)


def test_feedback_is_applied_transferred_reported_and_merged(review, site, tmp_path):
    review.items[0].vote("approved", review.ada)
    review.items[0].comment("Good.", frame=3, invitee=review.bob)
    review.session.commit()
    assert len(review.entity.apply({"approved": "Approved"}, to=("version", "task"))) == 2
    assert len(review.entity.transfer_feedback(to="task").notes) == 1
    review.session.commit()
    review.entity.report(tmp_path / "r.json", record=True)
    assert verify(tmp_path / "r.json", session=site).is_proven
    review.entity.report(tmp_path / "r.csv", record=True)
    assert verify(tmp_path / "r.csv", session=site).is_proven
    review.entity.export(tmp_path / "out")
    answers = Answers(review)
    answers.content["votes"][0]["created_at"] = arrow.utcnow().shift(hours=-1).isoformat()
    result = merge(site, answers.save(tmp_path))
    assert (result.count("added"), result.count("present")) == (3, 1)
    assert {comment.author for comment in review.entity.feedback().comments} == {"Ada", "Bob"}
