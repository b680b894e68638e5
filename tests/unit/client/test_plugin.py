import logging

from ftrack_review import plugin


def write(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(text)


def test_register_is_called_with_what_it_accepts(tmp_path):
    calls = []
    for name, signature in {
        "a": "session",
        "b": "session, **kw",
        "c": "session, colour=None",
        "d": "*args",
        "e": "",
        "f": "session, *, colour",
    }.items():
        write(
            tmp_path,
            name,
            f"def register({signature}):\n    found = dict(locals())\n    CALLS.append(('{name}', found))\n",
        )
    # The plugins find the list through the builtins, as files of strangers import nothing of a test.
    import builtins

    builtins.CALLS = calls
    try:
        plugin.discover([str(tmp_path), "/does/not/exist", ""], ["S"], {"colour": "red", "session": "wrong"})
    finally:
        del builtins.CALLS
    assert calls == [
        ("a", {"session": "S"}),
        ("b", {"session": "S", "kw": {"colour": "red"}}),
        ("c", {"session": "S", "colour": "red"}),
        ("d", {"args": ("S",)}),
        ("e", {}),
        ("f", {"session": "S", "colour": "red"}),
    ]


def test_broken_plugins_are_logged_and_do_not_stop_others(tmp_path, caplog):
    write(tmp_path / "one", "a", "raise ValueError('broken {x}')")
    write(tmp_path / "one", "b", "x = 1")
    write(tmp_path / "one", "c", "def register(session):\n    raise KeyError('refused')")
    write(tmp_path / "one", "d", "def (:")
    write(tmp_path / "two" / "deep", "e", "def register(session):\n    session.append(__name__)")
    seen = []
    with caplog.at_level(logging.WARNING):
        plugin.discover([str(tmp_path)], [seen])
    assert len(seen) == 1
    assert "broken {x}" in caplog.text
    assert 'no function "register"' in caplog.text
    assert "refused" in caplog.text
    assert len(caplog.records) == 4


def test_load_source(tmp_path):
    write(tmp_path, "a", "value = 5")
    module = plugin.load_source("some_name", str(tmp_path / "a.py"))
    assert (module.value, module.__name__) == (5, "some_name")
