"""Mirror one project of an ftrack server, with the set-up of its site, into another: for work offline and tests.

Everything goes through the API of both, with two sessions. It is safe to repeat: ids are kept, and a second run sends
the differences. Nothing is deleted in the target.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Set

from ftrack_review.exception import NotFoundError
from ftrack_review.mirror import plan
from ftrack_review.mirror.copier import Copier, Progress, Rows, ends_of
from ftrack_review.protocol import grammar

__all__ = ["find_project", "make_target", "mirror"]

_PEOPLE = ("BaseUser", "Collaborator", "Resource", "User")

# Ids of people whose reference is called otherwise: authors, owners, recipients.
_PERSON_KEYS = ("created_by_id", "resource_id", "user_id")


def mirror(
    source: Any,
    target: Any,
    project: str,
    *,
    anonymise: bool = False,
    with_media: bool = False,
    with_notes: bool = True,
    with_reviews: bool = True,
    progress: Progress = lambda _what, _done, _total: None,
) -> Dict[str, int]:
    """Copy the site's set-up and the *project*, by its name, from the session *source* to the session *target*.

    The set-up are statuses, types, object types, project schemas, custom attributes and locations. Of the project
    these are contexts, assignments, time logs, managers, links, assets, versions, lists, components and where they are,
    metadata, custom attributes and their links, and on request its notes with recipients and its review sessions with
    votes, drawings and settings. *with_media* also copies the files in the server's own location.

    With *anonymise* every name and text of the project and its people is replaced by one that is made from ids, and
    media by test pictures, which needs the extra ``media``. The set-up keeps its names.

    *progress* is called with what is being done, how much is done, and how much there is. Return the numbers
    of rows created, updated, unchanged and skipped, and of files.

    Raise :exc:`~ftrack_review.exception.NotFoundError` where there is no such project.

    .. versionadded:: 3.1.0
    """
    copier = Copier(source, target, anonymise=anonymise, progress=progress)
    parts = {"project", *(["notes"] if with_notes else []), *(["reviews"] if with_reviews else [])}
    project_id = find_project(source, project)
    steps, people = _read_project(copier, project_id, parts, with_media=with_media)
    site = {step.entity_type: copier.read(step) for step in plan.SITE}
    # Without its project, a custom attribute of another one would apply everywhere.
    site["CustomConfigurationBase"] = [
        row for row in site["CustomConfigurationBase"] if row.get("project_id") in (None, project_id)
    ]
    known = {
        row["id"]
        for rows in [*site.values(), people, *(rows for _, rows in steps)]
        for row in rows
        if "id" in row
    }

    plain = Copier(source, target, anonymise=False, progress=progress)
    for name, rows in site.items():
        plain.write(name, plain.compare(plain.prepare(rows, known)))
    copier.refresh_schema()
    copier.write("people", copier.compare(copier.prepare(people, known)))
    computed = _find_computed(site)
    written = [
        (step, copier.prepare([row for row in rows if row.get("configuration_id") not in computed], known))
        for step, rows in steps
    ]
    pending = [
        (step, rows, copier.compare(rows, is_dense=step.is_dense))
        for step, rows in written
        if step.entity_type != "ComponentLocation"
    ]
    if any(
        actions
        for step, _, actions in pending
        if step.part != "project" and step.entity_type != "ReviewSession"
    ):
        copier.reopen(
            [row for step, rows, _ in pending if step.entity_type == "ReviewSession" for row in rows]
        )
    for step, _, actions in pending:
        copier.write(step.entity_type, actions)
    files = 0
    by_type = _by_type(written)
    if with_media:
        from ftrack_review.mirror.courier import transfer

        files = transfer(
            copier,
            by_type.get("Component", []),
            by_type.get("ComponentLocation", []),
            by_type.get("Metadata", []),
            anonymise=anonymise,
        )
    # A place is told when the file is there.
    copier.write("ComponentLocation", copier.compare(by_type.get("ComponentLocation", [])))
    for _, rows in written:
        copier.finish(rows, known)
    counts = {name: count + plain.counts[name] for name, count in copier.counts.items()}
    return {**counts, "files": files}


def find_project(source: Any, name: str) -> str:
    """Return the id of the project whose name or full name is *name*. Raise NotFoundError where there is none.

    .. versionadded:: 3.1.0
    """
    quoted = grammar.quote(name)
    found = source.query(f"select id from Project where name is {quoted} or full_name is {quoted}").first()
    if found is None:
        raise NotFoundError(f"There is no project {name!r} on {source.server_url}.")
    return str(found["id"])


def make_target(folder: str, source: Any) -> str:
    """Return the address of the embedded server in *folder*, made after the schema of *source* if it is not there.

    .. versionadded:: 3.1.0
    """
    from ftrack_review.server.application import Server

    path = os.path.abspath(folder)
    if not os.path.exists(os.path.join(path, "ftrack.sqlite")):
        Server(data=path, document=source.schemas).close()
    text = path.replace(os.sep, "/")
    return f"embedded://{text}" if text.startswith("/") else f"embedded:///{text}"


def _read_project(copier: Copier, project_id: str, parts: Set[str], *, with_media: bool) -> Any:
    """Return the rows of the project by step, and those of its people."""
    ids: Dict[str, List[str]] = {"project": [project_id]}
    steps = []
    for step in plan.PROJECT:
        if step.part not in parts:
            continue
        wanted = [value for name in step.within for value in ids.get(name, [])]
        rows = _read_all(copier, step, wanted)
        if step.entity_type == "ComponentLocation" and not with_media:
            from ftrack_review import symbol

            rows = [row for row in rows if row["location_id"] != symbol.SERVER_LOCATION_ID]
        if step.entity_type in plan.ATTACHING:
            ids[step.entity_type] = [row["component_id"] for row in rows]
        taken = ids.setdefault(step.entity_type, [])
        seen = set(taken)
        rows = [row for row in rows if row.get("id") not in seen or "id" not in row]
        taken.extend(row["id"] for row in rows if "id" in row)
        steps.append((step, rows))
    # What notes carry comes after them in the search, and before their links in the copy.
    steps.sort(key=lambda entry: entry[0].entity_type in plan.ATTACHING)
    place = [step.entity_type for step, _ in steps]
    if "ComponentLocation" in place:
        steps.append(steps.pop(place.index("ComponentLocation")))
    people = {
        value
        for _, rows in steps
        for row in rows
        for name, value in row.items()
        if value and name in _person_keys(copier.source.schema, row["__entity_type__"])
    }
    return steps, copier.read(plan.PEOPLE, sorted(people))


def _read_all(copier: Copier, step: plan.Step, ids: List[str]) -> Rows:
    """Return the rows of *step*; those below them too, where rows of a type hold others of it."""
    rows: Rows = []
    seen: Set[str] = set(ids)
    is_nested = step.within == (step.entity_type,)
    while ids:
        found = copier.read(step, ids)
        rows.extend(found)
        ids = [row["id"] for row in found if "id" in row and row["id"] not in seen] if is_nested else []
        seen.update(ids)
    return rows


def _find_computed(site: Dict[str, Rows]) -> Set[str]:
    """Return the ids of the custom attributes whose values servers work out."""
    kinds = {row["id"] for row in site["CustomAttributeType"] if row["name"] == "expression"}
    return {row["id"] for row in site["CustomConfigurationBase"] if row.get("type_id") in kinds}


def _person_keys(schema: Any, entity_type: str) -> Set[str]:
    attributes = schema[entity_type].attributes
    found = {
        f"{name}_id"
        for name, attribute in attributes.items()
        if attribute.kind == "reference" and attribute.target in _PEOPLE
    }
    # Where it is not known what something refers to, it may be somebody.
    return found.union(_PERSON_KEYS, ends_of(schema, entity_type)).intersection(attributes)


def _by_type(steps: Any) -> Dict[str, Rows]:
    found: Dict[str, Rows] = {}
    for step, rows in steps:
        found.setdefault(step.entity_type, []).extend(rows)
    return found
