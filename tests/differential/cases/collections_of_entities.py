"""Collections, mapped collections and attribute objects."""

import copy


def site(session, context, count=3):
    project = context.project(session)
    shots = [session.create("Shot", {"name": f"s{index}", "parent": project}) for index in range(count)]
    session.commit()
    return project, shots


def names(collection):
    return [item["name"] for item in collection]


def reread(context, entity, attribute):
    with context.new_session() as other:
        return sorted(names(other.get(entity.entity_type, entity["id"])[attribute]))


def case_reading(api, session, context):
    project, shots = site(session, context)
    children = project["children"]
    return [
        len(children),
        sorted(names(children)),
        shots[0] in children,
        project in children,
        children.index(children[1]),
        children[-1] is children[2],
        children.count(shots[0]),
        context.attempt(lambda: children[7]),
        context.attempt(lambda: children["x"]),
        bool(children),
        children == children,
        children == list(children),
        list(reversed(children))[0] is children[2],
    ]


def case_slices(api, session, context):
    children = site(session, context)[0]["children"]
    return [
        context.attempt(lambda: names(children[:2])),
        context.attempt(lambda: names(children[1:])),
        context.attempt(lambda: len(children[::-1])),
    ]


def case_insert(api, session, context):
    project, _ = site(session, context)
    extra = session.create("Folder", {"name": "extra"})
    project["children"].insert(0, extra)
    found = [names(project["children"])[0], api.inspection.state(project), len(project["children"])]
    session.commit()
    return [*found, reread(context, project, "children"), extra["parent"] is project]


def case_append_and_extend(api, session, context):
    project, _ = site(session, context, 1)
    project["children"].append(session.create("Folder", {"name": "a"}))
    project["children"].extend(
        [session.create("Folder", {"name": "b"}), session.create("Folder", {"name": "c"})]
    )
    session.commit()
    return reread(context, project, "children")


def case_index_assignment(api, session, context):
    project, _ = site(session, context)
    note = [
        session.create("Note", {"content": str(i), "author": session.query("User").first()}) for i in range(3)
    ]
    project["notes"].extend(note[:2])
    project["notes"][0] = note[2]
    return [n["content"] for n in project["notes"]]


def case_slice_assignment(api, session, context):
    project, _ = site(session, context)
    note = [
        session.create("Note", {"content": str(i), "author": session.query("User").first()}) for i in range(3)
    ]
    project["notes"].extend(note[:2])

    def assign():
        project["notes"][:1] = [note[2]]
        return [n["content"] for n in project["notes"]]

    return [context.attempt(assign)]


def case_deletion(api, session, context):
    project, _ = site(session, context)
    lists = session.create(
        "TypedContextList",
        {
            "name": "l",
            "owner": session.query("User").first(),
            "project": project,
            "category": session.query("ListCategory").first(),
        },
    )
    for shot in list(project["children"]):
        lists["items"].append(shot)
    session.commit()
    del lists["items"][0]
    lists["items"].remove(lists["items"][0])
    found = [len(lists["items"]), api.inspection.state(lists)]
    session.commit()
    with context.new_session() as other:
        return [*found, len(other.get("TypedContextList", lists["id"])["items"])]


def case_removal_of_what_is_not_there(api, session, context):
    project, shots = site(session, context)
    children = project["children"]
    other = session.create("Folder", {"name": "x"})

    def delete():
        del children[9]

    return [
        context.attempt(children.remove, other),
        context.attempt(delete),
        context.attempt(children.pop, 9),
    ]


def case_pop_clear_reverse(api, session, context):
    project, _ = site(session, context)
    notes = project["notes"]
    user = session.query("User").first()
    for index in range(4):
        notes.append(session.create("Note", {"content": str(index), "author": user}))
    found = [notes.pop()["content"], notes.pop(0)["content"], len(notes)]
    notes.clear()
    return [*found, len(notes)]


def case_reverse(api, session, context):
    notes = context.project(session)["notes"]
    for index in range(3):
        notes.append(session.create("Note", {"content": str(index), "author": session.query("User").first()}))
    notes.reverse()
    return [note["content"] for note in notes]


def case_duplicates(api, session, context):
    project, shots = site(session, context)
    children = project["children"]

    def assign():
        children[0] = children[1]

    def itself():
        children[0] = children[0]
        return "fine"

    def whole():
        project["children"] = [shots[0], shots[0]]

    return [
        context.attempt(children.append, shots[0]),
        context.attempt(children.insert, 0, shots[1]),
        context.attempt(assign),
        context.attempt(itself),
        context.attempt(whole),
        len(children),
    ]


def case_assignment_of_a_list(api, session, context):
    project, shots = site(session, context)
    lists = session.create(
        "TypedContextList",
        {
            "name": "l",
            "owner": session.query("User").first(),
            "project": project,
            "category": session.query("ListCategory").first(),
        },
    )
    lists["items"] = [shots[0], shots[2]]
    session.commit()
    found = [reread(context, lists, "items")]
    lists["items"] = [shots[1]]
    session.commit()
    found.append(reread(context, lists, "items"))
    lists["items"] = []
    session.commit()
    return [*found, reread(context, lists, "items"), type(lists["items"]).__name__]


def case_assignment_of_others(api, session, context):
    project, shots = site(session, context)
    found = []
    for value in (5, "text", {"a": 1}, None, shots[0]):

        def assign(value=value):
            project["children"] = value
            return "fine"

        found.append(context.attempt(assign))
    return found


def case_assignment_of_other_sequences(api, session, context):
    project, shots = site(session, context)
    found = []
    for value in ((shots[0],), iter(shots)):

        def assign(value=value):
            project["children"] = value
            return len(project["children"])

        found.append(context.attempt(assign))
    return found


def case_rollback_of_collections(api, session, context):
    project, _ = site(session, context, 2)
    project["children"].append(session.create("Folder", {"name": "x"}))
    session.rollback()
    return [sorted(names(project["children"])), api.inspection.state(project)]


def case_operations_of_collections(api, session, context):
    project, _ = site(session, context, 2)
    before = len(session.recorded_operations)
    project["notes"].append(session.create("Note", {"content": "x", "author": session.query("User").first()}))
    found = [
        [type(o).__name__, o.entity_type, getattr(o, "attribute_name", None)]
        for o in session.recorded_operations
    ]
    return [before, found]


def case_collection_attributes(api, session, context):
    project, _ = site(session, context, 1)
    children = project["children"]
    return [
        children.entity is project,
        children.attribute.name,
        children.mutable,
        isinstance(children, api.collection.Collection),
    ]


def case_immutable_collection(api, session, context):
    project, shots = site(session, context, 2)
    children = project["children"]
    children.mutable = False

    def delete():
        del children[0]

    found = [
        context.attempt(children.append, project),
        context.attempt(delete),
        context.attempt(children.insert, 0, project),
    ]
    children.mutable = True
    return [*found, len(children)]


def case_collection_made_by_hand(api, session, context):
    project, shots = site(session, context, 2)
    attribute = project.attributes.get("children")
    with session.operation_recording(False):
        made = api.collection.Collection(project, attribute, data=[shots[1], shots[0]])
        found = [
            names(made),
            len(made),
            made == api.collection.Collection(project, attribute, data=[shots[1], shots[0]]),
        ]
        duplicate = context.attempt(api.collection.Collection, project, attribute, data=[shots[0], shots[0]])
        frozen = api.collection.Collection(project, attribute, mutable=False, data=[shots[0]])
        return [*found, duplicate, names(frozen), context.attempt(frozen.append, shots[1])]


def case_collection_equality(api, session, context):
    project, _ = site(session, context, 2)
    with context.new_session() as other:
        theirs = other.get("Project", project["id"])["children"]
        return [
            project["children"] == project["children"],
            project["children"] == theirs,
            project["children"] != theirs,
            project["children"] == 1,
        ]


def case_collection_copied(api, session, context):
    project, _ = site(session, context, 2)
    found = copy.copy(project["children"])
    return [type(found).__name__, len(found), found.entity is project]


def case_metadata_mapping(api, session, context):
    project = context.project(session, metadata={"a": "1", "b": "2"})
    metadata = project["metadata"]
    found = [
        sorted(metadata.keys()),
        sorted(metadata.values()),
        sorted(metadata.items()),
        len(metadata),
        "a" in metadata,
        "x" in metadata,
        metadata.get("x", "default"),
        metadata.pop("a"),
        metadata.setdefault("b", "9"),
        metadata.setdefault("c", "3"),
        sorted(metadata),
    ]
    metadata.update({"d": "4", "b": "5"})
    session.commit()
    found.append(dict(metadata))
    metadata.clear()
    session.commit()
    with context.new_session() as other:
        return [*found, dict(other.get("Project", project["id"])["metadata"])]


def case_metadata_errors(api, session, context):
    metadata = context.project(session, metadata={"a": "1"})["metadata"]

    def delete():
        del metadata["x"]

    return [
        context.attempt(lambda: metadata["x"]),
        context.attempt(delete),
        context.attempt(metadata.pop, "x"),
    ]


def case_metadata_immutable(api, session, context):
    metadata = context.project(session, metadata={"a": "1"})["metadata"]
    metadata.mutable = False

    def change():
        metadata["a"] = "2"

    def add():
        metadata["b"] = "2"

    def delete():
        del metadata["a"]

    return [
        metadata.mutable,
        context.attempt(add),
        context.attempt(delete),
        metadata.collection.mutable,
        context.attempt(change),
    ]


def case_metadata_attributes(api, session, context):
    project = context.project(session, metadata={"a": "1"})
    metadata = project["metadata"]
    return [
        metadata.attribute.name,
        type(metadata.collection).__name__,
        len(metadata.collection),
        metadata.collection[0].entity_type,
        isinstance(metadata, api.collection.KeyValueMappedCollectionProxy),
        isinstance(metadata, api.collection.MappedCollectionProxy),
        metadata.key_attribute,
        metadata.value_attribute,
        metadata.collection.entity is project,
        metadata == metadata,
        metadata == {"a": "1"},
    ]


def case_the_attribute_of_metadata_can_be_set(api, session, context):
    metadata = context.project(session, metadata={"a": "1"})["metadata"]
    other = session.types["Project"].attributes.get("name")
    metadata.attribute = other
    return [metadata.attribute is other, metadata.collection.attribute is other]


def case_metadata_on_create(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project, "metadata": {"x": "1"}})
    before = dict(shot["metadata"])
    shot["metadata"]["y"] = "2"
    session.commit()
    with context.new_session() as other:
        return [before, dict(other.get("Shot", shot["id"])["metadata"])]


def case_metadata_assigned(api, session, context):
    project = context.project(session, metadata={"a": "1"})
    found = []
    for value in (5, "text", None, {"z": "26"}):

        def assign(value=value):
            project["metadata"] = value
            return "fine"

        found.append(context.attempt(assign))
    session.commit()
    with context.new_session() as other:
        return [found, dict(other.get("Project", project["id"])["metadata"])]


def case_metadata_removed_and_set_again(api, session, context):
    project = context.project(session, metadata={"a": "1"})
    del project["metadata"]["a"]
    project["metadata"]["a"] = "2"
    session.commit()
    with context.new_session() as other:
        return [dict(project["metadata"]), dict(other.get("Project", project["id"])["metadata"])]


def case_metadata_of_a_version(api, session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "a", "parent": project})
    asset = session.create("Asset", {"name": "a", "parent": shot, "type": session.query("AssetType").first()})
    version = session.create("AssetVersion", {"asset": asset, "metadata": {"k": "v"}})
    session.commit()
    found = session.query('Metadata where parent_id is "{}"'.format(version["id"])).one()
    return [
        found["parent_type"],
        found["key"],
        found["value"],
        session.query(
            'AssetVersion where metadata any (key is "k" and value is "v") and id is "{}"'.format(
                version["id"]
            )
        ).one()
        is version,
    ]


def case_rollback_of_metadata(api, session, context):
    project = context.project(session, metadata={"a": "1"})
    project["metadata"]["a"] = "2"
    project["metadata"]["b"] = "3"
    session.rollback()
    return dict(project["metadata"])


def case_scalar_attribute(api, session, context):
    project = context.project(session)
    attribute = session.types["Project"].attributes.get("full_name")
    found = [
        attribute.name,
        attribute.mutable,
        attribute.computed,
        attribute.data_type,
        attribute.default_value,
        attribute.get_value(project),
        attribute.get_local_value(project),
        attribute.get_remote_value(project),
        attribute.is_set(project),
        attribute.is_modified(project),
    ]
    attribute.set_local_value(project, "x")
    found += [
        attribute.get_local_value(project),
        attribute.get_remote_value(project),
        attribute.is_modified(project),
        attribute.is_set(project),
    ]
    attribute.set_remote_value(project, "y")
    return [*found, attribute.get_value(project), attribute.get_remote_value(project)]


def case_attribute_populated(api, session, context):
    project = context.project(session)
    with context.new_session() as other, other.auto_populating(False):
        theirs = other.query('select id from Project where id is "{}"'.format(project["id"])).one()
        attribute = theirs.attributes.get("thumbnail_id")
        found = [attribute.get_remote_value(theirs), attribute.get_value(theirs), attribute.is_set(theirs)]
        attribute.populate_remote_value(theirs)
        return [*found, attribute.get_remote_value(theirs)]


def case_immutable_attribute(api, session, context):
    project = context.project(session)
    attribute = project.attributes.get("id")
    return [
        attribute.mutable,
        context.attempt(attribute.set_local_value, project, "x"),
        project.attributes.get("children").mutable,
    ]


def case_computed_attributes(api, session, context):
    attributes = session.types["AssetVersion"].attributes
    return [
        sorted(a.name for a in attributes if a.computed),
        sorted(a.name for a in session.types["Shot"].attributes if a.computed),
    ]


def case_reference_attribute(api, session, context):
    project, shots = site(session, context, 2)
    attribute = session.types["Shot"].attributes.get("parent")
    shot = shots[0]
    found = [
        attribute.entity_type,
        attribute.get_value(shot) is project,
        attribute.is_modified(shot),
        attribute.get_local_value(shot),
    ]
    attribute.set_local_value(shot, shots[1])
    return [
        *found,
        attribute.is_modified(shot),
        attribute.get_value(shot) is shots[1],
        attribute.get_remote_value(shot) is project,
    ]


def case_reference_set_to_the_same(api, session, context):
    project, shots = site(session, context, 1)
    shots[0]["parent"] = project
    return [
        api.inspection.state(shots[0]),
        len(session.recorded_operations),
        shots[0].attributes.get("parent").is_modified(shots[0]),
    ]


def case_reference_of_wrong_kind(api, session, context):
    project, shots = site(session, context, 1)

    def assign(value):
        shots[0]["status"] = value
        session.commit()

    found = context.attempt(assign, "text")
    session.rollback()
    return [found]


def case_collection_attribute(api, session, context):
    project, shots = site(session, context, 2)
    attribute = session.types["Project"].attributes.get("children")
    found = [
        attribute.collection_class.__name__,
        type(attribute.get_value(project)).__name__,
        attribute.is_modified(project),
    ]
    project["children"].append(session.create("Folder", {"name": "x"}))
    return [
        *found,
        attribute.is_modified(project),
        attribute.is_set(project),
        len(attribute.get_local_value(project)),
    ]


def case_mapped_attributes(api, session, context):
    attributes = session.types["Project"].attributes
    metadata, custom = attributes.get("metadata"), attributes.get("custom_attributes")
    return [
        type(metadata).__name__,
        metadata.collection_class.__name__,
        metadata.key_attribute,
        metadata.value_attribute,
        type(custom).__name__,
        custom.collection_class.__name__,
    ]


def case_attributes_object(api, context):
    attributes = api.attribute.Attributes()
    name = api.attribute.Attribute("name", default_value="x")
    scalar = api.attribute.ScalarAttribute("count", "number", mutable=False, computed=True)
    attributes.add(name)
    attributes.add(scalar)
    found = [
        sorted(attributes.keys()),
        len(attributes),
        [a.name for a in attributes],
        attributes.get("name") is name,
        attributes.get("x"),
        context.attempt(attributes.add, name),
        [name.mutable, name.computed, name.default_value, scalar.mutable, scalar.computed, scalar.data_type],
    ]
    attributes.remove(name)
    return [
        *found,
        len(attributes),
        context.attempt(attributes.remove, name),
        len(api.attribute.Attributes([name, scalar])),
    ]


def case_attribute_storage(api, session, context):
    project = context.project(session)
    storage = project.attributes.get("name").get_entity_storage(project)
    return [hasattr(storage, "keys") and "name" in storage]


def case_default_values(api, session, context):
    found = {}
    for kind in ("Project", "Task", "Note", "AssetVersion", "User", "Job"):
        found[kind] = sorted(
            (a.name, str(a.default_value))
            for a in session.types[kind].attributes
            if not callable(a.default_value)
            and a.default_value is not api.symbol.NOT_SET
            and not isinstance(a.default_value, (list, dict))
        )
    return found


def case_attribute_kinds(api, session, context):
    return {
        kind: sorted(
            [
                a.name,
                type(a).__name__,
                a.mutable,
                getattr(a, "data_type", None),
                getattr(a, "entity_type", None),
            ]
            for a in session.types[kind].attributes
        )
        for kind in (
            "Task",
            "AssetVersion",
            "ReviewSession",
            "ReviewSessionObject",
            "Note",
            "FileComponent",
            "Event",
            "ContextCustomAttributeValue",
        )
    }


def case_merge_references(api, context):
    calls = []

    class Thing(api.attribute.Attribute):
        def get_value(self, entity):
            calls.append(entity)
            return super().get_value(entity)

    return [
        issubclass(api.attribute.ReferenceAttribute, api.attribute.Attribute),
        callable(api.attribute.merge_references),
        context.attempt(Thing("x").get_value, None) is not None,
    ]


def case_attributes_made_by_hand(api, context):
    attribute = api.attribute
    mapped = attribute.KeyValueMappedCollectionAttribute(
        "metadata", creator=print, key_attribute="key", value_attribute="value"
    )
    made = (
        attribute.CollectionAttribute("children"),
        attribute.CollectionAttribute("children", mutable=False),
        attribute.CustomAttributeCollectionAttribute("custom_attributes"),
        attribute.ReferenceAttribute("parent", entity_type="Context"),
        attribute.ScalarAttribute("name", data_type="string", default_value="x"),
        mapped,
    )
    return [
        [
            [
                a.name,
                a.mutable,
                a.computed,
                getattr(a.collection_class, "__name__", None) if hasattr(a, "collection_class") else None,
            ]
            for a in made
        ],
        [isinstance(a, attribute.AbstractCollectionAttribute) for a in made],
        [mapped.creator is print, mapped.key_attribute, mapped.value_attribute],
        attribute.AbstractCollectionAttribute.collection_class,
    ]


def case_mapped_proxies_made_by_hand(api, session, context):
    project = context.project(session, metadata={"a": "1"})
    collection = project["metadata"].collection
    proxy = api.collection.KeyValueMappedCollectionProxy(
        collection, creator=None, key_attribute="key", value_attribute="value"
    )
    return [
        dict(proxy),
        proxy.attribute.name,
        proxy.mutable,
        proxy == project["metadata"],
        context.attempt(api.collection.MappedCollectionProxy, collection),
        context.attempt(setattr, proxy, "attribute", proxy.attribute),
        proxy.attribute.name,
    ]


def case_keys_per_session(api, session, context):
    found = []
    for name in ("collection", "entity.factory"):
        maker = context.module(name).PerSessionDefaultKeyMaker()
        with context.new_session() as other:
            found.append(
                [
                    maker.key(session) == maker.key(session),
                    maker.key(session) == maker.key(other),
                    maker.key("a") == maker.key("a"),
                ]
            )
    return found
