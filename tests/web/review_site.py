"""Reviews for the page's tests: a server with a session, its media and people, and what a browser does there."""

from __future__ import annotations

import contextlib
import email
import re

import ftrack_review

#: Resolves when the page shows the frame that was asked for last, and the browser has painted it.
SETTLED = """() => new Promise((resolve, reject) => {
  const { player } = window.FtrackReview.page;
  const end = performance.now() + 15000;
  const look = () => {
    const { footage } = player;
    if (footage.isReady && footage.target === null && (!footage.isMovie || footage.el.readyState >= 2)) {
      requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
    } else if (performance.now() > end) reject(new Error("the player did not come to rest"));
    else requestAnimationFrame(look);
  };
  look();
})"""


class Site:
    """A review session on a server of its own, in *folder*."""

    def __init__(self, session, folder, name="Weekly <review>"):
        """Make a project and an empty review session called *name*."""
        self.session, self.folder = session, folder
        schema = session.query('ProjectSchema where name is "VFX"').one()
        values = {"name": "film", "full_name": "The Film", "project_schema": schema}
        self.project = session.create("Project", values)
        self.review = session.create(
            "ReviewSession", {"name": name, "description": "Second round", "project": self.project}
        )
        session.commit()

    def invite(self, name, address, role="reviewer"):
        """Invite a person by mail."""
        self.review.invite(name, address, role=role)
        self.session.commit()
        self.review.send_invitations()

    def link(self, address):
        """Return the personal link in the mail to *address*."""
        for path in sorted((self.folder / "data" / "outbox").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes())
            if address in message["To"]:
                plain = next(part for part in message.walk() if part.get_content_type() == "text/plain")
                return re.search(r"http://\S+", plain.get_payload(decode=True).decode())[0]
        raise AssertionError(f"no mail to {address}")

    def objects(self):
        """Return the objects of the review in order, as the server has them now."""
        return list(self.review.feedback().objects)

    def item(self, index):
        """Return the entity of the object at *index*."""
        return self.session.get("ReviewSessionObject", self.objects()[index].id)


@contextlib.contextmanager
def serving(folder, **values):
    """Give a site in *folder*, and end its server afterwards."""
    with ftrack_review.Session(f"embedded://{folder / 'data'}") as session:
        yield Site(session, folder, **values)


def visit(page, link, object_name=None):
    """Open the review behind *link* and wait until it can be used."""
    response = page.goto(link)
    page.wait_for_selector("main.viewer")
    if object_name:
        page.get_by_role("navigation").locator(
            "button", has=page.get_by_text(object_name, exact=True)
        ).click()
    if page.locator("main.viewer video, main.viewer .slot img").count():
        page.evaluate(SETTLED)
    return response


def settle(page):
    """Wait until the frame asked for is on the screen."""
    page.evaluate(SETTLED)


def key(page, name):
    """Press a key of the player, outside any field."""
    page.evaluate("document.activeElement && document.activeElement.blur()")
    page.keyboard.press(name)


def faults(page, axe, where):
    """Return the serious and critical faults that axe-core finds on the page, as text."""
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [
        f"{where}: {fault['impact']} {fault['id']}: {fault['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
