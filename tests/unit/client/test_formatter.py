import pytest

from ftrack_review import formatter
from ftrack_review._loading import load
from tests.session_transport import record


@pytest.fixture
def task(session):
    (task,) = load(
        session,
        [
            record(
                "Task",
                "t1",
                name="comp",
                status=record("Status", "s1", name="x"),
                notes=[
                    record("Note", "n1", content="a {b}", replies=[record("Note", "n2")]),
                    record("Note", "n2", content="c"),
                ],
                metadata=[{"__entity_type__": "Metadata", "parent_id": "t1", "key": "k", "value": "v"}],
            )
        ],
    )
    session.auto_populate = False
    return task


def only(*names):
    return lambda entity, name, value: name in names


def test_one_line_per_attribute(task):
    text = formatter.format(task, attribute_filter=only("id", "name", "status", "notes", "metadata", "bid"))
    assert text == (
        "Task\n bid: NOT_SET\n id: t1\n metadata: {'k': 'v'}\n name: comp\n notes: Note\n        Note\n"
        " status: Status\n          id: s1\n          name: x"
    )


def test_entities_in_collections_on_request_and_each_once(task):
    shown = only("content", "notes", "replies")
    text = formatter.format(task, attribute_filter=shown, recursive=True)
    assert text == (
        "Task\n"
        " notes: Note\n"
        "         content: a {b}\n"
        "         replies: Note\n"
        "                   content: c\n"
        "                   replies: \n"
        "        Note{...}"
    )


def test_indent_and_formatters(task):
    text = formatter.format(
        task,
        formatters={"header": str.upper, "label": lambda text: f"*{text}"},
        attribute_filter=only("name"),
        indent=4,
        indent_first_line=False,
    )
    assert text == "TASK\n     *name: comp"


def test_unset_attributes_can_be_left_out(task):
    assert "NOT_SET" not in formatter.format(task, attribute_filter=formatter.FILTER["ignore_unset"])


def test_colours_where_they_show(task, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("ANSI_COLORS_DISABLED", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in formatter.format(task, attribute_filter=only("name"))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in formatter.format(task, attribute_filter=only("name"))
