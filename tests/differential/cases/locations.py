"""Locations, accessors, structures, transformers and what they do together."""

import os


def disk_location(api, session, context, name="", structure="standard", **data):
    importlib_names = {
        "standard": "StandardStructure",
        "id": "IdStructure",
        "entity_id": "EntityIdStructure",
        "origin": "OriginStructure",
    }
    location = session.create("Location", {"name": context.name + name, **data})
    session.commit()
    prefix = os.path.join(context.folder, "disk" + name)
    os.makedirs(prefix, exist_ok=True)
    location.accessor = context.module("accessor.disk").DiskAccessor(prefix=prefix)
    location.structure = getattr(context.module(f"structure.{structure}"), importlib_names[structure])()
    location.priority = 10
    return location


def version_of(session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "sh", "parent": project})
    asset = session.create(
        "Asset",
        {"name": "a", "parent": shot, "type": session.query('AssetType where name is "Upload"').one()},
    )
    version = session.create("AssetVersion", {"asset": asset})
    session.commit()
    return version


def named(session, found):
    name = {location["id"]: location["name"] for location in session.query("Location").all()}
    return {name[key]: value for key, value in found.items() if name[key].startswith("ftrack.") or value}


def tree(folder):
    found = []
    for root, _, files in os.walk(folder):
        found += [os.path.relpath(os.path.join(root, name), folder) for name in files]
    return sorted(found)


def case_add_component(api, session, context):
    location = disk_location(api, session, context)
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    component = version_of(session, context).create_component(
        context.file("a.txt", b"x"), {"name": "main"}, location=None
    )
    session.commit()
    found = [context.attempt(location.get_filesystem_path, component)]
    location.add_component(component, origin)
    return [
        *found,
        location.get_filesystem_path(component),
        location.get_resource_identifier(component),
        tree(context.folder),
        location.get_component_availability(component),
        len(session.recorded_operations),
    ]


def case_add_components(api, session, context):
    location = disk_location(api, session, context)
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    version = version_of(session, context)
    components = [
        version.create_component(context.file(f"{n}.txt"), {"name": n}, location=None) for n in "ab"
    ]
    session.commit()
    location.add_components(components, [origin, origin])
    return [
        location.get_filesystem_paths(components),
        location.get_resource_identifiers(components),
        location.get_component_availabilities(components),
    ]


def case_add_components_unequal(api, session, context):
    location = disk_location(api, session, context)
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    component = session.create_component(context.file("a.txt"), location=None)
    return [
        context.attempt(location.add_components, [component, component], [origin]),
        context.attempt(location.add_components, [component], []),
        context.attempt(location.add_components, [], []),
        context.attempt(location.add_components, [component], origin),
    ]


def case_add_from_where_it_is_not(api, session, context):
    location = disk_location(api, session, context)
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    component = session.create_component(context.file("a.txt"), location=None)
    session.commit()
    return [
        context.attempt(location.add_component, component, server),
        location.get_component_availability(component),
    ]


def case_add_twice(api, session, context):
    location = disk_location(api, session, context, structure="id")
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    component = session.create_component(context.file("a.txt"), location=location)
    session.commit()
    return [
        context.attempt(location.add_component, component, origin),
        context.attempt(location.add_components, [component], [origin]),
    ]


def case_add_over_a_file(api, session, context):
    location = disk_location(api, session, context)
    version = version_of(session, context)
    version.create_component(context.file("a.txt"), {"name": "x"}, location=location)
    session.commit()
    return [
        context.attempt(version.create_component, context.file("b.txt"), {"name": "x"}, location=location)
    ]


def case_add_without_accessor(api, session, context):
    location = session.create("Location", {"name": context.name})
    session.commit()
    return [
        location.accessor,
        location.structure,
        location.priority,
        location.resource_identifier_transformer,
        context.attempt(session.create_component, context.file("a.txt"), location=location),
    ]


def case_add_without_structure(api, session, context):
    location = disk_location(api, session, context)
    location.structure = None
    return [context.attempt(session.create_component, context.file("a.txt"), location=location)]


def case_add_a_missing_file(api, session, context):
    location = disk_location(api, session, context, structure="id")
    return [
        context.attempt(
            session.create_component, os.path.join(context.folder, "nothing.txt"), location=location
        )
    ]


def case_add_to_a_prefix_that_is_missing(api, session, context):
    location = disk_location(api, session, context, structure="id")
    location.accessor = context.module("accessor.disk").DiskAccessor(
        prefix=os.path.join(context.folder, "new", "deep")
    )
    component = session.create_component(context.file("a.txt"), location=location)
    return [os.path.exists(location.get_filesystem_path(component))]


def case_sequence(api, session, context):
    location = disk_location(api, session, context)
    for number in (1, 2, 5):
        context.file(f"in/file.{number:04d}.exr", b"x" * number)
    component = version_of(session, context).create_component(
        os.path.join(context.folder, "in", "file.%04d.exr [1-2, 5]"), {"name": "render"}, location=location
    )
    session.commit()
    return [
        location.get_filesystem_path(component),
        sorted(location.get_filesystem_paths(component["members"])),
        tree(os.path.join(context.folder, "disk")),
        [
            (m["name"], m["file_type"], m["size"])
            for m in sorted(component["members"], key=lambda m: m["name"])
        ],
        component["size"],
        component["padding"],
        location.get_component_availability(component),
    ]


def case_sequence_not_recursive(api, session, context):
    location = disk_location(api, session, context)
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    context.file("in/f.1.exr")
    component = version_of(session, context).create_component(
        os.path.join(context.folder, "in", "f.%d.exr [1]"), {"name": "r"}, location=None
    )
    session.commit()
    location.add_component(component, origin, recursive=False)
    return [
        location.get_component_availability(component),
        [location.get_component_availability(m) for m in component["members"]],
        tree(os.path.join(context.folder, "disk")),
    ]


def case_sequence_half_there(api, session, context):
    location = disk_location(api, session, context, structure="id")
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    for number in (1, 2):
        context.file(f"in/f.{number}.exr")
    component = session.create_component(os.path.join(context.folder, "in", "f.%d.exr [1-2]"), location=None)
    session.commit()
    location.add_component(component["members"][0], origin)
    return [
        location.get_component_availability(component),
        context.attempt(location.add_component, component, origin),
    ]


def case_container(api, session, context):
    location = disk_location(api, session, context, structure="id")
    container = session.create("ContainerComponent", {"name": "c"})
    for name in "ab":
        member = session.create_component(
            context.file(f"{name}.txt"), {"container": container}, location=location
        )
    session.commit()
    return [
        location.get_component_availability(container),
        member["container"] is container,
        len(container["members"]),
    ]


def case_remove(api, session, context):
    location = disk_location(api, session, context)
    component = version_of(session, context).create_component(
        context.file("a.txt"), {"name": "m"}, location=location
    )
    session.commit()
    before = tree(os.path.join(context.folder, "disk"))
    location.remove_component(component)
    return [
        before,
        tree(os.path.join(context.folder, "disk")),
        location.get_component_availability(component),
        context.attempt(location.remove_component, component),
        context.attempt(location.remove_components, []),
    ]


def case_remove_sequence(api, session, context):
    location = disk_location(api, session, context)
    for number in (1, 2):
        context.file(f"in/f.{number}.exr")
    component = version_of(session, context).create_component(
        os.path.join(context.folder, "in", "f.%d.exr [1-2]"), {"name": "r"}, location=location
    )
    session.commit()
    location.remove_components([component])
    return [
        tree(os.path.join(context.folder, "disk")),
        [location.get_component_availability(m) for m in component["members"]],
    ]


def case_remove_file_that_is_gone(api, session, context):
    location = disk_location(api, session, context, structure="id")
    component = session.create_component(context.file("a.txt"), location=location)
    session.commit()
    os.remove(location.get_filesystem_path(component))
    return [
        context.attempt(location.remove_component, component),
        location.get_component_availability(component),
    ]


def case_rows(api, session, context):
    location = disk_location(api, session, context, structure="id")
    component = session.create_component(context.file("a.txt"), location=location)
    with context.new_session() as other:
        rows = other.query('ComponentLocation where component_id is "{}"'.format(component["id"])).all()
        return sorted(
            [
                row["location"]["name"],
                row["resource_identifier"].replace("/", "") == component["id"].replace("-", "-") + ".txt",
            ]
            for row in rows
        )


def case_events(api, session, context):
    location = disk_location(api, session, context, structure="id")
    seen = []
    for topic in (
        api.symbol.COMPONENT_ADDED_TO_LOCATION_TOPIC,
        api.symbol.COMPONENT_REMOVED_FROM_LOCATION_TOPIC,
    ):
        session.event_hub.subscribe(
            f"topic={topic}", lambda event: seen.append([event["topic"], sorted(event["data"])])
        )
    component = session.create_component(context.file("a.txt"), location=location)
    location.remove_component(component)
    return seen


def case_two_locations(api, session, context):
    fast, slow = (
        disk_location(api, session, context, "fast", "id"),
        disk_location(api, session, context, "slow", "id"),
    )
    fast.priority = 1
    component = session.create_component(context.file("a.txt"), location=slow)
    session.commit()
    found = [session.pick_location()["name"], session.pick_location(component)["name"]]
    fast.add_component(component, slow)
    return [
        *found,
        session.pick_location(component)["name"],
        [item["name"] for item in session.pick_locations([component])],
        named(session, session.get_component_availability(component)),
        tree(os.path.join(context.folder, "diskfast")) != [],
    ]


def case_pick_order(api, session, context):
    locations = [disk_location(api, session, context, n, "id") for n in "abc"]
    for location, priority in zip(locations, (30, 20, 40)):
        location.priority = priority
    found = [session.pick_location()["name"]]
    locations[1].accessor = None
    found.append(session.pick_location()["name"])
    return found


def case_pick_none(api, session, context):
    component = session.create_component(context.file("a.txt"), location=None)
    session.commit()
    other_component = session.create("FileComponent", {"name": "nowhere"})
    session.commit()
    return [context.attempt(session.pick_location, item) for item in (component, other_component)] + [
        session.pick_locations([component, other_component])
    ]


def case_origin(api, session, context):
    origin = session.get("Location", api.symbol.ORIGIN_LOCATION_ID)
    path = context.file("a.txt")
    component = session.create_component(path, location=None)
    uncommitted = [origin.get_filesystem_path(component), origin.get_component_availability(component)]
    session.commit()
    with context.new_session() as other:
        theirs = other.get("Location", api.symbol.ORIGIN_LOCATION_ID)
        there = theirs.get_component_availability(other.get("FileComponent", component["id"]))
    return [
        uncommitted,
        there,
        type(origin.accessor).__name__,
        type(origin.structure).__name__,
        context.attempt(origin.remove_component, component),
        origin.get_component_availability(component),
        os.path.exists(path),
    ]


def case_unmanaged(api, session, context):
    unmanaged = session.get("Location", api.symbol.UNMANAGED_LOCATION_ID)
    path = context.file("a.txt")
    component = session.create_component(path, location=unmanaged)
    session.commit()
    found = [
        unmanaged.get_filesystem_path(component),
        unmanaged.get_resource_identifier(component),
        named(session, session.get_component_availability(component)),
    ]
    unmanaged.remove_component(component)
    return [*found, os.path.exists(path), named(session, session.get_component_availability(component))]


def case_memory(api, session, context):
    location = disk_location(api, session, context, structure="id")
    api.mixin(location, context.module("entity.location").MemoryLocationMixin, name="MemoryLocation")
    component = session.create_component(context.file("a.txt"), location=location)
    session.commit()
    rows = [row["location"]["name"] for row in component["component_locations"]]
    found = [
        rows,
        location.get_component_availability(component),
        os.path.exists(location.get_filesystem_path(component)),
    ]
    location.remove_component(component)
    return [*found, location.get_component_availability(component), type(location).__name__]


def case_unmanaged_mixin(api, session, context):
    location = disk_location(api, session, context)
    api.mixin(location, context.module("entity.location").UnmanagedLocationMixin, name="UnmanagedLocation")
    location.structure = context.module("structure.origin").OriginStructure()
    location.accessor = context.module("accessor.disk").DiskAccessor(prefix="")
    path = context.file("a.txt")
    component = session.create_component(path, location=location)
    session.commit()
    location.remove_component(component)
    return [os.path.exists(path), location.get_component_availability(component)]


def case_kinds(api, session, context):
    module = context.module("entity.location")
    return {
        location["name"]: [
            kind
            for kind in (
                "OriginLocationMixin",
                "UnmanagedLocationMixin",
                "MemoryLocationMixin",
                "ServerLocationMixin",
            )
            if isinstance(location, getattr(module, kind))
        ]
        + [type(location).__name__]
        for location in session.query("Location").all()
        if location["name"].startswith("ftrack.") and location["name"] != "ftrack.connect"
    }


def case_server(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    content = b"0123456789" * 1000
    component = session.create_component(context.file("a.bin", content), location=server)
    session.commit()
    accessor = server.accessor
    key = server.get_resource_identifier(component)
    stream = accessor.open(key, "rb")
    found = [stream.read(10), stream.tell(), len(stream.read()), stream.read()]
    stream.seek(5)
    found.append(stream.read(3))
    stream.close()
    return [
        *found,
        key == component["id"],
        session._request.get(server.get_url(component)).content == content,
        server.get_thumbnail_url(component).split("?")[0],
        sorted(
            part.split("=")[0]
            for part in server.get_thumbnail_url(component, size=50).split("?")[1].split("&")
        ),
    ]


def case_server_accessor(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    accessor = server.accessor
    return [
        [
            context.attempt(getattr(accessor, name), "a")
            for name in (
                "get_container",
                "make_container",
                "list",
                "exists",
                "is_file",
                "is_container",
                "is_sequence",
            )
        ],
        context.attempt(accessor.get_filesystem_path, "a"),
        context.attempt(lambda: accessor.open("a", "rb").read()),
        context.attempt(accessor.remove, "5a8a3b1c-0000-4000-8000-eeeeeeeeeeee"),
        context.attempt(accessor.remove_container, "a"),
        accessor.get_url("a").split("?")[0],
    ]


def case_server_write(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    component = session.create("FileComponent", {"name": "x", "file_type": ".txt"})
    session.commit()
    stream = server.accessor.open(component["id"], "wb")
    stream.write(b"hello ")
    stream.write(b"you")
    stream.flush()
    stream.close()
    reader = server.accessor.open(component["id"], "rb")
    return reader.read()


def case_server_paths(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    component = session.create_component(context.file("a.txt"), location=server)
    return [
        context.attempt(server.get_filesystem_path, component),
        context.attempt(server.get_filesystem_paths, [component]),
    ]


def case_server_sequence(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    for number in (1, 2):
        context.file(f"in/f.{number}.txt", str(number).encode())
    component = session.create_component(
        os.path.join(context.folder, "in", "f.%d.txt [1-2]"), location=server
    )
    session.commit()
    contents = []
    for member in component["members"]:
        contents.append(server.accessor.open(server.get_resource_identifier(member), "rb").read())
    return [sorted(contents), server.get_component_availability(component)]


def case_urls_of_others(api, session, context):
    location = disk_location(api, session, context, structure="id")
    component = session.create_component(context.file("a.txt"), location=location)
    return [context.attempt(location.get_url, component)]


def case_identifiers_of_several(api, session, context):
    location = disk_location(api, session, context, structure="id")
    one = session.create_component(context.file("a.txt"), location=location)
    two = session.create_component(context.file("b.txt"), location=None)
    session.commit()
    return [
        context.attempt(location.get_resource_identifiers, [one, two]),
        len(location.get_resource_identifiers([one])),
        context.attempt(location.get_resource_identifiers, []),
    ]


def case_transformer(api, session, context):
    base = context.module("resource_identifier_transformer.base")
    calls = []

    class Transformer(base.ResourceIdentifierTransformer):
        def encode(self, resource_identifier, context=None):
            calls.append(["encode", sorted(context or {})])
            return "pre:" + resource_identifier

        def decode(self, resource_identifier, context=None):
            calls.append(["decode", sorted(context or {})])
            return resource_identifier[4:]

    location = disk_location(api, session, context, structure="id")
    location.resource_identifier_transformer = Transformer(session)
    component = session.create_component(context.file("a.txt"), location=location)
    session.commit()
    stored = session.query('ComponentLocation where location_id is "{}"'.format(location["id"])).one()[
        "resource_identifier"
    ]
    path = location.get_filesystem_path(component)
    return [
        stored[:4],
        os.path.exists(path),
        location.get_resource_identifier(component)[:4] == "pre:",
        calls,
        location.resource_identifier_transformer.session is session,
    ]


def case_plain_transformer(api, session, context):
    made = context.module("resource_identifier_transformer.base").ResourceIdentifierTransformer(session)
    return [made.encode("a"), made.decode("b"), made.encode("a", context={"component": None})]


def case_disk_accessor(api, context):
    disk = context.module("accessor.disk").DiskAccessor
    accessor = disk(prefix=context.folder)
    context.file("d/a.txt", b"hello")
    context.file("d/sub/b.txt")
    found = [
        sorted(accessor.list("d")),
        accessor.exists("d/a.txt"),
        accessor.is_file("d"),
        accessor.is_container("d"),
        accessor.is_container("d/a.txt"),
        context.attempt(accessor.is_sequence, "d"),
        accessor.get_container("d/sub/b.txt"),
        accessor.get_filesystem_path("d/a.txt"),
        context.attempt(accessor.get_url, "d/a.txt"),
    ]
    with open(accessor.get_filesystem_path("d/a.txt"), "rb") as stream:
        found.append(stream.read())
    stream = accessor.open("d/a.txt", "rb")
    found.append([stream.read(2), stream.tell(), type(stream).__name__])
    stream.close()
    return found


def case_disk_accessor_writes(api, context):
    accessor = context.module("accessor.disk").DiskAccessor(prefix=context.folder)
    stream = accessor.open("new.txt", "wb")
    stream.write(b"x")
    stream.close()
    accessor.make_container("a/b/c")
    found = [
        tree(context.folder),
        accessor.is_container("a/b/c"),
        context.attempt(accessor.make_container, "a/b/c"),
        context.attempt(accessor.make_container, "x/y/z", recursive=False),
        context.attempt(accessor.make_container, "new.txt/sub"),
    ]
    accessor.remove("new.txt")
    return [
        *found,
        accessor.exists("new.txt"),
        context.attempt(accessor.remove, "nothing"),
        context.attempt(accessor.remove, "a"),
        context.attempt(accessor.remove, "a/b/c"),
    ]


def case_container_where_a_file_is(api, context):
    accessor = context.module("accessor.disk").DiskAccessor(prefix=context.folder)
    context.file("new.txt")
    return accessor.make_container("new.txt")


def case_disk_accessor_errors(api, context):
    accessor = context.module("accessor.disk").DiskAccessor(prefix=context.folder)
    context.file("file.txt")
    os.makedirs(os.path.join(context.folder, "folder"))
    return [
        context.attempt(accessor.list, "nothing"),
        context.attempt(accessor.list, "file.txt"),
        context.attempt(accessor.open, "folder"),
        context.attempt(accessor.open, "nothing"),
        context.attempt(accessor.open, "no/folder.txt", "wb"),
        context.attempt(accessor.get_filesystem_path, "/elsewhere"),
        context.attempt(accessor.get_filesystem_path, "../outside"),
        context.attempt(accessor.get_filesystem_path, ""),
        context.attempt(accessor.get_container, ""),
        context.attempt(accessor.get_container, "file.txt"),
        context.attempt(accessor.remove_container, "folder"),
    ]


def case_disk_accessor_prefixes(api, context):
    disk = context.module("accessor.disk").DiskAccessor
    found = []
    for prefix in ("", "/", "/mnt/x/", "/mnt/x", "/mnt/../x"):
        accessor = disk(prefix=prefix)
        found.append(
            [
                accessor.prefix,
                context.attempt(accessor.get_filesystem_path, "a/b"),
                context.attempt(accessor.get_filesystem_path, "/mnt/x/a"),
                context.attempt(accessor.get_container, "a/b"),
            ]
        )
    return found


def case_accessor_is_abstract(api, context):
    return [
        context.attempt(context.module("accessor.base").Accessor),
        context.attempt(context.module("structure.base").Structure),
    ]


def case_own_accessor(api, session, context):
    base = context.module("accessor.base").Accessor
    data = context.module("data")

    class Kept(base):
        files = {}

        def list(self, resource_identifier):
            return list(self.files)

        def exists(self, resource_identifier):
            return resource_identifier in self.files

        is_file = exists

        def is_container(self, resource_identifier):
            return False

        def is_sequence(self, resource_identifier):
            return False

        def open(self, resource_identifier, mode="rb"):
            files = self.files

            class Kept(data.String):
                def flush(self):
                    self.seek(0)
                    files[resource_identifier] = self.read()

            return Kept(self.files.get(resource_identifier))

        def remove(self, resource_identifier):
            del self.files[resource_identifier]

        def make_container(self, resource_identifier, recursive=True):
            pass

        def get_container(self, resource_identifier):
            return resource_identifier.rsplit("/", 1)[0]

    location = disk_location(api, session, context, structure="id")
    location.accessor = Kept()
    component = session.create_component(context.file("a.txt", b"content"), location=location)
    session.commit()
    found = [
        list(Kept.files.values()),
        context.attempt(location.get_filesystem_path, component),
        context.attempt(location.get_url, component),
        context.attempt(Kept().remove_container, "x"),
    ]
    location.remove_component(component)
    return [*found, list(Kept.files)]


def case_structures(api, session, context):
    module = context.module
    project = context.project(session)
    component = session.create_component(context.file("a.tar.gz"), location=None)
    sequence = session.create_component("/nowhere/f.%04d.exr [1-3]", {"name": "Röntgen / x"}, location=None)
    session.commit()
    found = []
    for name, kind in (
        ("id", "IdStructure"),
        ("entity_id", "EntityIdStructure"),
        ("origin", "OriginStructure"),
    ):
        structure = getattr(module(f"structure.{name}"), kind)()
        row = [structure.prefix]
        for entity in (component, sequence, sequence["members"][0], project):
            made = context.attempt(structure.get_resource_identifier, entity)
            row.append(made if isinstance(made, dict) else [len(made), os.path.splitext(made)[1]])
        made = context.attempt(
            structure.get_resource_identifier, component, context={"source_resource_identifier": "/a/b.txt"}
        )
        row.append(
            made
            if isinstance(made, dict) or name == "origin"
            else [len(made), made.replace("/", "").startswith(component["id"])]
        )
        found.append(row)
    return found


def case_standard_structure(api, session, context):
    standard = context.module("structure.standard").StandardStructure
    version = version_of(session, context)
    names = ["main", "Söq", "a b/c:d", "x" * 20, "..", "A.B"]
    components = [
        version.create_component(context.file(f"{i}.txt"), {"name": name}, location=None)
        for i, name in enumerate(names)
    ]
    sequence = version.create_component("/nowhere/f.%04d.exr [1-3]", {"name": "render"}, location=None)
    session.commit()
    found = []
    for structure in (
        standard(),
        standard("published"),
        standard(illegal_character_substitute="-"),
        standard(illegal_character_substitute=None),
        standard(illegal_character_substitute=""),
    ):
        found.append(
            [
                context.attempt(structure.get_resource_identifier, c)
                for c in (*components, sequence, sequence["members"][0])
            ]
        )
    return found


def case_standard_structure_without_context(api, session, context):
    standard = context.module("structure.standard").StandardStructure
    project = context.project(session)
    asset = session.create(
        "Asset", {"name": "on project", "parent": project, "type": session.query("AssetType").first()}
    )
    version = session.create("AssetVersion", {"asset": asset})
    uncommitted = version.create_component(context.file("b.txt"), {"name": "m"}, location=None)
    early = context.attempt(standard().get_resource_identifier, uncommitted)
    session.commit()
    return [
        early if isinstance(early, dict) else "fine",
        standard().get_resource_identifier(uncommitted),
        standard("pub").get_resource_identifier(uncommitted),
        context.attempt(standard().get_resource_identifier, project),
        context.attempt(standard().get_resource_identifier, version),
    ]


def case_standard_structure_without_version(api, session, context):
    component = session.create_component(context.file("a.txt"), location=None)
    session.commit()
    context.module("structure.standard").StandardStructure().get_resource_identifier(component)


def case_standard_structure_parts(api, context):
    structure = context.module("structure.standard").StandardStructure()
    plain = context.module("structure.standard").StandardStructure(illegal_character_substitute=None)
    return [
        [
            structure.sanitise_for_filesystem(text)
            for text in ("abc", "Ä ö", "a/b\\c", " x ", "", "日本", "A.B-C_d", "ﬁ", "a'b\"c", "tab\t")
        ],
        [plain.sanitise_for_filesystem(text) for text in ("a b", "Ä")],
        [structure._format_version(number) for number in (1, 12, 1234)],
    ]


def case_standard_structure_of_containers(api, session, context):
    standard = context.module("structure.standard").StandardStructure()
    version = version_of(session, context)
    container = session.create("ContainerComponent", {"name": "box", "version": version})
    member = session.create_component(
        context.file("a.txt"), {"name": "in", "container": container}, location=None
    )
    session.commit()
    return [
        context.attempt(standard.get_resource_identifier, container),
        context.attempt(standard.get_resource_identifier, member),
    ]


def case_sequence_expressions(api, session, context):
    structure = context.module("structure.id").IdStructure()
    found = []
    for text in ("f.%04d.exr [1-3]", "f.%d.exr [1-3]", "f.%04d.exr [7]"):
        component = session.create_component(f"/nowhere/{text}", location=None)
        found.append(structure._get_sequence_expression(component))
    return found


def case_storage_scenario_topics(api, session, context):
    module = context.module("_centralized_storage_scenario")
    seen = []
    session.event_hub.subscribe(
        "topic=ftrack.storage-scenario.activate", lambda event: seen.append(sorted(event["data"]))
    )
    session._configure_locations()
    return [seen, module.scenario_name, callable(module.register), callable(module.register_configuration)]


def case_storage_scenario_activate(api, session, context):
    module = context.module("_centralized_storage_scenario")
    location = session.create("Location", {"name": context.name})
    session.commit()
    module.register(session)
    event = api.event.base.Event(
        topic="ftrack.storage-scenario.activate",
        data={
            "storage_scenario": {
                "scenario": "ftrack.centralized-storage",
                "data": {
                    "location_id": location["id"],
                    "location_name": location["name"],
                    "accessor": {
                        "mount_points": {
                            "linux": context.folder,
                            "windows": context.folder,
                            "osx": context.folder,
                        }
                    },
                    "structure": {"id": "standard", "name": "standard"},
                    "priority": 3,
                },
            }
        },
    )
    session.event_hub.publish(event, synchronous=True)
    return [
        type(location.accessor).__name__,
        location.accessor.prefix if location.accessor else None,
        type(location.structure).__name__,
        location.priority,
    ]


def case_storage_scenario_verify(api, session, context):
    module = context.module("_centralized_storage_scenario")
    location = session.create("Location", {"name": context.name})
    session.commit()
    module.register(session)
    found = []
    for folder in (context.folder, os.path.join(context.folder, "nothing"), None):
        mounts = {"linux": folder, "windows": folder, "osx": folder} if folder else {}
        event = api.event.base.Event(
            topic="ftrack.storage-scenario.verify",
            data={
                "storage_scenario": {
                    "scenario": "ftrack.centralized-storage",
                    "data": {
                        "location_id": location["id"],
                        "location_name": context.name,
                        "accessor": {"mount_points": mounts},
                    },
                }
            },
        )
        results = context.attempt(session.event_hub.publish, event, synchronous=True)
        found.append(results if isinstance(results, dict) else len(results))
    return found


def case_storage_scenario_configuration(api, session, context):
    module = context.module("_centralized_storage_scenario")
    module.register_configuration(session)
    discovered = session.event_hub.publish(
        api.event.base.Event(topic="ftrack.storage-scenario.discover"), synchronous=True
    )
    result = session.event_hub.publish(
        api.event.base.Event(
            topic="ftrack.storage-scenario.configure",
            data={"configuration": {}, "scenario": "ftrack.centralized-storage"},
        ),
        synchronous=True,
    )
    return [[sorted(item) for item in discovered], [sorted(item) for item in result], len(result)]


class Wizard:
    """Fills in one form of the storage wizard after the other, as the web interface does."""

    def __init__(self, api, session, context):
        self.api, self.session, self.hidden = api, session, {}
        context.module("_centralized_storage_scenario").register_configuration(session)
        self.setting = session.create(
            "Setting", {"name": "storage_scenario", "group": "STORAGE", "value": ""}
        )
        session.commit()

    def answer(self, **values):
        event = self.api.event.base.Event(
            topic="ftrack.storage-scenario.configure",
            data={"scenario_id": "ftrack.centralized-storage", "values": {**self.hidden, **values}},
            source={"id": "web", "user": {"username": self.session.api_user}},
        )
        answers = self.session.event_hub.publish(event, synchronous=True)
        form = next((each for each in answers if each is not None), None)
        items = form["items"] if form else []
        self.hidden = {item["name"]: item["value"] for item in items if item["type"] == "hidden"}
        shown = [
            # The proposed description is a sentence of our own.
            [
                item["type"],
                item.get("name"),
                None
                if "The " in str(item.get("value")) or "Where" in str(item.get("value"))
                else item.get("value"),
            ]
            for item in items
            if item["type"] not in ("label", "hidden")
        ]
        configuration = self.hidden.get("configuration") or {}
        return form and [form["state"], shown, self.hidden.get("step"), sorted(configuration)]

    def close(self):
        self.session.delete(self.setting)
        self.session.commit()


def case_storage_scenario_wizard(api, session, context):
    import json

    wizard = Wizard(api, session, context)
    mounts = {
        "linux_mount_point": context.folder,
        "osx_mount_point": context.folder,
        "windows_mount_point": context.folder,
    }
    found = [
        wizard.answer(),
        wizard.answer(location_id="create_new_location"),
        wizard.answer(location_label="", location_name="", location_description=""),
        wizard.answer(location_label="x", location_name="ftrack.server", location_description="y"),
        wizard.answer(location_label="Lab", location_name=context.name, location_description="All"),
        wizard.answer(**mounts),
        wizard.answer(),
    ]
    kept = json.loads(wizard.setting["value"])
    location = session.query(f'Location where name is "{context.name}"').one()
    again = wizard.answer()
    wizard.close()
    return [found, kept, [location["label"], location["description"]], again[0]]


def case_storage_scenario_wizard_of_a_known_location(api, session, context):
    import json

    wizard = Wizard(api, session, context)
    location = session.create("Location", {"name": context.name, "label": "Old", "description": "d"})
    session.commit()
    found = [
        wizard.answer()[0],
        wizard.answer(location_id=None),
        wizard.answer(location_id=location["id"]),
        wizard.answer(linux_mount_point="/l", osx_mount_point="/o", windows_mount_point="w:"),
        wizard.answer(),
    ]
    kept = json.loads(wizard.setting["value"])
    wizard.close()
    return [found, kept]


def case_storage_scenario_verify_startup(api, session, context):
    location = session.create("Location", {"name": context.name})
    session.commit()
    context.module("_centralized_storage_scenario").register(session)
    found = []
    for folder in (context.folder, os.path.join(context.folder, "nothing")):
        points = {"linux": folder, "windows": folder, "osx": folder}
        data = {
            "location_id": location["id"],
            "location_name": context.name,
            "accessor": {"mount_points": points},
        }
        event = api.event.base.Event(
            topic="ftrack.connect.verify-startup",
            data={"storage_scenario": {"scenario": "ftrack.centralized-storage", "data": data}},
        )
        found.append([bool(answer) for answer in session.event_hub.publish(event, synchronous=True)])
    return found


def case_storage_scenario_of_a_session(api, session, context):
    module = context.module("_centralized_storage_scenario")
    made = module.ConfigureCentralizedStorageScenario()
    made.session = session
    activate = module.ActivateCentralizedStorageScenario()
    return [
        context.attempt(lambda: type(made.storage_scenario).__name__),
        context.attempt(lambda: made.existing_centralized_storage_configuration),
        context.attempt(activate.register, session),
        context.attempt(made.register, session),
    ]


def case_server_file(api, session, context):
    server = session.get("Location", api.symbol.SERVER_LOCATION_ID)
    component = session.create_component(context.file("a.bin", b"0123456789"), location=server)
    session.commit()
    kind = context.module("accessor.server").ServerFile
    reader = kind(component["id"], session)
    found = [reader.read(), isinstance(server.accessor.open(component["id"]), kind), reader.tell()]
    missing = kind("5a8a3b1c-0000-4000-8000-ffffffffffff", session)
    return [*found, context.attempt(missing.read), reader.wrapped_file is not None]


def case_server_file_written(api, session, context):
    component = session.create("FileComponent", {"name": "x", "file_type": ".txt"})
    session.commit()
    kind = context.module("accessor.server").ServerFile
    writer = kind(component["id"], session, mode="wb")
    writer.write(b"abc")
    writer.seek(1)
    writer.write(b"X")
    writer.flush()
    writer.write(b"Y")
    writer.close()
    return kind(component["id"], session).read()


def case_error_handler(api, context):
    handler = context.module("accessor.disk").error_handler
    found = []
    for number in (1, 2, 13, 17, 20, 21, 39):

        def fail(number=number):
            with handler(operation="open", resource_identifier="a/b"):
                raise OSError(number, "text")

        found.append(context.attempt(fail))

    def fail_otherwise():
        with handler(operation="open", resource_identifier="a/b"):
            raise ValueError("x")

    return [*found, context.attempt(fail_otherwise)]


def case_hooks_of_locations(api, session, context):
    """Methods that studios override are called."""
    calls = []
    location = disk_location(api, session, context, structure="id")

    class Loud:
        def _add_data(self, component, resource_identifier, source):
            calls.append("add data")
            return super()._add_data(component, resource_identifier, source)

        def _remove_data(self, component):
            calls.append("remove data")
            return super()._remove_data(component)

        def _register_component_in_location(self, component, resource_identifier):
            calls.append("register")
            return super()._register_component_in_location(component, resource_identifier)

        def _register_components_in_location(self, components, resource_identifiers):
            calls.append(["register", len(components), len(resource_identifiers)])
            return super()._register_components_in_location(components, resource_identifiers)

        def _deregister_component_in_location(self, component):
            calls.append("deregister")
            return super()._deregister_component_in_location(component)

        def _get_resource_identifiers(self, components):
            calls.append(["identifiers", len(components)])
            return super()._get_resource_identifiers(components)

        def _get_context(self, component, source):
            found = super()._get_context(component, source)
            calls.append(["context", sorted(found)])
            return found

    api.mixin(location, Loud, name="Loud")
    component = session.create_component(context.file("a.txt"), location=location)
    added, calls[:] = list(calls), []
    location.get_filesystem_path(component)
    asked, calls[:] = list(calls), []
    location.remove_component(component)
    return [added, asked, calls]


def case_own_structure(api, session, context):
    seen = []

    class Flat(context.module("structure.base").Structure):
        def get_resource_identifier(self, entity, context=None):
            seen.append(sorted(context or {}))
            return f"{self.prefix}/{entity['name']}{entity['file_type']}"

    location = disk_location(api, session, context)
    location.structure = Flat(prefix="flat")
    session.create_component(context.file("a.txt"), {"name": "n"}, location=location)
    return [seen, tree(os.path.join(context.folder, "disk"))]
