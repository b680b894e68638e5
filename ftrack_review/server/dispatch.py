"""Carry out the actions of one request, all or none.

Every request is one transaction: a writing one if any action may write, a reading one else. The actions run
in order, each sees what the ones before it did, and the first that fails undoes them all. What a handler puts
into ``after_commit`` (mail, jobs) happens only once the transaction was committed.

The handlers of each action are in the table below, by dotted names, so that nothing is loaded before it is
used. Called by ``application``.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple

from ftrack_review.exception import DatabaseValueError
from ftrack_review.server import ending, writing
from ftrack_review.server.context import CallerLike, Options, RequestContext, ServerContext, utc_now
from ftrack_review.server.errors import UNAVAILABLE, ServerFault, describe, unavailable, validation_error

__all__ = ["dispatch", "invalid_action", "look"]

Action = Mapping[str, Any]
_Outcome = Tuple[List[Any], RequestContext]

# What only reads. Everything else gets the one transaction that may write.
_READS: Dict[str, str] = {
    "query": "reading:handle_query",
    "search": "searching:handle_search",
    "query_schemas": "reading:handle_query_schemas",
    "query_server_information": "information:handle_query_server_information",
    "permissions": "information:handle_nothing",
    "compute_rollups": "information:handle_nothing",
    "get_upload_metadata": "transfer:handle_get_upload_metadata",
    "complete_multipart_upload": "transfer:handle_complete_multipart_upload",
    "get_widget_url": "pages:handle_get_widget_url",
    "generate_signed_url": "transfer:handle_generate_signed_url",
}
_WRITES: Dict[str, str] = {
    "reset_remote": "information:handle_reset_remote",
    "delayed_job": "delayed:handle_delayed_job",
    "encode_media": "jobs:handle_encode_media",
    "send_user_invite": "mail:handle_send_user_invite",
    "send_review_session_invite": "mail:handle_send_review_session_invite",
}
_PLAIN = Options()
# No action has a longer name, and an error is to be read.
_LONGEST_NAME = 100
_OWN = frozenset({"create", "update", "delete"})

# The official client formats what it is told.
_WITHOUT_BRACES = str.maketrans("{}", "()")


def dispatch(
    server: ServerContext, actions: Sequence[Any], caller: CallerLike, options: Options = _PLAIN
) -> List[Any]:
    """Carry out *actions* as *caller* and return their results, in the same order.

    Raise :exc:`~ftrack_review.server.errors.ServerFault` for the first that fails; nothing of the batch has
    happened then.
    """
    checked = [_check(action) for action in actions]
    if not checked:
        return []
    is_writing = any(action["action"] in _OWN or action["action"] in _WRITES for action in checked)
    try:
        carry_out = _write if is_writing else _read
        results, context = carry_out(server, checked, caller, options)
    except UNAVAILABLE as error:
        raise unavailable(error) from error
    except DatabaseValueError as error:
        raise validation_error(str(error).translate(_WITHOUT_BRACES)) from error
    committed = getattr(server, "committed", None)
    if is_writing and committed is not None:
        committed(context.changes)
    for call in context.after_commit:
        call()
    return results


@contextlib.contextmanager
def look(server: ServerContext, caller: CallerLike) -> Iterator[RequestContext]:
    """Give what rules need to look something up outside a request; nothing can be written."""
    with server.store.read() as connection:
        yield _make_context(server, connection, caller, _PLAIN)


def invalid_action(name: Any) -> ServerFault:
    """Return the fault for an action that there is not. Clients look for exactly this text, the u included."""
    return ServerFault("ValidationError", f"Invalid action u'{str(name)[:_LONGEST_NAME]}'", 422)


def _read(server: ServerContext, actions: List[Action], caller: CallerLike, options: Options) -> _Outcome:
    with server.store.read() as connection:
        context = _make_context(server, connection, caller, options)
        return list(_perform_all(context, actions)), context


def _write(server: ServerContext, actions: List[Action], caller: CallerLike, options: Options) -> _Outcome:
    with server.store.write() as connection:
        before = server.store.catalogue
        try:
            context = _make_context(server, connection, caller, options)
            results = list(_perform_all(context, actions))
            ending.finish(context)
            announce = getattr(server, "announce", None)
            if announce is not None:
                announce(context)
            if context.catalogue is not before:
                connection.change_catalogue()
            # Before the commit, so that whoever writes next finds the types that it will see.
            server.store.catalogue = context.catalogue
        except BaseException:
            server.store.catalogue = before
            raise
    return results, context


def _make_context(
    server: ServerContext, connection: Any, caller: CallerLike, options: Options
) -> RequestContext:
    return RequestContext(
        server=server,
        catalogue=server.store.catalogue,
        connection=connection,
        caller=caller,
        options=options,
        now=utc_now(),
        answer=_resolve("reading:make_answer")(options.denormalize),
        _perform=_perform_one,
    )


def _check(action: Any) -> Action:
    if not isinstance(action, dict):
        raise validation_error(f"An action must be an object with a name, not {describe(action)}", "action")
    name = action.get("action")
    if not isinstance(name, str) or not (name in _OWN or name in _READS or name in _WRITES):
        raise invalid_action(name)
    return action


def _perform_all(context: RequestContext, actions: List[Action]) -> Iterator[Any]:
    """Carry out *actions* in order and give their results.

    Neighbouring writes are looked ahead at, and neighbouring deletions done at once.
    """
    position = 0
    ahead = 0
    while position < len(actions):
        action = actions[position]
        if action["action"] in _OWN and position >= ahead:
            ahead = _end_of(actions, position, _OWN)
            writing.prefetch(context, actions[position:ahead])
        if action["action"] == "delete":
            end = _end_of(actions, position, ("delete",))
            writing.delete(context, [_target(action) for action in actions[position:end]])
            for _ in range(position, end):
                yield {"action": "delete", "data": True}
            position = end
        else:
            yield _perform_one(context, action)
            position += 1


def _end_of(actions: List[Action], start: int, names: Any) -> int:
    end = start
    while end < len(actions) and actions[end]["action"] in names:
        end += 1
    return end


def _perform_one(context: RequestContext, action: Action) -> Any:
    """Carry out one action and return its result."""
    name = action["action"]
    if name == "create":
        data, key = _data(action), action.get("entity_key")
        entity_type = action.get("entity_type") or data.get("__entity_type__")
        keys = [key] if isinstance(key, str) else key
        return {"action": name, "data": writing.create(context, entity_type, data, keys)}
    if name == "update":
        entity_type, key = _target(action)
        return {"action": name, "data": writing.update(context, entity_type, key, _data(action))}
    if name == "delete":
        writing.delete(context, [_target(action)])
        return {"action": name, "data": True}
    context.flush()
    return _resolve(_READS.get(name) or _WRITES[name])(context, action)


def _target(action: Action) -> Tuple[Any, Any]:
    key = action.get("entity_key")
    if key is None:
        raise validation_error(f"{action['action']} needs an entity_key", "entity_key")
    return action.get("entity_type"), key


def _data(action: Action) -> Mapping[str, Any]:
    data = action.get("entity_data")
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise validation_error(f"entity_data must be an object, not {describe(data)}", "entity_data")
    return data


@functools.lru_cache(maxsize=64)
def _resolve(dotted: str) -> Callable[..., Any]:
    module, _, name = dotted.partition(":")
    handler: Callable[..., Any] = getattr(importlib.import_module(f"ftrack_review.server.{module}"), name)
    return handler
