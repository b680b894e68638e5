"""What mails say and how addresses are read."""

import smtplib

import pytest

from ftrack_review.exception import ConfigurationError
from ftrack_review.server import mail, smtp
from ftrack_review.server.template import render

INVITATION = {
    "invitee_name": "Ada",
    "session_name": "Dailies",
    "description": "",
    "project_name": None,
    "inviter_name": "Bob",
    "start": None,
    "end": None,
    "titles": [],
    "object_count": 0,
    "link": "https://server.example/review/token",
}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:1025", ("localhost", 1025)),
        ("127.0.0.1:2525", ("127.0.0.1", 2525)),
        ("[::1]:25", ("::1", 25)),
    ],
)
def test_addresses(text, address):
    assert smtp.read_address(text)[:2] == address


@pytest.mark.parametrize("text", ["", "x", ":25", "a:b", "a:0", "a:99999", "a:25:26", "a b", "::1"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ConfigurationError, match="HOST:PORT"):
        smtp.read_address(text)


@pytest.mark.parametrize(
    ("address", "settings", "word"),
    [
        ("mail.studio.org:587", {"user": "ada", "security": "starttls"}, "FTRACK_REVIEW_SMTP_PASSWORD"),
        ("mail.studio.org:587", {"user": "ada", "password": "secret"}, "in clear"),
        ("mail.studio.org:587", {"security": "ssl"}, "starttls"),
    ],
)
def test_settings_that_cannot_be_are_refused(address, settings, word):
    with pytest.raises(ConfigurationError, match=word) as refusal:
        smtp.read_address(address, **settings)
    assert "secret" not in str(refusal.value)


def test_a_password_is_not_shown():
    server = smtp.read_address("mail.studio.org:587", user="ada", password="secret", security="tls")
    assert "secret" not in f"{server!r} {server}"


class TestTemplates:
    def test_need_little(self):
        text = render("invitation.txt", INVITATION)
        assert "Ada" in text
        assert "https://server.example/review/token" in text
        assert "None" not in text + render("invitation.html", INVITATION)

    def test_escape_in_html_alone(self):
        values = {
            **INVITATION,
            "session_name": "<b>",
            "description": "a & b",
            "titles": ["<i>"],
            "object_count": 14,
        }
        assert 'review "<b>"' in render("invitation.txt", values)
        html = render("invitation.html", values)
        assert "&lt;b&gt;" in html
        assert "<i>" not in html
        assert "and 13 more" in html

    def test_a_value_that_is_missing_is_an_error(self):
        import jinja2

        with pytest.raises(jinja2.UndefinedError):
            render("invitation.txt", {"invitee_name": "Ada"})


def test_only_what_cannot_change_is_final():
    refused = {"a@example.com": (550, b"no")}
    later = {"a@example.com": (450, b"later")}
    assert mail._is_final(smtplib.SMTPRecipientsRefused(refused))
    assert mail._is_final(smtplib.SMTPDataError(554, b"no"))
    assert not mail._is_final(smtplib.SMTPRecipientsRefused(later))
    assert not mail._is_final(smtplib.SMTPDataError(451, b"later"))
    assert not mail._is_final(ConnectionRefusedError())


def test_headers_are_one_line():
    assert mail._one_line("a\r\nBcc: b\x00\u2028c") == "a Bcc: b c"
