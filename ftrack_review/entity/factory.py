"""Make entity classes from the schema.

:class:`Factory` turns the document of one entity type into a class; :class:`StandardFactory` adds the
behaviour that known types have. Classes with methods of their own are named in one table and loaded on use.
A plugin puts another factory in place by answering the event ``ftrack.api.session.construct-entity-type``.
"""

from __future__ import annotations

import functools
import importlib
import logging
from typing import Any, Dict, List, Mapping, Optional, Sequence

import ftrack_review.attribute as attribute_
from ftrack_review._configuration import _get_custom_attribute_configurations, _get_entity_configurations
from ftrack_review.cache import Memoiser, memoise_decorator
from ftrack_review.collection import (
    KeyValueMappedCollectionProxy,
    PerSessionDefaultKeyMaker,
    memoise_session,
)
from ftrack_review.entity.base import DynamicEntityTypeMetaclass, Entity, make_uid
from ftrack_review.symbol import NOT_SET

__all__ = [
    "Factory",
    "PerSessionDefaultKeyMaker",
    "StandardFactory",
    "_get_custom_attribute_configurations",
    "_get_entity_configurations",
    "memoise_defaults",
    "memoise_session",
    "mixin",
    "resolve",
]

# Entity type -> its class. The one bridge from the model to the modules with behaviour. Types that end in
# "Component" get the class of Component.
_CLASSES = {
    "AssetVersion": "ftrack_review.entity.asset_version:AssetVersion",
    "Job": "ftrack_review.entity.job:Job",
    "Location": "ftrack_review.entity.location:Location",
    "Note": "ftrack_review.entity.note:Note",
    "ProjectSchema": "ftrack_review.entity.project_schema:ProjectSchema",
    "ReviewSession": "ftrack_review.entity.review_session:ReviewSession",
    "ReviewSessionInvitee": "ftrack_review.entity.review_session:ReviewSessionInvitee",
    "ReviewSessionObject": "ftrack_review.entity.review_session:ReviewSessionObject",
    "User": "ftrack_review.entity.user:User",
}
_COMPONENT = "ftrack_review.entity.component:Component"
_CREATE_NOTE = "ftrack_review.entity.note:CreateNoteMixin"
_CREATE_THUMBNAIL = "ftrack_review.entity.component:CreateThumbnailMixin"

# The words that ftrack_api has for types of values.
_DATA_TYPES = {"number": "float"}

memoise_defaults = memoise_decorator(Memoiser(key_maker=PerSessionDefaultKeyMaker(), return_copies=False))


@functools.cache
def resolve(place: str) -> Any:
    """Return what *place*, such as ``package.module:name``, names, importing the module on first use."""
    module_name, _, name = place.partition(":")
    return getattr(importlib.import_module(module_name), name)


def mixin(instance: Any, mixin_class: type, name: Optional[str] = None) -> None:
    """Give *instance* the methods of *mixin_class*, which come before its own.

    The instance gets a class of its own, called *name*, by default the names of both joined. A class that is mixed
    in already changes nothing.
    """
    cls = type(instance)
    if issubclass(cls, mixin_class):
        return
    if name is None:
        name = f"{cls.__name__}{mixin_class.__name__}"
    metaclass: Any = type(cls)
    instance.__class__ = metaclass(name, (mixin_class, cls), {})


class Factory:
    """Make entity classes that have the attributes of the schema and no methods of their own.

    A factory may override how each kind of attribute is made.
    """

    logger = logging.getLogger(__name__)

    # ruff: noqa: ARG002 - the parameters are for those who override.

    def create(
        self, schema: Mapping[str, Any], bases: Optional[Sequence[type]] = None
    ) -> DynamicEntityTypeMetaclass:
        """Return a class for *schema*, the document of one entity type, derived from *bases* or Entity."""
        entity_type = schema["id"]
        class_bases: List[type] = list(bases) if bases else [Entity]
        attributes = attribute_.Attributes()
        immutable = frozenset(schema.get("immutable") or ())
        computed = frozenset(schema.get("computed") or ())
        # A factory of a studio may have been written against the signatures of ftrack_api, which it overrides.
        for name, document in schema["properties"].items():
            if document.get("restricted_projection"):
                continue
            attribute = self._create_attribute(
                entity_type, name, document, name not in immutable, name in computed
            )
            if attribute is not None:
                attributes.add(attribute)
        namespace: Dict[str, Any] = {
            "__slots__": (),
            "__module__": Factory.__module__,
            "entity_type": entity_type,
            "attributes": attributes,
            "primary_key_attributes": list(schema["primary_key"]),
            "default_projections": list(schema.get("default_projections") or schema["primary_key"]),
        }
        if any(type(a).get_value not in _STANDARD_READS for a in attributes):
            # An attribute that decides itself what is read has to be asked each time.
            namespace["__getitem__"] = Entity._read
        return DynamicEntityTypeMetaclass(entity_type, tuple(class_bases), namespace)

    def _create_attribute(
        self, class_name: str, name: str, document: Mapping[str, Any], mutable: bool, computed: bool
    ) -> Optional[attribute_.Attribute]:
        kind = document.get("type")
        target: Any = (document.get("items") or {}).get("$ref") or document.get("$ref")
        if kind == "array":
            return self.create_collection_attribute(class_name, name, mutable)
        if kind == "mapped_array":
            return self.create_mapped_collection_attribute(class_name, name, mutable, target)
        if kind is None and target is not None:
            return self.create_reference_attribute(class_name, name, mutable, target)
        default = document.get("default", NOT_SET)
        if default == "{uid}":
            default = make_uid
        data_type = _DATA_TYPES.get(kind or "string", kind or "string")
        if document.get("format") == "date-time":
            data_type = "datetime"
        return self.create_scalar_attribute(class_name, name, mutable, computed, default, data_type)

    def create_scalar_attribute(
        self, class_name: str, name: str, mutable: bool, computed: bool, default: Any, data_type: str
    ) -> attribute_.Attribute:
        """Return the attribute for a plain value."""
        return attribute_.ScalarAttribute(
            name, data_type=data_type, default_value=default, mutable=mutable, computed=computed
        )

    def create_reference_attribute(
        self, class_name: str, name: str, mutable: bool, reference: str
    ) -> attribute_.Attribute:
        """Return the attribute that refers to one entity of the type *reference*."""
        return attribute_.ReferenceAttribute(name, reference, mutable=mutable)

    def create_collection_attribute(self, class_name: str, name: str, mutable: bool) -> attribute_.Attribute:
        """Return the attribute that holds several entities."""
        return attribute_.CollectionAttribute(name, mutable=mutable)

    def create_mapped_collection_attribute(
        self, class_name: str, name: str, mutable: bool, reference: str
    ) -> Optional[attribute_.Attribute]:
        """Return the attribute that shows entities of the type *reference* as a mapping, or None for none."""
        return None


class StandardFactory(Factory):
    """Make entity classes with the behaviour that ftrack's types have."""

    def create(
        self, schema: Mapping[str, Any], bases: Optional[Sequence[type]] = None
    ) -> DynamicEntityTypeMetaclass:
        """Return a class for *schema*, the document of one entity type, derived from its own and *bases*."""
        entity_type = schema["id"]
        class_bases: List[type] = list(bases) if bases else []
        place = _CLASSES.get(entity_type)
        if place is None and entity_type.endswith("Component"):
            place = _COMPONENT
        own: Any = Entity if place is None else resolve(place)
        if not any(issubclass(base, own) for base in class_bases):
            # What a studio adds stands beside the methods that the type has anyway.
            class_bases.insert(0, own)
        properties = schema["properties"]
        for attribute_name, place in (("notes", _CREATE_NOTE), ("thumbnail_id", _CREATE_THUMBNAIL)):
            if attribute_name in properties:
                mixed_in = resolve(place)
                if not any(issubclass(base, mixed_in) for base in class_bases):
                    class_bases.append(mixed_in)
        return super().create(schema, bases=class_bases)

    def create_mapped_collection_attribute(
        self, class_name: str, name: str, mutable: bool, reference: str
    ) -> Optional[attribute_.Attribute]:
        """Return the attribute for metadata or custom attributes, None for any other mapping."""
        if reference == "Metadata":
            return attribute_.KeyValueMappedCollectionAttribute(
                name, _create_metadata, "key", "value", mutable=mutable
            )
        if reference == "CustomAttributeValue":
            # Of servers whose rows name their configuration only; others send the key with each row.
            return attribute_.CustomAttributeCollectionAttribute(name, mutable=mutable)
        if reference.endswith("CustomAttributeValue"):
            return attribute_.KeyValueMappedCollectionAttribute(
                name,
                _refuse_custom_attribute,
                "key",
                "value",
                mutable=mutable,
                first_items=functools.partial(_make_custom_attribute_values, value_type=reference),
                fixed_keys=True,
            )
        return None


_STANDARD_READS = frozenset(
    cls.get_value
    for cls in (
        attribute_.Attribute,
        attribute_.ReferenceAttribute,
        attribute_.AbstractCollectionAttribute,
    )
)


def _create_metadata(proxy: KeyValueMappedCollectionProxy, data: Dict[str, Any]) -> Entity:
    """Return new metadata for the entity that *proxy* belongs to."""
    owner = proxy.collection.entity
    created: Entity = owner.session.create(
        "Metadata", {**data, "parent_id": owner._key(), "parent_type": type(owner).entity_type}
    )
    return created


def _refuse_custom_attribute(proxy: KeyValueMappedCollectionProxy, data: Dict[str, Any]) -> Entity:
    """Raise KeyError: which custom attributes there are is configured, not set."""
    known = ", ".join(sorted(map(str, proxy.keys()))) or "none"
    raise KeyError(
        f"Only custom attributes that are configured for the entity type can be set. "
        f"There is none called {data.get(proxy.key_attribute)!r} here; there are: {known}."
    )


def _make_custom_attribute_values(entity: Entity, *, value_type: str) -> List[Entity]:
    """Return the values of all custom attributes that apply to the new *entity*, with their defaults.

    The server makes such rows on its own, so none is created: the first change of one is sent as an update.
    """
    return [
        entity.session.create(
            value_type,
            {
                "configuration_id": configuration["id"],
                "entity_id": entity._key(),
                "key": configuration["key"],
                "value": configuration["default"],
            },
            reconstructing=True,
        )
        for configuration in _get_entity_configurations(entity)
    ]
