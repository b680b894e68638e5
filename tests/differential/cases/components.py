"""Components, locations, uploads."""

import importlib
import os


def version_of(session, context):
    project = context.project(session)
    shot = session.create("Shot", {"name": "sh", "parent": project})
    kind = session.query('AssetType where name is "Upload"').one()
    asset = session.create("Asset", {"name": "a", "parent": shot, "type": kind})
    version = session.create("AssetVersion", {"asset": asset})
    session.commit()
    return version


def case_create_component(api, session, context):
    component = session.create_component(context.file("a.txt"), location=None)
    return [
        component.entity_type,
        component["name"],
        component["file_type"],
        component["size"],
        api.inspection.state(component),
    ]


def case_create_component_with_data(api, session, context):
    component = session.create_component(
        context.file("a.tar.gz"), data={"name": "x", "size": 5}, location=None
    )
    return [component["name"], component["file_type"], component["size"]]


def case_create_sequence(api, session, context):
    component = session.create_component("/nowhere/file.%04d.exr [1-3, 5]", location=None)
    session.commit()
    members = component["members"]
    return [
        component.entity_type,
        component["padding"],
        component["file_type"],
        len(members),
        sorted(m["name"] for m in members),
        component["size"],
    ]


def case_create_on_version_in_server(api, session, context):
    version = version_of(session, context)
    location = session.query('Location where name is "ftrack.server"').one()
    component = version.create_component(
        context.file("a.txt", b"hello"), data={"name": "main"}, location=location
    )
    session.commit()
    rows = component["component_locations"]
    accessor = location.accessor
    with accessor.open(location.get_resource_identifier(component), "rb") as stream:
        content = stream.read()
    return [[row["location"]["name"] for row in rows], content, session.get_component_availability(component)]


def case_locations(api, session, context):
    found = session.query("Location").all()
    return sorted(
        (location["name"], location.priority) for location in found if location["name"] != "ftrack.connect"
    )


def case_accessors(api, session, context):
    return [
        [location["name"], type(location.accessor).__name__, type(location.structure).__name__]
        for location in session.query("Location order by name").all()
    ]


def case_pick_location(api, session, context):
    return session.pick_location()["name"]


def case_pick_location_of_component(api, session, context):
    component = session.create_component(context.file("a.txt"), location=None)
    return session.pick_location(component)["name"]


def case_auto_location(api, session, context):
    path = context.file("a.txt")
    component = session.create_component(path)
    session.commit()
    location = session.pick_location(component)
    return [location["name"], os.path.basename(location.get_filesystem_path(component))]


def case_add_twice(api, session, context):
    location = session.query('Location where name is "ftrack.server"').one()
    component = session.create_component(context.file("a.txt"), location=location)
    location.add_component(component, session.query('Location where name is "ftrack.origin"').one())


def case_remove(api, session, context):
    location = session.query('Location where name is "ftrack.server"').one()
    component = session.create_component(context.file("a.txt"), location=location)
    session.commit()
    location.remove_component(component)
    session.commit()
    return [
        session.get_component_availability(component)[location["id"]],
        location.get_component_availability(component),
    ]


def case_not_in_location(api, session, context):
    location = session.query('Location where name is "ftrack.server"').one()
    component = session.create_component(context.file("a.txt"), location=None)
    session.commit()
    location.get_resource_identifier(component)


def case_filesystem_path_on_server(api, session, context):
    location = session.query('Location where name is "ftrack.server"').one()
    component = session.create_component(context.file("a.txt"), location=location)
    session.commit()
    location.get_filesystem_path(component)


def case_get_url(api, session, context):
    location = session.query('Location where name is "ftrack.server"').one()
    component = session.create_component(context.file("a.txt"), location=location)
    session.commit()
    url = location.get_url(component)
    return [
        url.split("?")[0].split("/", 3)[3],
        sorted(part.split("=")[0] for part in url.split("?")[1].split("&")),
    ]


def case_thumbnail(api, session, context):
    project = context.project(session)
    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
        "18dd8db00000000049454e44ae426082"
    )
    component = project.create_thumbnail(context.file("t.png", png))
    session.commit()
    return [component["name"], project["thumbnail"] is component, project["thumbnail_url"] is not None]


def case_get_upload_metadata(api, session, context):
    found = session.get_upload_metadata("x-y-z", "a.txt", 7)
    return [sorted(found.keys()), found["component_id"]]


def case_standard_structure(api, session, context):
    importlib.import_module(api.__name__ + ".structure.id")
    version = version_of(session, context)
    component = version.create_component(context.file("a.txt"), data={"name": "m"}, location=None)
    session.commit()
    return [
        api.structure.standard.StandardStructure().get_resource_identifier(component),
        api.structure.standard.StandardStructure(project_versions_prefix="pub").get_resource_identifier(
            component
        ),
        len(api.structure.id.IdStructure(prefix="p").get_resource_identifier(component)),
    ]


def case_standard_structure_of_sequence(api, session, context):
    version = version_of(session, context)
    component = version.create_component("/nowhere/f.%04d.exr [1-2]", data={"name": "Söq"}, location=None)
    session.commit()
    structure = api.structure.standard.StandardStructure()
    return [structure.get_resource_identifier(component)] + sorted(
        structure.get_resource_identifier(m) for m in component["members"]
    )


def case_disk_location(api, session, context):
    location = session.ensure("Location", {"name": context.name})
    location.accessor = api.accessor.disk.DiskAccessor(prefix=context.folder)
    location.structure = api.structure.standard.StandardStructure()
    location.priority = 1
    version = version_of(session, context)
    component = version.create_component(
        context.file("in/a.txt", b"x"), data={"name": "m"}, location=location
    )
    session.commit()
    path = location.get_filesystem_path(component)
    return [
        os.path.relpath(path, context.folder),
        os.path.exists(path),
        session.get_component_availability(component)[location["id"]],
        session.pick_location(component)["name"],
    ]


def case_disk_accessor(api, context):
    accessor = api.accessor.disk.DiskAccessor(prefix=context.folder)
    context.file("d/a.txt")
    return [
        accessor.list("d"),
        accessor.exists("d/a.txt"),
        accessor.is_file("d/a.txt"),
        accessor.is_container("d"),
        accessor.get_container("d/a.txt"),
        accessor.exists("nope"),
    ]


def case_disk_accessor_escapes(api, context):
    api.accessor.disk.DiskAccessor(prefix=context.folder).get_filesystem_path("/elsewhere/x")


def case_disk_accessor_missing(api, context):
    api.accessor.disk.DiskAccessor(prefix=context.folder).open("nope", "rb")


def case_encode_media(api, session, context):
    location = session.query('Location where name is "ftrack.server"').one()
    component = session.create_component(context.file("a.mov"), location=location)
    session.commit()
    job = session.encode_media(component)
    return [job.entity_type, job["status"] in ("queued", "running", "failed"), job["type"]]
