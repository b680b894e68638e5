"""Fixtures for tests of what is done with a review: one server for each module, a review of its own for each test."""

from __future__ import annotations

import copy
import itertools

import pytest

import ftrack_review
from ftrack_review.review import verify
from ftrack_review.review.reports import Report
from ftrack_review.review.reports.content import picture_names

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A session with a server of its own, shared by the tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", str(tmp_path_factory.mktemp("schemas")))
        with ftrack_review.Session("embedded://") as opened:
            yield opened


@pytest.fixture(scope="module")
def film(site):
    """A project with the schema VFX."""
    schema = site.query('ProjectSchema where name is "VFX"').one()
    made = site.create("Project", {"name": "film", "full_name": "Film", "project_schema": schema})
    site.commit()
    return made


class Review:
    """A review of two shots, by Ada, who approves, Bob, who reviews, and Eve, who watches."""

    def __init__(self, session, project) -> None:
        number = next(_numbers)
        self.session = session
        self.project = project
        self.entity = session.create("ReviewSession", {"name": f"Review {number}", "project": project})
        kind = session.query('AssetType where name is "Upload"').one()
        task_type = session.query('Type where name is "Compositing"').one()
        self.assets, self.versions, self.tasks = [], [], []
        for index in (1, 2):
            shot = session.create("Shot", {"name": f"sh{number}_{index}0", "parent": project})
            task = session.create("Task", {"name": "comp", "parent": shot, "type": task_type})
            asset = session.create("Asset", {"name": f"comp{index}0", "parent": shot, "type": kind})
            self.assets.append(asset)
            self.tasks.append(task)
            self.versions.append(session.create("AssetVersion", {"asset": asset, "task": task}))
        self.ada, self.bob, self.eve = self.entity.invite(
            [
                {"name": "Ada", "email": f"ada{number}@example.com", "role": "approver"},
                {"name": "Bob", "email": f"bob{number}@example.com"},
                {"name": "Eve", "email": f"eve{number}@example.com", "role": "observer"},
            ]
        )
        session.commit()
        self.items = [self.entity.add(version) for version in self.versions]
        session.commit()

    def next_version(self, index=0, comment="Sky darker"):
        """Another version of an asset."""
        made = self.session.create(
            "AssetVersion", {"asset": self.assets[index], "task": self.tasks[index], "comment": comment}
        )
        self.session.commit()
        return made


@pytest.fixture
def review(site, film):
    """A review of its own for each test."""
    yield Review(site, film)
    site.rollback()


@pytest.fixture
def sent(site, monkeypatch):
    """The batches that the shared session sends, a list that grows."""
    bodies = []
    call = site.transport.call

    def record(body, *arguments, **keywords):
        bodies.append(body)
        return call(body, *arguments, **keywords)

    monkeypatch.setattr(site.transport, "call", record)
    return bodies


DRAWING = {
    "version": 1,
    "shapes": [
        {"tool": "pen", "colour": "#ff3b30", "width": 0.01, "points": [[0.1, 0.1], [0.5, 0.5]]},
        {"tool": "arrow", "colour": "#00ff00", "width": 0.01, "points": [[0.9, 0.9], [0.6, 0.6]]},
        {"tool": "rectangle", "colour": "#00ff00", "width": 0.01, "points": [[0.9, 0.9], [0.6, 0.6]]},
        {"tool": "ellipse", "colour": "#0000ff", "width": 0.01, "points": [[0.2, 0.2], [0.4, 0.4]]},
        {"tool": "text", "colour": "#ffffff", "size": 0.1, "at": [0.5, 0.1], "text": "here"},
    ],
}


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    """A movie of 24 frames at 23.976."""
    from ftrack_review.media.synthesis import make_movie

    path = tmp_path_factory.mktemp("movie") / "shot.mp4"
    make_movie(path, frames=24, fps="24000/1001", size=(320, 180))
    return path


@pytest.fixture(scope="module")
def reviewed(site, film, movie):
    """A review with everything in it, made once."""
    review = Review(site, film)
    item = review.entity.publish(movie, name="=HYPERLINK()")
    ada = review.ada
    note = item.comment("Darker & <b>now</b> 😀 שלום", frame=12, invitee=ada, drawing=DRAWING)
    item.reply(note, "Will do.")
    item.comment("@SUM(A1)", invitee=review.bob)
    item.vote("approved", ada)
    site.commit()
    item.vote("require_changes", ada)
    review.items[0].vote("approved", ada)
    review.items[0].comment("日本語", invitee=review.bob)
    site.commit()
    review.entity.send_invitations([ada])
    review.published = item
    return review


@pytest.fixture(scope="module")
def report(reviewed):
    return reviewed.entity.report()


@pytest.fixture
def check(site, tmp_path):
    """A function that checks bytes against the server."""

    def check_one(data, **options):
        path = tmp_path / "checked"
        path.write_bytes(data)
        options.setdefault("session", site)
        return verify(path, **options)

    return check_one


def forged(report, change):
    """The content of a report with a change, written in the best way there is."""
    content = copy.deepcopy(dict(report.content))
    change(content)
    pictures = {name: report.pictures[name] for name in picture_names(content)}
    return Report(content, pictures).render("json")
