"""What may be written to an entity type, worked out once from the catalogue.

A :class:`Form` knows for every attribute how its value is checked, converted and stored. :meth:`Form.read`
turns the data of a create or update into column values, collections to set and the answer to give. It asks no
database: whether what a reference points to exists is checked when the request ends.

Called by ``writing`` and the checks at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Sequence, Tuple

from ftrack_review.protocol.schema import nearest
from ftrack_review.server.errors import ServerFault, describe, unknown_name, validation_error
from ftrack_review.server.values import Converter, converter_of, is_key
from ftrack_review.symbol import NOT_SET

__all__ = ["Field", "Form", "Incoming", "Link", "entity_named", "form_of", "kept_with"]

_EXTRA = "__entity_type__"


@dataclass(frozen=True)
class Field:
    """A stored scalar: its *column* and how to *convert* a value. *label* names it in errors."""

    name: str
    label: str
    column: str
    convert: Converter
    immutable: bool
    keeps_form: bool  # The answer repeats the value as it was sent: times and JSON.
    default: Any  # What a null becomes; None where null is fine or the server fills it.


@dataclass(frozen=True)
class Link:
    """A reference to one entity. *parts* pairs the own columns with the attributes of the *target*'s key."""

    name: str
    label: str
    target: Any
    covers: Any
    parts: Tuple[Tuple[str, str], ...]
    names: FrozenSet[str]  # What a reference may call the type of the entity.
    immutable: bool


@dataclass
class Incoming:
    """What a caller sent, ready to be stored.

    *values* are by column name, *labels* tells for each column the attribute it came by, *sets* are the
    collections to set, with the references as sent, and *answer* what goes back.
    """

    values: Dict[str, Any] = field(default_factory=dict)
    labels: Dict[str, str] = field(default_factory=dict)
    sets: List[Tuple[Any, List[Any]]] = field(default_factory=list)
    answer: Dict[str, Any] = field(default_factory=dict)
    derived: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """How to write entities of one type."""

    entity: Any
    fields: Mapping[str, Field]
    links: Mapping[str, Link]
    sets: Mapping[str, Any]
    derived: FrozenSet[str]
    foreign: Mapping[str, Any]  # Column name to the entity type whose key it holds.
    required: Tuple[Tuple[str, str], ...]  # Column and attribute name.
    immutable: FrozenSet[str]  # Column names.
    initial: Mapping[str, Any]  # Column name to the value that tells the type apart.
    defaults: Mapping[str, Any]  # Column name to the stored default.
    key_columns: Tuple[str, ...]
    lineage: Tuple[str, ...]  # The type and what it derives from, nearest first.

    def read(self, data: Mapping[str, Any]) -> Incoming:
        """Return *data* ready to be stored. Raise the fault for what is unknown or of the wrong type."""
        incoming = Incoming()
        for name, value in data.items():
            known = self.fields.get(name)
            if known is not None:
                self._read_field(known, value, incoming)
            elif name in self.links:
                self._read_link(self.links[name], value, incoming)
            elif name in self.sets:
                references = _read_references(f"{self.entity.name}.{name}", value)
                incoming.sets.append((self.sets[name], references))
                incoming.answer[name] = references
            elif name in self.derived:
                if value is not None:
                    incoming.derived[name] = value
            elif name != _EXTRA:
                raise self._unknown(name, value)
        return incoming

    def _read_field(self, known: Field, value: Any, incoming: Incoming) -> None:
        stored = known.default if value is None else known.convert(value, known.label)
        self._put(known.column, stored, known.name, incoming)
        incoming.answer[known.name] = value if known.keeps_form else stored

    def _read_link(self, link: Link, value: Any, incoming: Incoming) -> None:
        if value is None:
            for column, _ in link.parts:
                self._put(column, None, link.name, incoming)
        else:
            key = reference_key(link, value)
            for (column, _), part in zip(link.parts, key):
                self._put(column, part, link.name, incoming)
            value = {
                _EXTRA: value[_EXTRA],
                **{attribute: part for (_, attribute), part in zip(link.parts, key)},
            }
        incoming.answer[link.name] = value

    def _put(self, column: str, value: Any, name: str, incoming: Incoming) -> None:
        other = incoming.labels.get(column)
        if other is not None and incoming.values[column] != value:
            if value is None:
                return
            if incoming.values[column] is not None:
                raise validation_error(
                    f"{self.entity.name}.{name} is {describe(value)} and {other} is "
                    f"{describe(incoming.values[column])}: they must agree, or one be left out",
                    name,
                )
        incoming.values[column] = value
        incoming.labels[column] = name

    def _unknown(self, name: str, value: Any) -> ServerFault:
        content = f'{self.entity.name} has no attribute "{name}" (value {describe(value)})'
        return unknown_name(content, name, self.entity.schema.nearest(name))


def reference_key(link: Link, value: Any) -> Tuple[Any, ...]:
    """Return the key of the entity that *value* refers to. Raise the fault where it is no such reference."""
    wanted = link.target.name
    if not isinstance(value, Mapping) or not isinstance(value.get(_EXTRA), str):
        hint = f"Send the id as {link.parts[0][0]}" if isinstance(value, str) else None
        content = f"{link.label} must be a reference to a {wanted}, not {describe(value)}"
        raise validation_error(content if hint is None else f"{content}. {hint}", link.name, hint=hint)
    if value[_EXTRA] not in link.names:
        raise validation_error(
            f"{link.label} must be a reference to a {wanted}, not to a {describe(value)}", link.name
        )
    key = []
    for _, attribute in link.parts:
        part = value.get(attribute)
        if not is_key(part):
            raise validation_error(
                f"{link.label} must be a reference to a {wanted} with its {attribute}, not {describe(value)}",
                link.name,
            )
        key.append(part)
    return tuple(key)


def entity_named(catalogue: Any, name: Any) -> Any:
    """Return the entity type called *name*. Raise the fault that proposes the nearest where there is none."""
    if isinstance(name, str) and name in catalogue.types:
        return catalogue.types[name]
    close = nearest(name, catalogue.types) if isinstance(name, str) else None
    raise unknown_name(f"There is no entity type {describe(name)}", "entity_type", close)


def kept_with(catalogue: Any, name: str) -> Dict[str, Any]:
    """Return a dictionary for what was worked out from *catalogue*, which lives exactly as long as it does.

    (A weak dictionary would not do: what is kept refers to the catalogue, which would then never go.)
    """
    kept: Dict[str, Any] = vars(catalogue).setdefault(name, {})
    return kept


def form_of(catalogue: Any, entity: Any) -> Form:
    """Return the form of *entity*, a type of *catalogue*. It is made once for each catalogue."""
    forms: Dict[str, Form] = kept_with(catalogue, "_write_forms")
    form = forms.get(entity.name)
    if form is None:
        form = forms[entity.name] = _make_form(catalogue, entity)
    return form


def _make_form(catalogue: Any, entity: Any) -> Form:
    fields = {}
    for name, column in entity.columns.items():
        fields[name] = _make_field(entity, entity.schema.attributes[name], column)
    links, sets = {}, {}
    for name, relation in entity.relations.items():
        if relation.how == "reference":
            links[name] = _make_link(catalogue, entity, relation)
        elif relation.kind != "reference" and relation.how in ("children", "link", "custom_attributes"):
            sets[name] = relation
    foreign = {fields[name].column: catalogue.types[target] for name, target in entity.foreign_keys.items()}
    for link in links.values():
        if len(link.parts) == 1:
            foreign.setdefault(link.parts[0][0], link.covers)
    known = {*fields, *links, *sets}
    return Form(
        entity=entity,
        fields=fields,
        links=links,
        sets=sets,
        derived=frozenset(name for name in entity.schema.attributes if name not in known),
        foreign=foreign,
        required=tuple(
            (fields[name].column, name)
            for name, attribute in entity.schema.attributes.items()
            if attribute.required and name in fields
        ),
        immutable=frozenset(known.column for known in fields.values() if known.immutable),
        initial={fields[name].column: value for name, value in entity.classifiers.items() if name in fields},
        defaults=_defaults(entity, fields),
        key_columns=tuple(column.name for column in entity.key_columns),
        lineage=entity.lineage,
    )


def _make_field(entity: Any, attribute: Any, column: Any) -> Field:
    convert = converter_of(entity.name, attribute)
    label = f"{entity.name}.{attribute.name}"
    default = None
    if attribute.required and attribute.default not in (NOT_SET, None, "{uid}"):
        default = convert(attribute.default, label)
    elif attribute.kind == "boolean":
        default = attribute.default if isinstance(attribute.default, bool) else False
    return Field(
        name=attribute.name,
        label=label,
        column=column.name,
        convert=convert,
        immutable=attribute.immutable or attribute.name in entity.primary_key,
        keeps_form=attribute.is_time or attribute.kind in ("object", "variable"),
        default=default,
    )


def _make_link(catalogue: Any, entity: Any, relation: Any) -> Link:
    target = catalogue.types[relation.target]
    names = {column.name: name for name, column in reversed(list(target.columns.items()))}
    for name, column in zip(target.primary_key, target.key_columns):
        names[column.name] = name
    return Link(
        name=relation.name,
        label=f"{entity.name}.{relation.name}",
        target=target,
        covers=catalogue.types[relation.covers],
        parts=tuple((own.name, names[other.name]) for own, other in relation.join),
        names=frozenset(catalogue.families[target.root]),
        immutable=entity.schema.attributes[relation.name].immutable,
    )


def _defaults(entity: Any, fields: Mapping[str, Field]) -> Dict[str, Any]:
    defaults = {}
    for name, known in fields.items():
        default = entity.schema.attributes[name].default
        if default not in (NOT_SET, None, "{uid}") and not (default == "" and known.keeps_form):
            defaults[known.column] = known.convert(default, known.label)
        elif entity.schema.attributes[name].kind == "boolean" and default in (NOT_SET, None):
            # Queries for what is not set, `is_moderated is false`, are to find what nobody has thought of.
            defaults[known.column] = False
    return defaults


def _read_references(label: str, value: Any) -> List[Any]:
    if value is None:
        return []
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise validation_error(f"{label} must be a list of references, not {describe(value)}", label)
    found: List[Any] = []
    for item in value:
        if not isinstance(item, Mapping) or not isinstance(item.get(_EXTRA), str):
            raise validation_error(f"{label} must be a list of references, but holds {describe(item)}", label)
        found.append(dict(item))
    return found
