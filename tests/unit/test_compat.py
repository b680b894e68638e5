"""``import ftrack_api`` served by us."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run_python(code):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        "import ftrack_api; assert ftrack_api is ftrack_review",
        "import ftrack_api.exception; assert ftrack_api.exception.ServerError is ftrack_review.exception.ServerError",
        "from ftrack_api.symbol import NOT_SET; assert NOT_SET is ftrack_review.symbol.NOT_SET",
        "import ftrack_api.protocol.schema as s; assert s.__spec__.name == s.__name__ == 'ftrack_review.protocol.schema'",
        "import ftrack_api; assert ftrack_api.__spec__.name == 'ftrack_review'",
        "c.install(); import ftrack_api.operation; c.uninstall(); import sys; assert 'ftrack_api' not in sys.modules",
    ],
)
def test_the_alias_is_the_package_itself(code):
    assert (
        run_python(f"import ftrack_review, ftrack_review.compat as c; c.install(); {code}; print('fine')")
        == "fine"
    )


def test_a_module_that_we_do_not_have_is_never_taken_from_elsewhere(tmp_path):
    package = tmp_path / "ftrack_api"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "only_official.py").write_text("x = 1")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import ftrack_review.compat as c; c.install()\n"
        "try: import ftrack_api.only_official\n"
        "except ImportError as error: print(error)"
    )
    assert "only_official" in run_python(code)


def test_installing_after_the_official_client_says_so(tmp_path):
    (tmp_path / "ftrack_api.py").write_text("")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import ftrack_api, ftrack_review.compat as c\n"
        "try: c.install()\n"
        "except TypeError as error: print(error)"
    )
    assert "before the first import" in run_python(code)


def test_a_script_runs_as_the_main_program(tmp_path):
    (tmp_path / "beside.py").write_text("name = 'beside'")
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, beside, ftrack_api\nprint(__name__, sys.argv[1:], beside.name, ftrack_api.__name__)"
    )
    code = f"import ftrack_review.compat as c; c.run_script({str(script)!r}, ['a', 'b'])"
    assert run_python(code) == "__main__ ['a', 'b'] beside ftrack_review"


@pytest.mark.parametrize(
    "raised", ["ftrack_api.exception.ServerError('refused')", "FileNotFoundError(2, 'none', 'a.mov')"]
)
def test_what_a_script_does_not_catch_is_shown_with_its_line(tmp_path, raised):
    script = tmp_path / "script.py"
    script.write_text(f"import ftrack_api\n\n\nraise {raised}\n")
    result = subprocess.run(
        [sys.executable, "-m", "ftrack_review", "run", str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Traceback")
    assert f'File "{script}", line 4' in result.stderr
    assert result.stderr.splitlines()[-1].startswith(
        ("ftrack_review.exception.ServerError: ", "FileNotFoundError: ")
    )


@pytest.mark.parametrize(
    ("words", "said"), [(["missing.py"], "There is no script missing.py."), ([], "Which script?")]
)
def test_a_script_that_is_not_there_is_named(words, said):
    result = subprocess.run(
        [sys.executable, "-m", "ftrack_review", "run", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith(f"ftrack-review: {said}")


@pytest.mark.parametrize(
    "code",
    [
        # Guards of scripts.
        (
            "from tests.session_transport import AnsweredSession, Answers; session = AnsweredSession(Answers()); "
            "assert isinstance(session, ftrack_api.Session) and isinstance(session, ftrack_api.session.Session); "
            "entity = session.create('Task', {'id': 'a'}, reconstructing=True); "
            "assert isinstance(entity, ftrack_api.entity.base.Entity); session.close()"
        ),
        (
            "import ftrack_api.exception\n"
            "try: raise ftrack_review.exception.ServerValidationError('x')\n"
            "except ftrack_api.exception.ServerError: pass"
        ),
        "class Own(ftrack_api.session.Session): pass\nassert issubclass(Own, ftrack_review.Session)",
        # References by name, as pickles, configurations and tests hold them.
        "import pickle; assert pickle.loads(b'cftrack_api.symbol\\nNOT_SET\\n.') is ftrack_review.symbol.NOT_SET",
        (
            "import pickle; kind = pickle.loads(b'cftrack_api.exception\\nServerError\\n.'); "
            "assert kind is ftrack_review.exception.ServerError"
        ),
        (
            "import pickle; error = pickle.loads(pickle.dumps(ftrack_api.exception.NotUniqueError('x'))); "
            "assert isinstance(error, ftrack_api.exception.NotUniqueError)"
        ),
        (
            "import pkgutil; kind = pkgutil.resolve_name('ftrack_api.accessor.disk:DiskAccessor'); "
            "assert kind is ftrack_review.accessor.disk.DiskAccessor"
        ),
        (
            "import importlib; module = importlib.import_module('ftrack_api.structure.standard'); "
            "assert module.StandardStructure is ftrack_review.structure.standard.StandardStructure"
        ),
        (
            "import unittest.mock as m\n"
            "with m.patch('ftrack_api.session.Session.call') as call: assert ftrack_review.Session.call is call"
        ),
        "import importlib.util; assert importlib.util.find_spec('ftrack_api.event.hub') is not None",
    ],
)
def test_guards_and_names_of_scripts_hold(code):
    assert (
        run_python(
            "import ftrack_review, ftrack_review.compat as c; c.install(); import ftrack_api, ftrack_api.session, "
            f"ftrack_api.entity.base\n{code}\nprint('fine')"
        )
        == "fine"
    )
