"""Uploads and downloads over HTTP: whole or not at all, in ranges, with and without credentials."""

import http.client
import io
import os
import urllib.parse
import uuid

import pytest
import requests

from tests.integration.api import Api, wait_for


def component_url(api, component_id):
    """Return an address of the component that needs no credentials."""
    action = {"action": "generate_signed_url", "component_id": component_id, "operation": "get"}
    return api.call(action)[0]["signed_url"]


def files_in(listening):
    return sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(listening.files.folder)
        for name in names
        if ".thumbnails" not in folder
    )


class TestUpload:
    def test_answers_with_address_headers_and_component(self, api):
        metadata = api.upload_metadata(b"abc", name="shot.mov")
        assert set(metadata) == {"url", "headers", "component_id"}
        assert metadata["headers"]["Content-Type"] == "video/quicktime"
        assert metadata["headers"]["Content-Length"] == "3"
        assert all(isinstance(value, str) for value in metadata["headers"].values())
        assert api.key not in metadata["url"]

    def test_a_component_that_does_not_exist_yet_can_be_uploaded(self, api):
        content = os.urandom(3_000_000)
        metadata = api.upload_metadata(content)
        response = api.put(metadata, content)
        assert response.status_code == 200
        assert response.headers["etag"].strip('"')
        assert api.get(metadata["component_id"]).content == content

    def test_putting_it_twice_is_the_same_as_once(self, api):
        metadata = api.upload_metadata(b"abc")
        assert [api.put(metadata, b"abc").status_code for _ in range(2)] == [200, 200]
        assert api.get(metadata["component_id"]).content == b"abc"

    def test_an_empty_file_is_a_file(self, api):
        metadata = api.upload_metadata(b"")
        assert api.put(metadata, b"").status_code == 200
        assert api.get(metadata["component_id"]).content == b""

    @pytest.mark.parametrize("sent", [b"abc" * 1000, b"abcabc" * 400_000])
    def test_another_length_than_announced_is_refused(self, api, listening, sent):
        before = files_in(listening)
        metadata = api.upload_metadata(b"abcd" * 1000)
        for body in (sent, iter([sent])):
            response = api.http.put(metadata["url"], data=body)
            assert response.status_code in (400, 413)
            assert "announced" in response.json()["content"]
        assert files_in(listening) == before
        assert api.get(metadata["component_id"]).status_code == 404

    def test_other_content_than_announced_is_refused(self, api, listening):
        before = files_in(listening)
        metadata = api.upload_metadata(b"abc")
        response = api.put(metadata, b"abd")
        assert response.status_code == 422
        assert "MD5" in response.json()["content"]
        assert files_in(listening) == before

    def test_the_header_content_md5_is_checked_without_an_announced_one(self, api):
        metadata = api.upload_metadata(b"abc", checksum=None)
        right = "kAFQmDzST7DWlj99KOF/cg=="
        assert api.put(metadata, b"abc", **{"Content-MD5": right}).status_code == 200
        assert api.put(metadata, b"abd", **{"Content-MD5": right}).status_code == 422

    def test_one_that_breaks_off_leaves_nothing(self, api, listening):
        before = files_in(listening)
        metadata = api.upload_metadata(b"x" * 5_000_000)
        parts = urllib.parse.urlsplit(metadata["url"])
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        connection.putrequest("PUT", f"{parts.path}?{parts.query}")
        connection.putheader("Content-Length", "5000000")
        connection.endheaders()
        connection.send(b"x" * 2_000_000)
        wait_for(lambda: files_in(listening) != before)
        connection.close()
        wait_for(lambda: files_in(listening) == before)
        assert api.get(metadata["component_id"]).status_code == 404

    def test_a_full_disk_is_told_and_leaves_nothing(self, api, listening, monkeypatch):
        before = files_in(listening)
        metadata = api.upload_metadata(b"abc")
        monkeypatch.setattr("shutil.disk_usage", lambda _: _Full())
        response = api.put(metadata, b"abc")
        assert response.status_code == 507
        assert "full" in response.json()["content"]
        assert files_in(listening) == before

    @pytest.mark.parametrize(
        "change",
        [
            lambda url: url.split("?")[0],
            lambda url: url[:-4] + "AAAA",
            lambda url: url.replace("/upload/", "/upload/x"),
            lambda url: url.split("=")[0] + "=x.y",
            lambda url: url.split("=")[0] + "=",
        ],
    )
    def test_another_token_is_refused(self, api, change):
        metadata = api.upload_metadata(b"abc")
        response = api.http.put(change(metadata["url"]), data=b"abc")
        assert response.status_code == 403
        assert response.json()["exception"] == "PermissionError"

    def test_a_token_for_reading_does_not_write(self, api):
        component_id = api.component(b"abc")
        token = component_url(api, component_id).partition("token=")[2]
        assert api.http.put(f"{api.url}/upload/{component_id}?token={token}", data=b"x").status_code == 403

    @pytest.mark.parametrize(
        "values",
        [
            {"file_size": -1},
            {"file_size": "3"},
            {"file_size": None},
            {"file_size": True},
            {"checksum": "abc"},
            {"checksum": 3},
            {"component_id": None},
            {"component_id": ["a"]},
            {"component_id": "x" * 300},
            {"file_name": ""},
            {"file_name": 5},
            {"parts": 0},
            {"parts": 10_001},
            {"parts": "3"},
        ],
    )
    def test_what_is_no_announcement_is_refused(self, api, values):
        action = {"action": "get_upload_metadata", "component_id": "c", "file_name": "a.mov", "file_size": 3}
        status, error = api.refused({**action, **values})
        assert status == 422
        assert next(iter(values)) in error["content"]

    @pytest.mark.parametrize(
        "key", ["../../../etc/passwd", "a/b", "..", "C:\\x", "a\nb", "ä", "%2e%2e%2f", "A" * 50]
    )
    def test_an_id_is_no_path(self, api, listening, key):
        before = files_in(listening)
        key = key + uuid.uuid4().hex
        metadata = api.upload_metadata(b"abc", key, name="../../x")
        assert api.put(metadata, b"abc").status_code == 200
        assert api.get(key).content == b"abc"
        new = set(files_in(listening)) - set(before)
        assert len(new) == 1
        assert os.path.dirname(os.path.dirname(new.pop())) == listening.files.folder


class TestUploadInParts:
    def parts(self, api, content, count, size):
        key = str(uuid.uuid4())
        metadata = api.upload_metadata(content, key, parts=count, checksum=None)
        tags = []
        for entry in reversed(metadata["urls"]):
            number = entry["part_number"]
            part = content[(number - 1) * size : number * size]
            response = api.http.put(entry["signed_url"], data=part)
            assert response.status_code == 200
            tags.append({"part_number": number, "e_tag": response.headers["etag"].strip('"')})
        done = {
            "action": "complete_multipart_upload",
            "component_id": key,
            "upload_id": metadata["upload_id"],
        }
        return key, {**done, "parts": tags}

    def test_comes_together_in_order(self, api, listening):
        content = os.urandom(2_500_000)
        before = files_in(listening)
        key, done = self.parts(api, content, 3, 1_000_000)
        answers = [api.call(done)[0] for _ in range(2)]
        assert answers[0]["component_id"] == key
        assert answers[0]["action"] == "complete_multipart_upload"
        assert api.http.get(answers[0]["url"]).content == content
        assert len(files_in(listening)) == len(before) + 1

    def test_a_missing_or_other_part_is_refused(self, api):
        key, done = self.parts(api, b"abc" * 1000, 3, 1000)
        for parts in ([*done["parts"], {"part_number": 4, "e_tag": "x"}], [{"part_number": 1, "e_tag": "x"}]):
            assert api.refused({**done, "parts": parts})[0] == 422
        assert (
            api.refused({**done, "parts": [*done["parts"][:2], {"part_number": 1, "e_tag": "x"}]})[0] == 422
        )
        assert api.refused({**done, "parts": [*done["parts"][:2], done["parts"][0]]})[0] == 422
        assert api.refused({**done, "component_id": str(uuid.uuid4())})[0] == 422
        assert api.refused({**done, "upload_id": "other"})[0] == 422
        assert api.refused({**done, "upload_id": None})[0] == 422
        assert api.refused({**done, "parts": [3]})[0] == 422
        assert api.get(key).status_code == 404

    def test_a_part_that_ended_early_is_noticed(self, api):
        key = str(uuid.uuid4())
        metadata = api.upload_metadata(b"abc" * 1000, key, parts=3, checksum=None)
        tags = []
        for entry, size in zip(metadata["urls"], (1000, 999, 1000)):
            response = api.http.put(entry["signed_url"], data=b"x" * size)
            tags.append({"part_number": entry["part_number"], "e_tag": response.headers["etag"]})
        done = {"action": "complete_multipart_upload", "component_id": key, "parts": tags}
        status, error = api.refused({**done, "upload_id": metadata["upload_id"]})
        assert status == 400
        assert "2999 of 3000" in error["content"]
        assert api.get(key).status_code == 404

    def test_the_announced_md5_is_checked(self, api):
        key = str(uuid.uuid4())
        metadata = api.upload_metadata(b"abc" * 1000, key, parts=3)
        tags = []
        for entry in metadata["urls"]:
            response = api.http.put(entry["signed_url"], data=b"x" * 1000)
            tags.append({"part_number": entry["part_number"], "e_tag": response.headers["etag"]})
        done = {"action": "complete_multipart_upload", "component_id": key, "parts": tags}
        assert api.refused({**done, "upload_id": metadata["upload_id"]})[0] == 422


class TestDownload:
    @pytest.fixture
    def content(self):
        return bytes(range(256)) * 100

    @pytest.fixture
    def component(self, api, content):
        return api.component(content, name="shöt", file_type=".mp4")

    def test_headers_say_what_it_is(self, api, component, content):
        response = api.get(component)
        assert response.content == content
        assert response.headers["content-type"] == "video/mp4"
        assert response.headers["accept-ranges"] == "bytes"
        assert "sh%C3%B6t.mp4" in response.headers["content-disposition"]

    @pytest.mark.parametrize(
        ("wanted", "start", "end"),
        [
            ("bytes=0-0", 0, 1),
            ("bytes=100-299", 100, 300),
            ("bytes=25500-", 25500, 25600),
            ("bytes=-10", -10, None),
        ],
    )
    def test_a_range(self, api, component, content, wanted, start, end):
        response = api.get(component, headers={"range": wanted})
        assert response.status_code == 206
        assert response.content == content[start:end]
        assert response.headers["content-range"].endswith("/25600")

    def test_a_range_beyond_the_end_is_refused(self, api, component):
        response = api.get(component, headers={"range": "bytes=99999-"})
        assert response.status_code == 416
        assert response.headers["content-range"].endswith("/25600")
        assert response.json()["exception"] == "ValidationError"

    def test_a_signed_address_needs_no_credentials(self, api, component, content):
        url = component_url(api, component)
        assert "apiKey" not in url
        assert api.http.get(url).content == content
        assert url == component_url(api, component)

    def test_it_reads_that_component_only(self, api, component):
        other = api.component(b"other")
        url = component_url(api, component).replace(component, other)
        assert api.http.get(url).status_code == 403

    def test_other_credentials_are_refused(self, api, component):
        for user, key in (("admin", "x"), ("x", api.key), ("", "")):
            assert Api(api.url, user, key).get(component).status_code == 401

    def test_what_could_run_as_a_page_is_only_saved(self, api):
        for file_type in (".html", ".svg", ".js", ".xyz"):
            response = api.get(api.component(b"<script>alert(1)</script>", file_type=file_type))
            assert response.headers["content-disposition"].startswith("attachment")
            assert "sandbox" in response.headers["content-security-policy"]
            assert response.headers["x-content-type-options"] == "nosniff"

    def test_what_does_not_exist_is_an_error(self, api):
        response = api.get("nothing")
        assert (response.status_code, response.json()["exception"]) == (404, "NotFound")
        assert api.http.get(api.url + "/component/get").status_code == 404

    def test_after_its_removal_it_is_an_error(self, api):
        component = api.component(b"abc")
        assert [api.get(component, "remove").status_code for _ in range(2)] == [200, 200]
        assert api.get(component).status_code == 404

    def test_removing_takes_the_credentials_of_a_user(self, api):
        component = api.component(b"abc")
        token = component_url(api, component).partition("token=")[2]
        assert api.http.get(f"{api.url}/component/remove?id={component}&token={token}").status_code == 401
        assert api.get(component).status_code == 200

    def test_removing_takes_the_credentials_from_headers_by_another_method(self, api):
        component = api.component(b"abc")
        url = f"{api.url}/component/remove?id={component}"
        assert requests.delete(url, timeout=20).status_code == 401
        in_address = f"{url}&username={api.user}&apiKey={api.key}"
        assert requests.delete(in_address, timeout=20).status_code == 401
        headers = {"ftrack-user": api.user, "ftrack-api-key": api.key}
        assert requests.get(url, headers=headers, timeout=20).status_code == 401
        assert api.get(component).status_code == 200
        removed = requests.delete(url, headers=headers, timeout=20)
        assert (removed.status_code, removed.json()["component_id"]) == (200, component)
        assert api.get(component).status_code == 404

    def test_deleting_the_component_removes_its_file(self, api, listening):
        component = api.component(b"abc")
        api.delete("FileComponent", component)
        assert not listening.files.has(component)


class TestThumbnail:
    def picture(self, size=(800, 400), mode="RGB", kind="PNG"):
        from PIL import Image

        stream = io.BytesIO()
        Image.new(mode, size).save(stream, kind)
        return stream.getvalue()

    def size_of(self, response):
        from PIL import Image

        assert response.headers["content-type"] == "image/jpeg"
        with Image.open(io.BytesIO(response.content)) as picture:
            return picture.size

    @pytest.mark.parametrize(("asked", "size"), [(None, (300, 150)), ("100", (100, 50)), ("90", (100, 50))])
    def test_fits_the_size(self, api, asked, size):
        component = api.component(self.picture(), file_type=".png")
        query = {} if asked is None else {"size": asked}
        assert self.size_of(api.get(component, "thumbnail", **query)) == size

    def test_a_transparent_picture_has_one(self, api):
        component = api.component(self.picture(mode="RGBA"), file_type=".png")
        assert self.size_of(api.get(component, "thumbnail")) == (300, 150)

    def test_what_cannot_be_shown_leads_to_the_placeholder(self, api):
        for component in ("nothing", api.component(b"no picture", file_type=".txt")):
            response = api.get(component, "thumbnail")
            assert response.url.endswith("/img/thumbnail2.png")
            assert response.headers["content-type"] == "image/png"

    def test_a_size_that_is_none_is_refused(self, api):
        component = api.component(self.picture(), file_type=".png")
        for size in ("x", "-1", "9" * 20):
            assert api.get(component, "thumbnail", size=size).status_code == 422

    def test_a_new_file_has_a_new_thumbnail(self, api):
        component = api.component(self.picture(), file_type=".png")
        api.get(component, "thumbnail")
        content = self.picture((400, 800))
        api.put(api.upload_metadata(content, component), content)
        assert self.size_of(api.get(component, "thumbnail")) == (150, 300)


class _Full:
    free = 0
