"""Run all cases with one client against one server: ``python runner.py ftrack_api ready.json folder``.

It runs in the interpreter of that client and prints a JSON object: case name -> what it gave. Ids and times are
replaced by tokens in the order of their appearance, so that two runs can be compared.
"""

import contextlib
import http.client
import http.server
import importlib
import importlib.util
import inspect
import json
import os
import pathlib
import re
import sys
import tempfile
import threading
import time
import urllib.parse
import warnings

CASES = pathlib.Path(__file__).with_name("cases")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ADDRESS = re.compile(r"object \d{9,}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")


class Context:
    """What a case may use besides its session: a new session, a folder, names of its own."""

    def __init__(self, api, ready, name, folder):
        self.api = api
        self.ready = ready
        self.name = name
        self.folder = folder
        self.recorders = []

    def new_session(self, **options):
        options.setdefault("auto_connect_event_hub", False)
        for name in ("api_key", "api_user"):
            options.setdefault(name, self.ready[name])
        options.setdefault("server_url", self.ready["url"])
        return self.api.Session(**options)

    def recorder(self):
        """What records all batches of the sessions that are opened with its ``url``."""
        made = Recorder(self.ready["url"])
        self.recorders.append(made)
        return made

    @contextlib.contextmanager
    def recorded_session(self, **options):
        """A session and the list of the batches that it sends from now on, as decoded JSON."""
        recorder = self.recorder()
        with self.new_session(server_url=recorder.url, **options) as session:
            recorder.batches.clear()
            yield session, recorder.batches

    def module(self, name):
        """The module *name* of the client."""
        return importlib.import_module(f"{self.api.__name__}.{name}")

    def attempt(self, function, *arguments, **keywords):
        """What *function* returns, or the classes of the error that it raises."""
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            return {"raises": error_names(error)}

    def project(self, session, **data):
        """A project of this case."""
        schema = session.query('ProjectSchema where name is "VFX"').one()
        made = session.create(
            "Project", {"name": self.name, "full_name": self.name, "project_schema": schema, **data}
        )
        session.commit()
        return made

    def file(self, name="file.txt", content=b"content"):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(content)
        return path


class Recorder:
    """A server before the server, that keeps the batches it passes on."""

    def __init__(self, server_url):
        self.batches = []
        target, batches = urllib.parse.urlsplit(server_url), self.batches

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/api":
                    batches.append(json.loads(body))
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                onward = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
                onward.request("POST", self.path, body, {**headers, "Accept-Encoding": "identity"})
                answer = onward.getresponse()
                content = answer.read()
                onward.close()
                self.send_response(answer.status)
                for name in ("Content-Type", "Location"):
                    if answer.headers.get(name):
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


def cases():
    for path in sorted(CASES.glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in sorted(vars(module).items()):
            if name.startswith("case_"):
                yield f"{path.stem}.{name[len('case_') :]}", function


def plain(value, api):
    """Return *value* as JSON can hold it; entities by type and name."""
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if isinstance(value, Exception):
        return {"raises": error_names(value)}
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if hasattr(value, "entity_type"):
        return {"entity": value.entity_type}
    if hasattr(value, "isoformat"):
        return {"time": value.isoformat()}
    if isinstance(value, api.symbol.Symbol):
        return {"symbol": value.name}
    if isinstance(value, dict) or (hasattr(value, "keys") and hasattr(value, "__getitem__")):
        return {str(plain(key, api)): plain(value[key], api) for key in value.keys()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, api) for item in value), key=str)
    if hasattr(value, "__iter__"):
        return [plain(item, api) for item in value]
    return {"instance": type(value).__name__}


def error_names(error):
    """Return the names of the classes of *error*, most special first."""
    return [base.__name__ for base in type(error).__mro__ if base not in (BaseException, object)]


def text_of(error):
    try:
        return str(error)
    except Exception:
        # The official client cannot print an error whose text holds braces.
        return repr(error)


def tokens(value, replaced=()):
    text = json.dumps(value, sort_keys=True)
    for found, token in replaced:
        text = text.replace(json.dumps(found)[1:-1], token)
    seen = {}
    text = ID.sub(lambda m: f"id{seen.setdefault(m[0], len(seen) + 1)}", text)
    text = ADDRESS.sub("object 1", text)
    return json.loads(TIME.sub("TIME", text))


def agree(expected, found):
    """Whether *found* is *expected*, where an error of a more special class agrees with that of a general one."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if set(expected) == set(found) == {"raises"}:
            classes = expected["raises"]
            return (classes if isinstance(classes, str) else classes[0]) in found["raises"]
        return expected.keys() == found.keys() and all(agree(expected[key], found[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(agree, expected, found))
    return type(expected) is type(found) and expected == found


def run(api, ready, name, function, folder):
    context = Context(api, ready, name.replace(".", "_"), tempfile.mkdtemp(dir=folder))
    started = time.perf_counter()
    wants_session = "session" in inspect.signature(function).parameters
    arguments = (context.new_session(),) if wants_session else ()
    text = None
    try:
        outcome = {"gives": plain(function(api, *arguments, context), api)}
    except Exception as error:
        outcome, text = {"raises": error_names(error)}, text_of(error)
    for opened in (*arguments, *context.recorders):
        opened.close()
    replaced = ((context.folder, "FOLDER"), (ready["url"], "SERVER"), (ready["api_key"], "KEY"))
    seconds = time.perf_counter() - started
    return {"outcome": tokens(outcome, replaced), "text": text, "seconds": seconds}


def main(module_name, ready_path, folder):
    warnings.simplefilter("ignore")
    api = importlib.import_module(module_name)
    with open(ready_path) as stream:
        ready = json.load(stream)
    wanted = os.environ.get("ONLY_CASES")
    with note_touched(api, folder):
        results = {
            name: run(api, ready, name, function, folder)
            for name, function in cases()
            if not wanted or wanted in name
        }
    print("RESULTS" + json.dumps(results))


@contextlib.contextmanager
def note_touched(api, folder):
    """Keep in *folder* which public functions are called meanwhile, and which raise, where that is asked for."""
    if not os.environ.get("NOTE_TOUCHED"):
        yield
        return
    sys.path.insert(0, str(CASES.parent))
    import touching

    touched = touching.watch(api)
    yield
    with open(os.path.join(folder, touching.FILE), "w") as stream:
        json.dump(touched, stream)


if __name__ == "__main__":
    sys.path.insert(0, os.environ.get("CLIENT_PATH", os.getcwd()))
    main(*sys.argv[1:])
