"""Sending what a session has recorded, one commit after another, and its undoing.

A commit takes the operations that are there, collapses and encodes them, sends them as one request and applies
the answer to the entities in it. Nothing changes before the server has answered, so that a failed commit
leaves every operation in place. What other threads record meanwhile waits for the next commit.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

import ftrack_review.exception as exception
from ftrack_review import _loading
from ftrack_review._recorded_operations import identity_of
from ftrack_review.collection import Collection, MappedCollectionProxy
from ftrack_review.operation import CreateEntityOperation, DeleteEntityOperation, UpdateEntityOperation
from ftrack_review.protocol import action, batch, grammar
from ftrack_review.symbol import NOT_SET

if TYPE_CHECKING:
    from ftrack_review._identity import Key
    from ftrack_review._recorded_operations import Identity
    from ftrack_review.entity.base import Entity
    from ftrack_review.operation import Operation
    from ftrack_review.session import Session

__all__ = ["UnitOfWork"]

# Type and key of an entity, and the names of the attributes that were set, None where it was deleted.
_Sent = Tuple[str, "Key", Optional[Mapping[str, Any]]]

# Actions whose results hold what became of an entity.
_WITH_DATA = ("create", "update")


def _is_same(recorded: Any, operation: Any) -> bool:
    """Return whether *recorded* is *operation*, or what was made of it since, when it was a tuple."""
    if recorded is operation:
        return True
    return (
        type(operation) is tuple
        and isinstance(recorded, UpdateEntityOperation)
        and identity_of(recorded) == identity_of(operation)
        and recorded.attribute_name == operation[3]
        and recorded.new_value == operation[5]
    )


def _attributes_set_by(operations: Iterable[Any]) -> Dict[Identity, Optional[Mapping[str, Any]]]:
    """Return the names of the attributes that *operations* set, by identity; None for what is deleted at last."""
    names: Dict[Identity, Any] = {}
    for operation in operations:
        identity = identity_of(operation)
        name = operation[3] if type(operation) is tuple else getattr(operation, "attribute_name", None)
        if name is not None:
            known = names.setdefault(identity, {})
            if known is not None:
                known[name] = None
        elif isinstance(operation, CreateEntityOperation):
            names[identity] = dict.fromkeys(operation.entity_data)
        else:
            names[identity] = None
    return names


def _sent_in(actions: List[Dict[str, Any]]) -> List[_Sent]:
    """Return what the *actions* of a plain batch, one for each entity, set."""
    return [
        # What make_key does, without the call.
        (each["entity_type"], key[0] if len(key) == 1 else tuple(key), each["entity_data"])
        for each in actions
        for key in (each["entity_key"],)
    ]


class UnitOfWork:
    """The sending and undoing of the local changes of one session."""

    def __init__(self, session: Session) -> None:
        """Initialise for *session*."""
        self.session = session
        self._mutex = threading.RLock()
        # The operations and actions of the latest commit, if its answer was lost.
        self._doubt: Optional[Tuple[List[Any], List[Dict[str, Any]]]] = None

    def commit(self) -> None:
        """Send the operations that are recorded now, in one request, and apply what the server answers.

        Commits of several threads follow one another. Where the answer to the commit before was lost, find out
        first whether the server has done it.
        """
        from ftrack_review import _encoding

        session = self.session
        with self._mutex:
            if self._doubt is not None:
                self._resolve_doubt(*self._doubt)
            with session._lock:
                recorded = session.recorded_operations
                operations = recorded.first(len(recorded))
                if not operations:
                    return
                plain = batch.collapse_plain(operations)
                actions = batch.collapse_any(operations) if plain is None else plain
                body = _encoding.encode_actions(actions) if actions else ""
            try:
                results = session._call_text(body, actions) if actions else []
            except (exception.ServerConnectionError, exception.ServerResponseError):
                self._doubt = (operations, actions)
                raise
            with session._lock:
                self._apply(operations, results, None if plain is None else _sent_in(plain))
                session._forget_ahead(actions)

    def _resolve_doubt(self, operations: List[Any], actions: List[Dict[str, Any]]) -> None:
        """Apply *operations*, sent as *actions* without an answer, if the server has done them.

        A batch is one transaction and makes its keys itself, so that it was done if what it created is there. Where
        that does not tell, it can be sent again without harm, but for changes of what is gone.
        """
        session = self.session
        with session._lock:
            recorded = session.recorded_operations.first(len(operations))
        if len(recorded) == len(operations) and all(map(_is_same, recorded, operations)):
            is_done, gone = _find_out(session, actions)
            with session._lock:
                if is_done:
                    self._apply(operations, [])
                    session._forget_ahead(actions)
                elif gone:
                    self._drop_changes(len(operations), gone)
        self._doubt = None

    def _drop_changes(self, count: int, gone: Set[Any]) -> None:
        """Forget what the oldest *count* operations do with what is *gone*: its deletion is left."""
        recorded = self.session.recorded_operations
        left: List[Any] = []
        for operation in itertools.islice(recorded, count):
            remaining = _without(operation, gone)
            if remaining is not None:
                left.append(remaining)
            elif isinstance(operation, CreateEntityOperation):
                self.session._identities.remove(*identity_of(operation))
        recorded.put_first(count, left)

    def rollback(self) -> None:
        """Forget all operations and local values. New entities are forgotten altogether."""
        session = self.session
        with session._lock:
            operations = session.recorded_operations
            for entity_type, key in _new_identities(operations):
                entity = session._identities.remove(entity_type, key)
                if entity is not None:
                    session._forget_elsewhere(entity)
            operations.clear()
            for entity in list(session._identities.changed.values()):
                self.discard(entity, list(entity._remote or ()))
            session._identities.changed.clear()

    def forget_creation(self, entity: Entity) -> None:
        """Forget what was recorded of *entity*, whose construction failed halfway, and of its metadata."""
        session = self.session
        key = entity._key()
        identity = (entity.entity_type, key)
        with session._lock:
            session.recorded_operations.keep(
                lambda operation: (
                    identity_of(operation) != identity
                    and not (
                        operation.entity_type == "Metadata" and operation.entity_key.get("parent_id") == key
                    )
                )
            )
            session._identities.changed.pop(id(entity), None)
            for metadata in list(session._identities.of_type("Metadata").values()):
                if metadata["parent_id"] == key:
                    session._identities.remove("Metadata", metadata._key())

    def discard(self, entity: Entity, names: Iterable[str]) -> None:
        """Put the remote values of the attributes *names* of *entity* in the place of the local ones."""
        remote, values = entity._remote, entity._values
        if remote is None:
            return
        for name in names:
            old = remote.pop(name, None)
            held = values.get(name)
            if isinstance(held, (Collection, MappedCollectionProxy)):
                if old is NOT_SET:
                    values.pop(name)
                else:
                    held._refill(getattr(old, "collection", old) or ())
            elif old is NOT_SET:
                values.pop(name, None)
            else:
                values[name] = old
        if not remote:
            entity._remote = None
            self.session._identities.changed.pop(id(entity), None)

    # --- Applying an answer. ---

    def _apply(
        self,
        operations: List[Any],
        results: List[Any],
        sent: Optional[List[_Sent]] = None,
    ) -> None:
        """Apply the *results* of a commit of *operations*, which are forgotten. *sent* is what they set."""
        session = self.session
        recorded = session.recorded_operations
        recorded.drop_first(len(operations))
        # What was recorded while the request was on its way.
        kept = _attributes_set_by(recorded.first(len(recorded)))
        made_anew: Set[Identity] = set()
        if sent is None:
            sent = [(*identity, names) for identity, names in _attributes_set_by(operations).items()]
            made_anew = {identity_of(each) for each in operations if isinstance(each, DeleteEntityOperation)}
        identities = session._identities
        known: Dict[Key, Entity] = {}
        known_type = None
        for entity_type, key, names in sent:
            if entity_type != known_type:
                known, known_type = identities.of_type(entity_type), entity_type
            entity = known.get(key)
            if entity is None:
                entity = identities.find(entity_type, key)
                if entity is None:
                    continue
            if names is not None:
                if made_anew and (entity_type, key) in made_anew:
                    names = {**names, **dict.fromkeys(entity._remote or ())}  # noqa: PLW2901
                self._settle(entity, names, kept.get((entity_type, key)) if kept else None)
                continue
            identities.remove(entity_type, key)
            session._forget_elsewhere(entity)
            entity._remote = None
            entity._origin = None
            entity._is_gone = True
        if made_anew:
            session._deletions += 1
        self._load_results(results)
        if session._custom_attribute_configurations is not None and any(
            entity_type == "CustomAttributeConfiguration" for entity_type, _, _ in sent
        ):
            session._custom_attribute_configurations = None
        if session._further_cache is not None:
            found = [
                identities.find(entity_type, key) for entity_type, key, names in sent if names is not None
            ]
            session._store_elsewhere(entity for entity in found if entity is not None)

    def _settle(self, entity: Entity, names: Mapping[str, Any], kept: Optional[Mapping[str, Any]]) -> None:
        """End the local state of the attributes *names* of *entity*, whose values the server has now.

        A plain value goes, as the answer brings what the server made of it, or the next reading does. Those
        in *kept* were set again meanwhile.
        """
        values = entity._values
        facts = entity.attributes._facts or entity._facts()
        if not facts.computed.isdisjoint(values):
            for name in facts.computed:
                if name in values and (entity._remote is None or name not in entity._remote):
                    del values[name]
        left: Dict[str, Any] = {}
        settled: List[str] = []
        for name, old in (entity._remote or {}).items():
            if name not in names:
                left[name] = old
            elif kept is not None and name in kept:
                left[name] = NOT_SET
            elif name in facts.passing:
                # Most are: a plain value that no other attribute shows.
                values.pop(name, None)
            else:
                settled.append(name)
        for name in settled:
            self._settle_related(entity, name, names, left)
        if left:
            entity._remote = left
        else:
            entity._remote = None
            self.session._identities.changed.pop(id(entity), None)

    def _settle_related(
        self, entity: Entity, name: str, names: Mapping[str, Any], left: Mapping[str, Any]
    ) -> None:
        """End the local state of a key, a collection, or one of the two names of a column.

        Those in *left* stay local.
        """
        values = entity._values
        facts = entity._facts()
        if name not in facts.staying or (
            name not in facts.key_names
            and not isinstance(values.get(name), (Collection, MappedCollectionProxy))
        ):
            values.pop(name, None)
        companion = facts.companions.get(name)
        if companion in values and not (
            companion in names or companion in left or companion in facts.key_names
        ):
            # status and status_id are one column: what was known of the other is out of date.
            del values[companion]

    def _load_results(self, results: List[Any]) -> None:
        records = [
            data
            for result in results
            if isinstance(result, dict)
            and result.get("action") in _WITH_DATA
            and isinstance(data := result.get("data"), dict)
            and "__entity_type__" in data
        ]
        if records:
            _loading.load(self.session, records, gather=False)


def _find_out(session: Session, actions: List[Dict[str, Any]]) -> Tuple[bool, Set[Any]]:
    """Return whether the server has done *actions* and, where that does not show, what of theirs is gone.

    They are done if all that they create is there, but for what may have gone again with what they delete. If
    that is all there was, and none of it is there, the rest does no harm when it is sent again.
    """
    created = {(a["entity_type"], tuple(a["entity_key"])) for a in actions if a["action"] == "create"}
    deleted = {
        (a["entity_type"], tuple(a["entity_key"])) for a in actions if a["action"] == "delete"
    } - created
    there = _find_present(session, created | deleted)
    may_be_gone = _may_be_gone(actions)
    missing = [key for _, key in created - there if batch._token_of(list(key)) not in may_be_gone]
    if missing or created & there:
        return not missing, set()
    if not deleted or deleted & there:
        return False, set()
    updated = {(a["entity_type"], tuple(a["entity_key"])) for a in actions if a["action"] == "update"}
    lost = updated - _find_present(session, updated)
    return False, may_be_gone | {batch._token_of(list(key)) for _, key in lost}


def _find_present(session: Session, identities: Set[Any]) -> Set[Any]:
    """Return those of *identities*, with keys as tuples, that the server holds."""
    from ftrack_review._population import CHUNK, criteria_for
    from ftrack_review.protocol.tree import Statement

    if not identities:
        return set()
    names = {name: session.types[name].primary_key_attributes for name, _ in identities}
    keys: Dict[str, List[Dict[str, Any]]] = {}
    for entity_type, key in sorted(identities):
        keys.setdefault(entity_type, []).append(dict(zip(names[entity_type], key)))
    asked, queries = [], []
    for entity_type, wanted in keys.items():
        for start in range(0, len(wanted), CHUNK):
            criteria = criteria_for(wanted[start : start + CHUNK])
            statement = grammar.with_projections(
                Statement(entity_type, criteria=criteria), names[entity_type]
            )
            asked.append(entity_type)
            queries.append(action.query(grammar.format(statement)))
    return {
        (entity_type, tuple(record[name] for name in names[entity_type]))
        for entity_type, result in zip(asked, session._call_raw(queries))
        for record in result["data"]
    }


def _may_be_gone(actions: List[Dict[str, Any]]) -> Set[Any]:
    """Return the tokens of what *actions* delete, and of what they create and that may go with it."""
    gone = {batch._token_of(each["entity_key"]) for each in actions if each["action"] == "delete"}
    created = {batch._token_of(each["entity_key"]) for each in actions if each["action"] == "create"}
    size = -1
    while gone and size != len(gone):
        size = len(gone)
        for each in actions:
            if each["action"] == "delete":
                continue
            token = batch._token_of(each["entity_key"])
            mentioned = [token for value in each["entity_data"].values() for token in batch._tokens(value)]
            if token in gone:
                # Notes and versions that were put in its collections.
                if each["action"] == "update":
                    gone.update(created.intersection(mentioned))
            elif each["action"] == "create" and not gone.isdisjoint([*each["entity_key"], *mentioned]):
                gone.add(token)
    return gone


def _without(operation: Any, gone: Set[Any]) -> Any:
    """Return *operation* with nothing to do with what is *gone*, by token; None where nothing is left of it.

    A deletion stays: of what is gone already it does no harm.
    """
    if isinstance(operation, DeleteEntityOperation):
        return operation
    if batch._token_of(list(operation.entity_key.values())) in gone:
        return None
    if not isinstance(operation, UpdateEntityOperation):
        return operation
    value = operation.new_value
    if gone.isdisjoint(batch._tokens(value)):
        return operation
    if not batch._is_collection(value):
        return None
    members = getattr(value, "collection", value)
    items = [item for item in members if gone.isdisjoint(batch._tokens(item))]
    return UpdateEntityOperation(
        operation.entity_type, operation.entity_key, operation.attribute_name, operation.old_value, items
    )


def _new_identities(operations: Iterable[Operation]) -> List[Identity]:
    """Return what the server does not know: that of which the first operation is its creation.

    What was deleted first and then made again, such as a key of metadata, is on the server.
    """
    first: Dict[Identity, bool] = {}
    for operation in operations:
        first.setdefault(identity_of(operation), isinstance(operation, CreateEntityOperation))
    return [identity for identity, is_created in first.items() if is_created]
