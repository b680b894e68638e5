"""Invitations by mail: into the outbox, and through a real SMTP server."""

import asyncio
import email
import email.policy
import json
import os
import re
import socket
import ssl
import threading
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from ftrack_review.server import ledger, smtp
from tests.integration.api import Api, wait_for
from tests.integration.certificate import make_certificate


def invite(api, invitee_id):
    return api.call({"action": "send_review_session_invite", "review_session_invitee_id": invitee_id})[0]


def outbox_of(server):
    folder = os.path.join(server.data, "outbox")
    messages = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        with open(os.path.join(folder, name), "rb") as stream:
            messages.append(email.message_from_binary_file(stream, policy=email.policy.default))
    return messages


def text_of(message, kind="plain"):
    return message.get_body(preferencelist=(kind,)).get_content()


class TestOutbox:
    def test_holds_the_invitation_with_everything(self, api, listening):
        session_id, _ = api.review(name="Dailies <b>&</b> 🎬", description="Second round.")
        invitee_id = api.invitee(session_id, "Ada Lovelace", "ada.outbox@example.com")
        assert invite(api, invitee_id) == {"sent": True}
        message = next(found for found in outbox_of(listening) if "ada.outbox" in found["To"])
        assert message.get_content_type() == "multipart/alternative"
        assert "Dailies <b>&</b> 🎬" in message["Subject"]
        text, html = text_of(message), text_of(message, "html")
        for part in (text, html):
            assert "Ada Lovelace" in part
            assert "Second round." in part
            assert "Administrator" in part
            assert "UTC" in part
            assert "Film" in part
        assert "Dailies &lt;b&gt;&amp;&lt;/b&gt;" in html
        link = re.search(r"http://\S+/review/\S+", text).group()
        assert link in html
        assert api.http.get(link).status_code == 200
        sent = api.query(f'select last_sent_at from ReviewSessionInvitee where id is "{invitee_id}"')[0]
        assert sent["last_sent_at"]

    def test_is_for_its_owner_only(self, api, listening):
        session_id, _ = api.review()
        invite(api, api.invitee(session_id))
        folder = os.path.join(listening.data, "outbox")
        assert os.stat(folder).st_mode & 0o077 == 0
        assert all(os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0 for name in os.listdir(folder))

    def test_a_batch_that_fails_sends_nothing(self, api, listening):
        session_id, _ = api.review()
        invitee_id = api.invitee(session_id, "Ada", "ada.failing@example.com")
        action = {"action": "send_review_session_invite", "review_session_invitee_id": invitee_id}
        api.refused(action, {"action": "query", "expression": "nonsense where"})
        assert not [found for found in outbox_of(listening) if "ada.failing" in found["To"]]
        assert (
            api.query(f'select last_sent_at from ReviewSessionInvitee where id is "{invitee_id}"')[0][
                "last_sent_at"
            ]
            is None
        )

    def test_names_cannot_add_headers(self, api, listening):
        session_id, _ = api.review()
        invitee_id = api.invitee(session_id, email="ada.header@example.com")
        # The API refuses such names; a database of an earlier version may hold them.
        names = {"review_session": session_id, "review_session_invitee": invitee_id}
        with listening.store.write() as connection:
            for table, key in names.items():
                statement = f"update {table} set name = :name where id = :key"
                connection.change(
                    sa.text(statement).bindparams(name="Dailies\r\nBcc: evil@example.com", key=key)
                )
        invite(api, invitee_id)
        message = next(found for found in outbox_of(listening) if "ada.header" in found["To"])
        assert message["Bcc"] is None
        assert [address.addr_spec for address in message["To"].addresses] == ["ada.header@example.com"]

    def test_a_user_is_invited_too(self, api, listening):
        user_id = api.create("User", username="grace", first_name="Grace", email="grace@example.com")
        assert api.call({"action": "send_user_invite", "user_id": user_id}) == [{"sent": True}]
        message = next(found for found in outbox_of(listening) if "grace@" in found["To"])
        assert "grace" in text_of(message)
        assert api.url in text_of(message)

    @pytest.mark.parametrize(
        ("action", "key"),
        [("send_review_session_invite", "review_session_invitee_id"), ("send_user_invite", "user_id")],
    )
    def test_nobody_cannot_be_invited(self, api, action, key):
        assert api.refused({"action": action, key: "nothing"})[0] == 404
        assert api.refused({"action": action, key: None})[0] == 422
        assert api.refused({"action": action})[0] == 422

    def test_a_user_without_address_cannot_be_invited(self, api):
        user_id = api.create("User", username="nomail")
        status, error = api.refused({"action": "send_user_invite", "user_id": user_id})
        assert status == 422
        assert "e-mail" in error["content"]


class Postbox:
    """What an SMTP server received, and whom it refuses."""

    def __init__(self):
        self.envelopes = []
        self.refused = None
        #: What becomes of a mail after its final dot: "taken", "held" until it is released, or "lost".
        self.mode = "taken"
        self.released = threading.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refused:
            return self.refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        if self.mode == "lost":
            server.transport.abort()
        elif self.mode == "held":
            await asyncio.get_running_loop().run_in_executor(None, self.released.wait, 30)
        elif self.mode != "taken":
            return self.mode
        return "250 OK"


@pytest.fixture
def postbox():
    from aiosmtpd.controller import Controller

    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=0)
    # aiosmtpd connects to the port it was given to see whether it listens; 0 is none.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    box.address = f"127.0.0.1:{controller.port}"
    yield box
    box.released.set()
    controller.stop()


@pytest.fixture
def open_server(tmp_path):
    """Return a function that opens a server with mail settings, and an API client to it without a socket."""
    from ftrack_review.server.application import Server

    opened = []

    def open_one(**settings):
        server = Server(data=str(tmp_path), base_url="http://server.example", **settings)
        opened.append(server)
        server.start()
        return server, DirectApi(server)

    yield open_one
    for server in opened:
        server.close()


class DirectApi(Api):
    """The same client, calling the server without HTTP."""

    def __init__(self, server):
        super().__init__("http://server.example", "admin", "")
        self.server = server

    def call(self, *actions):
        status, body, _ = self.server.handle(
            json.dumps(actions).encode(), {"ftrack-strict-api": "true"}, caller=self.server.administrator()
        )
        assert status == 200, body
        return json.loads(body)


def test_what_the_outbox_could_not_take_is_put_there_later(open_server, monkeypatch, caplog):
    monkeypatch.setattr("ftrack_review.server.mail.RETRY_AFTER_S", (1,) * 5)
    server, api = open_server()
    place = os.path.join(server.data, "outbox")
    with open(place, "wb"):
        session_id, _ = api.review()
        invitee_id = api.invitee(session_id)
        invite(api, invitee_id)
    assert mails(server, invitee_id)[0]["state"] == "queued"
    os.remove(place)
    wait_for(lambda: mails(server, invitee_id)[0]["state"] == "sent")
    assert len(outbox_of(server)) == 1


class TestSmtp:
    def test_delivers(self, open_server, postbox):
        server, api = open_server(smtp=postbox.address, sender="reviews@studio.example")
        session_id, _ = api.review(name="Grüße")
        invitee_id = api.invitee(session_id, "Ada", "ada@example.com")
        invite(api, invitee_id)
        envelope = wait_for(lambda: postbox.envelopes)[0]
        assert envelope.rcpt_tos == ["ada@example.com"]
        assert envelope.mail_from == "reviews@studio.example"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert "Grüße" in message["Subject"]
        assert "http://server.example/review/" in text_of(message)
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "sent")
        assert not os.path.exists(os.path.join(server.data, "outbox"))

    def test_forgets_the_link_once_it_is_sent(self, open_server, postbox):
        server, api = open_server(smtp=postbox.address)
        session_id, _ = api.review()
        invitee_id = api.invitee(session_id)
        invite(api, invitee_id)
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "sent")
        with server.store.read() as connection:
            assert connection.run(sa.text("select message from _mail"))[0][0] == ""

    def test_tries_again_when_nobody_answers(self, open_server, monkeypatch, caplog):
        monkeypatch.setattr("ftrack_review.server.mail.RETRY_AFTER_S", (0, 0))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            server, api = open_server(smtp=f"127.0.0.1:{free.getsockname()[1]}")
            session_id, _ = api.review()
            invitee_id = api.invitee(session_id)
            invite(api, invitee_id)
            mail = wait_for(lambda: [m for m in mails(server, invitee_id) if m["state"] == "failed"])[0]
        assert mail["attempts"] == 3
        job = wait_for(lambda: api.query('select status, data from Job where status is "failed"'))[0]
        assert "ada@example.com" in json.loads(job["data"])["description"]
        query = f'select last_sent_at from ReviewSessionInvitee where id is "{invitee_id}"'
        wait_for(lambda: api.query(query)[0]["last_sent_at"] is None)

    def test_gives_up_at_once_when_the_recipient_is_refused_for_good(self, open_server, postbox, caplog):
        postbox.refused = "550 No such user {here}"
        server, api = open_server(smtp=postbox.address)
        session_id, _ = api.review()
        invitee_id = api.invitee(session_id)
        invite(api, invitee_id)
        mail = wait_for(lambda: [m for m in mails(server, invitee_id) if m["state"] == "failed"])[0]
        assert mail["attempts"] == 1
        assert "550 No such user" in mail["error"]

    def test_is_not_sent_again_while_the_other_side_takes_its_time(self, open_server, postbox):
        postbox.mode = "held"
        server, api = open_server(smtp=postbox.address)
        invitee_id = api.invitee(api.review()[0])
        invite(api, invitee_id)
        wait_for(lambda: postbox.envelopes)
        # It is waited for as RFC 5321 4.5.3.2 asks.
        wait_for(lambda: server.mailer._delivery._connection.sock.gettimeout() == 600)
        assert (mails(server, invitee_id)[0]["state"], sent_at(api, invitee_id)) == ("sending", None)
        # Asking twice is no second mail while the first is on its way.
        assert invite(api, invitee_id) == {"sent": True}
        postbox.released.set()
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "sent")
        assert len(postbox.envelopes) == len(mails(server, invitee_id)) == 1
        assert sent_at(api, invitee_id)
        # Once it was sent, it is.
        invite(api, invitee_id)
        wait_for(lambda: len(postbox.envelopes) == 2)

    @pytest.mark.parametrize("how", ["lost", "silent"])
    def test_what_may_have_been_sent_is_left_to_people(self, open_server, postbox, monkeypatch, caplog, how):
        postbox.mode = "lost"
        if how == "silent":
            postbox.mode = "held"
            monkeypatch.setattr(smtp, "TIMEOUTS", smtp.Timeouts(end=0.2))
        server, api = open_server(smtp=postbox.address)
        invitee_id = api.invitee(api.review()[0])
        invite(api, invitee_id)
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "unconfirmed")
        (mail,) = mails(server, invitee_id)
        assert (mail["attempts"], len(postbox.envelopes)) == (1, 1)
        assert "after the whole mail was sent" in mail["error"]
        assert sent_at(api, invitee_id)
        job = wait_for(lambda: api.query('select data from Job where status is "failed"'))[0]
        assert "may have arrived" in job["data"]
        # Somebody asks for it again.
        postbox.mode = "taken"
        postbox.released.set()
        invite(api, invitee_id)
        wait_for(lambda: [mail["state"] for mail in mails(server, invitee_id)] == ["unconfirmed", "sent"])

    def test_a_stop_does_not_wait_for_the_other_side(self, open_server, postbox, monkeypatch, caplog):
        monkeypatch.setattr("ftrack_review.server.mail._GRACE_S", 0.2)
        postbox.mode = "held"
        server, api = open_server(smtp=postbox.address)
        invitee_id = api.invitee(api.review()[0])
        invite(api, invitee_id)
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "sending")
        thread = server.mailer._thread
        # It would wait for ten minutes; the postbox holds it for thirty seconds.
        server.close()
        assert not thread.is_alive() or not postbox.released.is_set()
        server, api = open_server(smtp=postbox.address)
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "unconfirmed")
        assert len(postbox.envelopes) == 1

    def test_an_invitation_counts_as_sent_when_it_went_out(self, open_server, postbox, monkeypatch, caplog):
        monkeypatch.setattr("ftrack_review.server.mail.RETRY_AFTER_S", (3600,))
        postbox.mode = "451 Try later"
        server, api = open_server(smtp=postbox.address)
        invitee_id = api.invitee(api.review()[0])
        invite(api, invitee_id)
        wait_for(lambda: mails(server, invitee_id)[0]["error"])
        assert (mails(server, invitee_id)[0]["state"], sent_at(api, invitee_id)) == ("queued", None)
        postbox.mode = "taken"
        with server.store.write() as connection:
            ledger.update_mail(
                connection, mails(server, invitee_id)[0]["id"], next_attempt_at="2000-01-01T00:00:00"
            )
        server.mailer.wake()
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "sent")
        assert sent_at(api, invitee_id)

    def test_what_was_left_in_the_middle_is_unconfirmed(self, open_server, postbox, caplog):
        """The machine went down after the content had begun to be sent."""
        server, api = open_server(smtp=postbox.address)
        invitee_id = api.invitee(api.review()[0])
        invite(api, invitee_id)
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "sent")
        with server.store.write() as connection:
            ledger.update_mail(
                connection,
                mails(server, invitee_id)[0]["id"],
                state="sending",
                next_attempt_at="2000-01-01T00:00:00",
            )
        server.mailer.wake()
        wait_for(lambda: mails(server, invitee_id)[0]["state"] == "unconfirmed")
        assert len(postbox.envelopes) == 1

    def test_lines_that_begin_with_a_dot_arrive(self, postbox):
        message = EmailMessage()
        message["Subject"] = "Dots"
        message.set_content(".a\n..\n.\nend\n")
        place = smtp.read_address(postbox.address)
        smtp.Delivery(place, sending=lambda: None).send(message, "a@example.com", "b@example.com")
        found = email.message_from_bytes(postbox.envelopes[0].content, policy=email.policy.default)
        assert found.get_content().splitlines() == [".a", "..", ".", "end"]

    def test_what_was_queued_is_sent_after_a_restart(self, open_server, postbox, caplog):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            server, api = open_server(smtp=f"127.0.0.1:{free.getsockname()[1]}")
            session_id, _ = api.review()
            invite(api, api.invitee(session_id))
            server.close()
        server, api = open_server(smtp=postbox.address)
        with server.store.write() as connection:
            connection.change(sa.text("update _mail set next_attempt_at = '2000-01-01T00:00:00'"))
        server.mailer.wake()
        assert wait_for(lambda: postbox.envelopes)[0].rcpt_tos == ["ada@example.com"]


def sent_at(api, invitee_id):
    return api.query(f'select last_sent_at from ReviewSessionInvitee where id is "{invitee_id}"')[0][
        "last_sent_at"
    ]


def mails(server, subject_id):
    with server.store.read() as connection:
        return ledger.list_mail(connection, subject_id=subject_id)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
class TestSecuredServer:
    """A server that takes mail over TLS and from who signs in only."""

    @pytest.fixture
    def secured(self, tmp_path, monkeypatch):
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult, LoginPassword

        certificate, key = make_certificate(tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # Whom this machine trusts, as far as this test goes.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        box = Postbox()
        box.seen = []

        def authenticate(server, session, envelope, mechanism, data):
            assert isinstance(data, LoginPassword)
            box.seen.append((data.login, data.password))
            return AuthResult(success=data.password == b"right", handled=False)

        controllers = []

        def start(security):
            # It takes no password over a connection that is not secured; those from the beginning it does not count.
            keywords = {
                "auth_required": True,
                "authenticator": authenticate,
                "auth_require_tls": security != "tls",
            }
            if security == "starttls":
                keywords.update(tls_context=context, require_starttls=True)
            controller = Controller(
                box,
                hostname="127.0.0.1",
                port=0,
                ssl_context=context if security == "tls" else None,
                **keywords,
            )
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                controller.port = free.getsockname()[1]
            controller.start()
            controllers.append(controller)
            box.address = f"127.0.0.1:{controller.port}"
            return box

        yield start
        for controller in controllers:
            controller.stop()

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    def test_takes_mail_of_who_signs_in(self, secured, open_server, security):
        box = secured(security)
        mail_server = smtp.read_address(box.address, user="reviews", password="right", security=security)
        server, api = open_server(smtp=mail_server)
        session_id, _ = api.review()
        invite(api, api.invitee(session_id))
        wait_for(lambda: box.envelopes)
        assert box.envelopes[0].rcpt_tos == ["ada@example.com"]
        assert box.seen == [(b"reviews", b"right")]

    def test_says_that_the_password_is_wrong(self, secured, open_server, caplog):
        box = secured("starttls")
        mail_server = smtp.read_address(box.address, user="reviews", password="wrong", security="starttls")
        server, api = open_server(smtp=mail_server)
        session_id, _ = api.review()
        invite(api, api.invitee(session_id))
        job = wait_for(lambda: api.query('select data from Job where status is "failed"'))[0]
        assert "did not take the user name and password" in job["data"]
        assert "wrong" not in caplog.text + job["data"]
