"""Data wrappers, symbols, operations, inspection, logging, errors and the formatter."""

import copy
import io
import json
import logging
import os
import pickle


def case_data_string(api, context):
    data = context.module("data").String("hello")
    first = data.read(2)
    data.seek(0)
    whole = data.read()
    data.write(b" you") if isinstance(whole, bytes) else data.write(" you")
    data.flush()
    position = data.tell()
    data.seek(0)
    found = [first, whole, position, data.read()]
    data.close()
    return [*found, context.attempt(data.read)]


def case_data_string_without_content(api, context):
    data = context.module("data").String()
    data.write("a")
    data.write("b")
    data.seek(1)
    return [data.read(), data.read(), data.tell()]


def case_data_string_types(api, context):
    string = context.module("data").String
    found = []
    for content in ("text", "ä", b"bytes", None):
        made = context.attempt(string, content)
        found.append(made if isinstance(made, dict) else [type(made.read()).__name__])
    return [found, context.attempt(string("x").write, "ä")]


def case_data_string_of_numbers(api, context):
    string = context.module("data").String
    return [context.attempt(string, 5), context.attempt(string("x").write, 5)]


def case_data_seek(api, context):
    data = context.module("data").String("0123456789")
    data.seek(-3, os.SEEK_END)
    found = [data.read(1), data.tell()]
    data.seek(1, os.SEEK_CUR)
    return [*found, data.read(), context.attempt(data.seek, -1)]


def case_data_file(api, context):
    file = context.module("data").File
    path = context.file("a.txt", b"hello")
    with open(path, "rb") as stream:
        wrapped = context.module("data").FileWrapper(stream)
        found = [wrapped.read(3), wrapped.tell()]
        wrapped.close()
    data = file(path)
    found += [data.read(), context.attempt(data.write, b"x")]
    data.close()
    writer = file(os.path.join(context.folder, "b.txt"), "wb")
    writer.write(b"new")
    writer.flush()
    writer.close()
    with open(os.path.join(context.folder, "b.txt"), "rb") as stream:
        return [*found, stream.read(), context.attempt(file, os.path.join(context.folder, "nothing"))]


def case_data_is_abstract(api, context):
    data = context.module("data")
    return [
        context.attempt(data.Data),
        isinstance(data.String(), data.Data),
        isinstance(data.FileWrapper(io.BytesIO()), data.Data),
    ]


def case_symbols(api, context):
    symbol = api.symbol
    return [
        bool(symbol.NOT_SET),
        bool(symbol.CREATED),
        str(symbol.NOT_SET),
        repr(symbol.MODIFIED),
        symbol.DELETED.name,
        copy.copy(symbol.NOT_SET) is symbol.NOT_SET,
        symbol.Symbol("NOT_SET", False) == symbol.NOT_SET,
        symbol.Symbol("A", 1) == symbol.Symbol("A", 1),
        bool(symbol.Symbol("A", 0)),
        bool(symbol.Symbol("A")),
    ]


def case_symbols_copied(api, context):
    symbol = api.symbol.NOT_SET
    return [
        copy.deepcopy(symbol) is symbol,
        pickle.loads(pickle.dumps(symbol)) is symbol,
        copy.deepcopy({"a": symbol})["a"] is symbol,
    ]


def case_symbol_constants(api, context):
    names = (
        "COMPONENT_ADDED_TO_LOCATION_TOPIC COMPONENT_REMOVED_FROM_LOCATION_TOPIC CONNECT_LOCATION_ID "
        "ORIGIN_LOCATION_ID REVIEW_LOCATION_ID SERVER_LOCATION_ID UNMANAGED_LOCATION_ID CHUNK_SIZE"
    )
    return [{name: getattr(api.symbol, name) for name in names.split()}, api.symbol.JOB_SYNC_USERS_LDAP.name]


def case_location_constants(api, session, context):
    symbol = api.symbol
    return [
        session.get("Location", getattr(symbol, f"{name}_LOCATION_ID"))["name"]
        for name in ("ORIGIN", "UNMANAGED", "REVIEW", "SERVER")
    ]


def case_operations(api, context):
    operation = api.operation
    operations = operation.Operations()
    create = operation.CreateEntityOperation("Note", {"id": "1"}, {"id": "1", "content": "a"})
    update = operation.UpdateEntityOperation("Note", {"id": "1"}, "content", "a", "b")
    delete = operation.DeleteEntityOperation("Note", {"id": "1"})
    for item in (create, update, delete):
        operations.push(item)
    found = [
        len(operations),
        [type(item).__name__ for item in operations],
        [create.entity_type, create.entity_key, create.entity_data],
        [update.attribute_name, update.old_value, update.new_value],
        [delete.entity_type, delete.entity_key],
        operations.pop() is delete,
        len(operations),
        isinstance(create, operation.Operation),
    ]
    operations.clear()
    return [*found, len(operations), context.attempt(operations.pop)]


def case_recorded_operations(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    shot["description"] = "x"
    session.delete(shot)
    return [
        [type(item).__name__, item.entity_type, getattr(item, "attribute_name", None)]
        for item in session.recorded_operations
    ]


def case_recorded_update(api, session, context):
    project = context.project(session)
    project["full_name"] = "x"
    project["full_name"] = "y"
    return [[item.old_value, item.new_value] for item in session.recorded_operations]


def case_inspection_identity(api, session, context):
    inspection = api.inspection
    state = session.query("State").first()
    project = context.project(session, metadata={"a": "1"})
    metadata = session.query('Metadata where parent_id is "{}"'.format(project["id"])).one()
    return [
        inspection.identity(state),
        inspection.primary_key(state),
        inspection.identity(metadata),
        list(inspection.primary_key(metadata).items()),
        context.attempt(inspection.identity, 1),
        context.attempt(inspection.primary_key, None),
    ]


def case_inspection_missing_key(api, context):
    with context.new_session() as other, other.operation_recording(False):
        state = other.query("State").first()
        del state
        return api.inspection.primary_key(other.create("Metadata", {"key": "a", "value": "b"}))


def case_inspection_state(api, session, context):
    inspection, project = api.inspection, context.project(session)
    seen = [inspection.state(project)]
    project["full_name"] = "x"
    seen.append(inspection.state(project))
    session.commit()
    seen.append(inspection.state(project))
    shot = session.create("Shot", {"name": "s", "parent": project})
    seen.append(inspection.state(shot))
    shot["description"] = "y"
    seen.append(inspection.state(shot))
    session.commit()
    session.delete(shot)
    seen.append(inspection.state(shot))
    session.commit()
    seen.append(inspection.state(shot))
    return seen


def case_inspection_states(api, session, context):
    project = context.project(session)
    shots = [session.create("Shot", {"name": f"s{i}", "parent": project}) for i in range(3)]
    session.commit()
    shots[0]["name"] = "other"
    session.delete(shots[1])
    new = session.create("Shot", {"name": "new", "parent": project})
    return api.inspection.states([*shots, new, project])


def case_inspection_states_of_nothing(api, context):
    return list(api.inspection.states([]))


def case_logging(api, context):
    module = context.module("logging")
    stream = io.StringIO()
    logger = logging.getLogger("differential.words")
    logger.addHandler(logging.StreamHandler(stream))
    logger.warning(module.LazyLogMessage("{0} and {name}", "one", name="two"))
    return [stream.getvalue(), str(module.LazyLogMessage("plain"))]


def case_deprecation_warning(api, context):
    import warnings

    @context.module("logging").deprecation_warning("Use something else.")
    def old(value):
        return value * 2

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = old(2)
    return [result, old.__name__, [(w.category.__name__, str(w.message)) for w in caught]]


def case_errors_printed(api, context):
    error = api.exception.Error
    plain = (
        error("message"),
        error("with {name}", details={"name": 5}),
        error(message="m", details={"a": 1}),
    )
    return [[str(item), item.message, item.details.get("name"), item.default_message != ""] for item in plain]


def case_error_details_of_text(api, context):
    return str(api.exception.Error("with {name}", details={"name": "x"}))


def case_error_with_braces(api, context):
    return [context.attempt(str, api.exception.ServerError("a {dictionary: 1}", details={"x": 1}))]


def case_errors_printed_with_arguments(api, context):
    exception = api.exception
    made = (
        exception.UnrecognisedEntityTypeError("Nothing"),
        exception.AccessorOperationFailedError(operation="open", resource_identifier="a/b", error="why"),
        exception.AccessorUnsupportedOperationError(operation="get_url"),
        exception.AccessorResourceNotFoundError(resource_identifier="a/b"),
        exception.AccessorResourceInvalidError(resource_identifier="a/b"),
        exception.AccessorContainerNotEmptyError(resource_identifier="a/b"),
        exception.AccessorParentResourceNotFoundError(resource_identifier="a/b"),
        exception.AccessorPermissionDeniedError(operation="remove", resource_identifier="a/b"),
        exception.AccessorFilesystemPathError("a/b"),
        exception.AccessorResourceIdentifierError("a/b"),
        exception.AccessorResourceError(resource_identifier="a/b"),
        exception.AccessorError(),
        exception.InvalidStateError(),
        exception.ConnectionClosedError(),
        exception.EventHubConnectionError(),
        exception.EventHubPacketError(),
        exception.MultipleResultsFoundError(),
        exception.NoResultFoundError(),
        exception.ParseError(),
        exception.PermissionDeniedError(),
        exception.ServerError(),
        exception.ServerCompatibilityError("old"),
        exception.StructureError("why"),
        exception.LocationError(),
        exception.OperationError(),
        exception.NotUniqueError(),
        exception.NotFoundError("x"),
        exception.AuthenticationError(),
        exception.ComponentNotInAnyLocationError(),
    )
    words = ("Nothing", "open", "why", "get_url", "a/b", "remove", "old", "x")
    # The sentences are ours, what they are about is the same.
    return [
        [error_classes(item), [word for word in words if word in str(item.details)], str(item) != ""]
        for item in made
    ]


def error_classes(error):
    """The public ancestors that scripts catch."""
    return [
        c.__name__ for c in type(error).__mro__ if c.__module__.endswith("exception") and c.__name__[0] != "_"
    ]


def case_errors_about_entities(api, session, context):
    exception, project = api.exception, context.project(session)
    location = session.query('Location where name is "ftrack.origin"').one()
    state = exception.InvalidStateTransitionError(api.symbol.CREATED, api.symbol.DELETED, project)
    found = []
    for kind in (exception.ComponentInLocationError, exception.ComponentNotInLocationError):
        error = kind([project], location)
        found.append(
            [
                error_classes(error),
                context.name in str(error) or "Project" in str(error),
                "ftrack.origin" in str(error),
            ]
        )
    duplicate = exception.DuplicateItemInCollectionError("item", [1, 2])
    return [
        *found,
        "CREATED" in str(state) and "DELETED" in str(state),
        "item" in str(duplicate),
        str(exception.CollectionError([1], message="x {collection}")),
        "[1]" in str(exception.ImmutableCollectionError([1])),
        "'id'" in str(exception.ImmutableAttributeError(session.types["User"].attributes.get("id"))),
    ]


def case_errors_are_pickled(api, context):
    error = api.exception.ServerError("text", details={"a": 1})
    copied = context.attempt(lambda: pickle.loads(pickle.dumps(error)))
    return [type(copied).__name__ if isinstance(copied, Exception) else copied]


def case_error_traceback(api, context):
    try:
        raise api.exception.Error("m")
    except api.exception.Error as error:
        return [hasattr(error, "traceback"), error.args]


def formatted(text):
    return text.splitlines()


def case_format(api, session, context):
    formatter = context.module("formatter")
    state = session.query('select name, short from State where short is "DONE"').one()
    lines = formatted(
        formatter.format(
            state, formatters={"header": str, "label": str}, attribute_filter=formatter.FILTER["ignore_unset"]
        )
    )
    return [
        len(lines) > 3,
        lines[0].split("(")[0],
        [line for line in lines if "short" in line or "name" in line],
    ]


def case_format_custom(api, session, context):
    formatter = context.module("formatter")
    state = session.query('select name from State where short is "DONE"').one()
    return formatted(
        formatter.format(
            state,
            formatters={"header": lambda text: "H" + text[:5], "label": lambda text: "L" + text},
            attribute_filter=lambda entity, name, value: name in ("name", "short"),
            indent=4,
        )
    )


def case_format_indent_first_line(api, session, context):
    formatter = context.module("formatter")
    state = session.query('select name from State where short is "DONE"').one()
    return formatted(
        formatter.format(
            state,
            formatters={"header": str.upper, "label": str.upper},
            attribute_filter=lambda entity, name, value: name == "name",
            indent=4,
            indent_first_line=False,
        )
    )[-1:]


def case_format_default_colours(api, session, context):
    formatter = context.module("formatter")
    state = session.query('select name from State where short is "DONE"').one()
    text = formatter.format(state, attribute_filter=lambda entity, name, value: name == "name")
    return ["State" in text, "name" in text, "Done" in text]


def case_format_recursive(api, session, context):
    formatter = context.module("formatter")
    project = context.project(session, metadata={"k": "v"})
    session.create("Shot", {"name": "sh", "parent": project})
    session.commit()
    wanted = {"name", "children", "parent", "object_type"}
    options = {
        "formatters": {"header": lambda text: text.split("(")[0], "label": str},
        "attribute_filter": lambda entity, name, value: name in wanted,
    }
    return [
        sorted(formatted(formatter.format(project, recursive=True, **options))),
        [
            line
            for line in sorted(formatted(formatter.format(project, recursive=False, **options)))
            if "children" not in line
        ],
    ]


def case_format_metadata(api, session, context):
    project = context.project(session, metadata={"k": "v"})
    text = context.module("formatter").format(
        project,
        formatters={"header": str, "label": str},
        attribute_filter=lambda entity, name, value: name == "metadata",
    )
    return "'k': 'v'" in text


def case_format_ignore_unset(api, session, context):
    formatter = context.module("formatter")
    with session.auto_populating(False):
        project = session.create("Project", {"name": context.name})
        text = formatter.format(
            project,
            formatters={"header": str, "label": str},
            attribute_filter=formatter.FILTER["ignore_unset"],
        )
        session.rollback()
    return ["NOT_SET" in text, context.name in text]


def case_format_is_no_entity(api, context):
    return [context.attempt(context.module("formatter").format, 1)]


def case_session_authentication(api, context):
    made = api.session.SessionAuthentication("key", "user")

    class Request:
        headers = {}

    return sorted(made(Request()).headers.items())


def case_operation_payload(api, session, context):
    payload = api.session.OperationPayload({"a": 1}, b=2)
    payload["c"] = 3
    del payload["a"]
    return [
        dict(payload),
        len(payload),
        list(payload),
        json.loads(session.encode(payload)),
        context.attempt(lambda: payload["x"]),
    ]
