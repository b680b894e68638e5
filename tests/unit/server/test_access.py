"""Keys and signed tokens."""

import pytest

from ftrack_review.server import access
from ftrack_review.server.errors import ServerFault

NOON = 1_800_000_000.0


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def signer(clock):
    return access.Signer("secret", clock)


class TestKeys:
    def test_are_long_random_and_safe_everywhere(self):
        keys = {access.make_key() for _ in range(200)}
        assert len(keys) == 200
        for key in keys:
            assert len(key) >= 43
            assert not key.startswith("-")
            assert key.replace("-", "").replace("_", "").isalnum()

    def test_hashes_take_any_text(self):
        assert access.hash_secret("a") != access.hash_secret("b")
        assert len(access.hash_secret("\ud800")) == 64


class TestSigner:
    def test_gives_back_what_was_signed(self, signer):
        token = signer.sign("put", "c1", lifetime_s=60, size=3, md5=None)
        claims = signer.verify(token, "put", "c1")
        assert (claims["s"], claims["size"], claims["md5"]) == ("c1", 3, None)

    def test_ends_in_time(self, signer, clock):
        token = signer.sign("put", "c1", lifetime_s=60)
        clock.now += 59
        signer.verify(token, "put")
        clock.now += 2
        with pytest.raises(ServerFault, match="time is over") as caught:
            signer.verify(token, "put")
        assert caught.value.status == 403

    def test_is_for_one_purpose_and_subject(self, signer):
        token = signer.sign("get", "c1", lifetime_s=60)
        for purpose, subject in (("put", "c1"), ("get", "c2")):
            with pytest.raises(ServerFault):
                signer.verify(token, purpose, subject)

    def test_a_steady_one_stays_for_the_day(self, signer, clock):
        first = signer.sign("get", "c1", lifetime_s=86400, is_steady=True)
        clock.now += 3600
        assert signer.sign("get", "c1", lifetime_s=86400, is_steady=True) == first
        clock.now += 20 * 3600
        signer.verify(first, "get")

    @pytest.mark.parametrize(
        "spoil", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t + "=", lambda t: t.upper()]
    )
    def test_every_change_is_noticed(self, signer, spoil):
        with pytest.raises(ServerFault):
            signer.verify(spoil(signer.sign("get", "c1", lifetime_s=60)), "get")

    @pytest.mark.parametrize(
        "token", [None, "", ".", "a.b", "x" * 5000, "é" * 60 + "." + "a" * 43, "a\n." + "b" * 43]
    )
    def test_nonsense_is_refused(self, signer, token):
        with pytest.raises(ServerFault):
            signer.verify(token, "get")

    def test_another_server_does_not_accept_it(self, signer, clock):
        with pytest.raises(ServerFault):
            access.Signer("other", clock).verify(signer.sign("get", "c1", lifetime_s=60), "get")
