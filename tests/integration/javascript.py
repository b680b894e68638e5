"""The official JavaScript client for tests: where it is, and a page of another origin that runs it in a browser."""

import contextlib
import http.server
import json
import os
import pathlib
import threading

import pytest

FOLDER = pathlib.Path(__file__).parent

# What a bundler does for a page: where the packages are that the client imports.
_IMPORTS = {
    "@ftrack/api": "/node_modules/@ftrack/api/dist/ftrack-javascript-api.es.js",
    "isomorphic-ws": "/node_modules/isomorphic-ws/browser.js",
    "loglevel": "data:text/javascript,export default window.log; export const getLogger = window.log.getLogger;",
    "moment": "/node_modules/moment/dist/moment.js",
    "uuid": "/node_modules/uuid/dist/esm-browser/index.js",
}
_PAGE = f"""<!doctype html>
<meta charset="utf-8">
<title>A studio's own page</title>
<link rel="icon" href="data:,">
<script src="/node_modules/loglevel/lib/loglevel.js"></script>
<script type="importmap">{json.dumps({"imports": _IMPORTS})}</script>
<script type="module">
  import * as client from "@ftrack/api";
  import {{ upload, work }} from "/official_javascript.mjs";
  window.studio = {{
    work: (ready) => work(client, ready),
    upload: (ready, movie) => upload(client, ready, movie),
  }};
</script>
"""


def node_command(script, *arguments):
    """Return the command that runs *script* with the official client by node."""
    node = os.environ.get("FTRACK_REVIEW_NODE")
    if not node:
        pytest.fail("FTRACK_REVIEW_NODE names no node: use tests/run.py")
    return [node, str(FOLDER / script), str(arguments[0]), str(client_folder()), *map(str, arguments[1:])]


def client_folder():
    """Return the folder in which ``@ftrack/api`` is installed."""
    folder = os.environ.get("FTRACK_REVIEW_OFFICIAL_JAVASCRIPT")
    if not folder:
        pytest.fail("FTRACK_REVIEW_OFFICIAL_JAVASCRIPT names no folder with @ftrack/api: use tests/run.py")
    return pathlib.Path(folder)


@contextlib.contextmanager
def studio_page():
    """Give the address of a page, of an origin of its own, that has the official client."""
    modules = client_folder()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/":
                content, kind = _PAGE.encode(), "text/html"
            else:
                folder = FOLDER if self.path.endswith(".mjs") else modules
                file = (folder / self.path.lstrip("/")).resolve()
                if folder.resolve() not in file.parents or not file.is_file():
                    self.send_error(404)
                    return
                content, kind = file.read_bytes(), "text/javascript"
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join(10)
