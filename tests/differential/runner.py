"""Run all cases with one client against one server: ``python runner.py ftrack_api ready.json folder``.

It runs in the interpreter of that client and prints a JSON object: case name -> what it gave. Ids and times are
replaced by tokens in the order of their appearance, so that two runs can be compared.
"""

import importlib
import importlib.util
import json
import os
import pathlib
import re
import sys
import tempfile
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

    def new_session(self, **options):
        options.setdefault("auto_connect_event_hub", False)
        return self.api.Session(
            server_url=self.ready["url"],
            api_key=self.ready["api_key"],
            api_user=self.ready["api_user"],
            **options,
        )

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


def tokens(value):
    text = json.dumps(value, sort_keys=True)
    seen = {}
    text = ID.sub(lambda m: f"id{seen.setdefault(m[0], len(seen) + 1)}", text)
    text = ADDRESS.sub("object 1", text)
    return json.loads(TIME.sub("TIME", text))


def main(module_name, ready_path, folder):
    warnings.simplefilter("ignore")
    api = importlib.import_module(module_name)
    with open(ready_path) as stream:
        ready = json.load(stream)
    wanted = os.environ.get("ONLY_CASES")
    results = {}
    for name, function in cases():
        if wanted and wanted not in name:
            continue
        context = Context(api, ready, name.replace(".", "_"), tempfile.mkdtemp(dir=folder))
        session = context.new_session(schema_cache_path=False)
        try:
            result = {"gives": plain(function(api, session, context), api)}
        except Exception as error:
            result = {"raises": error_names(error), "text": text_of(error)}
        results[name] = {
            "outcome": tokens({k: v for k, v in result.items() if k != "text"}),
            "text": result.get("text"),
        }
        session.close()
    print("RESULTS" + json.dumps(results))


if __name__ == "__main__":
    sys.path.insert(0, os.environ.get("CLIENT_PATH", os.getcwd()))
    main(*sys.argv[1:])
