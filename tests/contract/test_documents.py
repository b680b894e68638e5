"""The README, the documentation and the errors page are as true as the code."""

import pathlib
import re
import shlex

import click
import pytest

from ftrack_review import cli, exception

ROOT = pathlib.Path(__file__).resolve().parents[2]


def commands_of_readme():
    text = (ROOT / "README.rst").read_text(encoding="utf-8")
    return re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)


def test_the_readme_has_exactly_two_commands():
    demo, tests = commands_of_readme()
    assert demo.endswith("ftrack-review demo")
    assert tests == "python3 tests/run.py"


def test_continuous_integration_runs_the_commands_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "command_of 1" in script
    assert "command_of 2" in script


def test_every_error_has_an_entry_on_its_page():
    page = (ROOT / "docs" / "errors.rst").read_text(encoding="utf-8")
    missing = [name for name in exception.__all__ if name != "ApiError" and f"\n{name}\n" not in page]
    assert not missing


def test_the_changelog_names_the_version():
    from ftrack_review import __version__

    changelog = (ROOT / "docs" / "changelog.rst").read_text(encoding="utf-8")
    assert f"\n{__version__}" in changelog or "\nUnreleased" in changelog


def test_the_licence_is_apache():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def documented_commands():
    """Return the commands in the literal blocks of all pages, with the page."""
    pages = [ROOT / "README.rst", *sorted((ROOT / "docs").rglob("*.rst"))]
    return [
        (page.relative_to(ROOT).as_posix(), line)
        for page in pages
        for line in re.findall(
            r"^ {3,}(?:\$ )?ftrack-review (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    ]


def find_command(words):
    """Return the command that *words* begin with, and the words left for it."""
    command, left = cli._make_commands(), list(words)
    while isinstance(command, click.Group):
        command = command.commands[left.pop(0)]
    return command, left


@pytest.mark.parametrize(("page", "line"), documented_commands())
def test_the_documented_commands_can_be_given(page, line):
    command, left = find_command(shlex.split(line))
    assert command.make_context(page, left)


def test_every_option_of_the_server_is_explained():
    page = (ROOT / "docs" / "guides" / "server.rst").read_text(encoding="utf-8")
    serve, _ = find_command(["serve"])
    options = [name for option in serve.params for name in option.opts]
    assert [name for name in options if f"``{name}" not in page] == []
