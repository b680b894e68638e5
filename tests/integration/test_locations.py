"""Locations: adding, finding, moving and removing the data of components."""

from __future__ import annotations

import os

import pytest

from ftrack_review import exception, symbol
from ftrack_review.accessor.disk import DiskAccessor
from ftrack_review.entity.factory import mixin
from ftrack_review.entity.location import Location, MemoryLocationMixin, UnmanagedLocationMixin
from ftrack_review.resource_identifier_transformer.base import ResourceIdentifierTransformer
from ftrack_review.structure.id import IdStructure
from ftrack_review.structure.standard import StandardStructure


def make_disk(session, folder, name="studio.disk", priority=1):
    location = session.create("Location", {"name": name})
    location.accessor = DiskAccessor(prefix=str(folder))
    location.structure = IdStructure()
    location.priority = priority
    session.commit()
    return location


@pytest.fixture
def disk(session, tmp_path):
    return make_disk(session, tmp_path / "disk")


@pytest.fixture
def origin(session):
    return session.get("Location", symbol.ORIGIN_LOCATION_ID)


@pytest.fixture
def unmanaged(session):
    return session.get("Location", symbol.UNMANAGED_LOCATION_ID)


@pytest.fixture
def server(session):
    return session.get("Location", symbol.SERVER_LOCATION_ID)


@pytest.fixture
def movie(tmp_path):
    path = tmp_path / "m.mov"
    path.write_bytes(b"movie")
    return str(path)


@pytest.fixture
def frames(tmp_path):
    for number in (1, 2, 3, 5):
        (tmp_path / f"file.{number:04d}.exr").write_bytes(b"x" * number)
    return str(tmp_path / "file.%04d.exr [1-3, 5]")


@pytest.fixture
def told(session):
    """What subscribers of the location events hear, while the hub is not connected."""
    heard = []
    session.event_hub.subscribe(
        "topic=ftrack.location.*",
        lambda event: heard.append(
            (
                event["topic"].rpartition("-")[2],
                event["data"]["component_id"],
                event["data"]["location_id"],
            )
        ),
    )
    return heard


def files_below(folder):
    return sorted(
        os.path.relpath(os.path.join(root, name), folder)
        for root, _, names in os.walk(folder)
        for name in names
    )


def test_the_built_in_locations(session):
    found = {
        key: session.get("Location", getattr(symbol, f"{key}_LOCATION_ID"))
        for key in ("UNMANAGED", "ORIGIN", "REVIEW", "SERVER", "CONNECT")
    }
    assert {key: location.priority for key, location in found.items()} == {
        "UNMANAGED": 90,
        "ORIGIN": 100,
        "REVIEW": 110,
        "SERVER": 150,
        "CONNECT": 95,
    }
    assert str(found["SERVER"]) == f'<ServerLocation("ftrack.server", {symbol.SERVER_LOCATION_ID})>'
    assert isinstance(found["ORIGIN"], UnmanagedLocationMixin)
    assert isinstance(found["ORIGIN"], MemoryLocationMixin)
    assert not found["CONNECT"].accessor
    assert session.query('Location where name is "ftrack.server"').one() is found["SERVER"]
    assert session.pick_location() is found["UNMANAGED"]


def test_plugins_configure_locations_also_after_a_reset(session, tmp_path):
    seen = []

    def configure(event):
        seen.append(event["data"]["session"])

    session.event_hub.subscribe("topic=ftrack.api.session.configure-location", configure)
    session.reset()
    assert seen == [session]
    assert session.pick_location()["name"] == "ftrack.unmanaged"
    assert str(session.get("Location", symbol.SERVER_LOCATION_ID)).startswith("<ServerLocation(")


def test_a_file_is_copied_and_recorded(session, disk, origin, movie, tmp_path, told):
    component = session.create_component(movie, {"name": "n"}, location=None)
    session.commit()
    del told[:]
    disk.add_component(component, origin)
    identifier = disk.get_resource_identifier(component)
    assert identifier == IdStructure().get_resource_identifier(component)
    assert files_below(tmp_path / "disk") == [identifier.replace("/", os.sep)]
    assert disk.get_filesystem_path(component) == str(tmp_path / "disk" / identifier)
    assert (tmp_path / "disk" / identifier).read_bytes() == b"movie"
    assert told == [("added", component["id"], disk["id"])]
    record = session.query(f'ComponentLocation where component_id is "{component["id"]}"').one()
    assert (record["resource_identifier"], record["location_id"]) == (identifier, disk["id"])
    with pytest.raises(exception.AccessorUnsupportedOperationError):
        disk.get_url(component)
    with pytest.raises(exception.ComponentInLocationError, match=r"FileComponent.*") as caught:
        disk.add_component(component, origin)
    assert caught.value.details["components"] == [component]


def test_several_at_once_from_one_source_or_several(session, disk, origin, unmanaged, movie):
    one, two, three = (session.create_component(movie, location=None) for _ in range(3))
    disk.add_components([one, two], origin)
    unmanaged.add_component(three, origin)
    disk.add_components([three], [unmanaged])
    assert len(disk.get_filesystem_paths([three, one, one])) == 3
    assert disk.get_resource_identifiers([]) == []
    disk.add_components([], [])
    with pytest.raises(ValueError, match="2 components and 3 sources"):
        disk.add_components([one, two], [origin, origin, origin])


def test_what_is_missing_is_named(session, disk, movie):
    one, two = (session.create_component(movie, location=None) for _ in range(2))
    disk.add_component(one, session.get("Location", symbol.ORIGIN_LOCATION_ID))
    with pytest.raises(exception.ComponentNotInLocationError) as caught:
        disk.get_resource_identifiers([one, two])
    assert caught.value.details["components"] == [two]
    with pytest.raises(exception.ComponentNotInLocationError):
        disk.remove_component(two)


def test_a_sequence_with_its_members_in_few_requests(
    session, disk, origin, frames, tmp_path, told, requests_sent
):
    component = session.create_component(frames, {"name": "plate"}, location=None)
    session.commit()
    del told[:], requests_sent[:]
    disk.add_component(component, origin)
    # One question whether anything is there already, and one commit.
    assert len(requests_sent) == 2
    folder = disk.get_resource_identifier(component).rpartition("/")[0]
    names = [f"{folder}/file.{number:04d}.exr" for number in (1, 2, 3, 5)]
    assert files_below(tmp_path / "disk") == [name.replace("/", os.sep) for name in names]
    assert disk.get_resource_identifiers(list(component["members"])) == names
    assert disk.get_resource_identifier(component) == f"{folder}/file.%04d.exr"
    assert [key for _, key, _ in told] == [*(m["id"] for m in component["members"]), component["id"]]
    del told[:], requests_sent[:]
    disk.remove_component(component)
    # Two questions, where the data and the records are, and one commit.
    assert len(requests_sent) == 3
    assert files_below(tmp_path / "disk") == []
    assert len(told) == 5
    assert {kind for kind, _, _ in told} == {"removed"}
    assert session.query("ComponentLocation").all() == []


def test_a_sequence_moves_on_in_few_requests(session, disk, frames, tmp_path, requests_sent):
    sequence = session.create_component(frames, location=disk)
    other = make_disk(session, tmp_path / "other", name="studio.other")
    del requests_sent[:]
    other.add_component(sequence, disk)
    # Whether it is there, where it comes from, and the commit.
    assert len(requests_sent) == 3
    assert files_below(tmp_path / "other") == files_below(tmp_path / "disk")
    third = make_disk(session, tmp_path / "third", name="studio.third")
    disk.remove_component(sequence, recursive=False)
    third.add_component(sequence, disk)
    assert third.get_component_availability(sequence) == 100.0


def test_a_removal_that_breaks_off_leaves_no_record_without_data(session, disk, frames, monkeypatch):
    sequence = session.create_component(frames, location=disk)
    last = sequence["members"][3]
    stuck = disk.get_resource_identifier(last)
    remove = disk.accessor.remove

    def refuse(identifier):
        if identifier == stuck:
            raise exception.AccessorPermissionDeniedError("remove", resource_identifier=identifier)
        remove(identifier)

    monkeypatch.setattr(disk.accessor, "remove", refuse)
    with pytest.raises(exception.AccessorPermissionDeniedError):
        disk.remove_component(sequence)
    assert disk.get_component_availability(sequence) == 25.0
    assert disk.get_resource_identifier(last) == stuck


def test_availability_is_a_share_of_the_members(session, disk, origin, server, frames, movie):
    sequence = session.create_component(frames, location=disk)
    single = session.create_component(movie, location=None)
    session.commit()
    assert session.get_component_availabilities([sequence, single], locations=[disk, server]) == [
        {disk["id"]: 100.0, server["id"]: 0.0},
        {disk["id"]: 0.0, server["id"]: 0.0},
    ]
    disk.remove_component(sequence["members"][0])
    assert disk.get_component_availability(sequence) == 75.0
    assert disk.get_component_availabilities([sequence, single]) == [75.0, 0.0]
    assert sequence.get_availability()[disk["id"]] == 75.0
    assert set(single.get_availability().values()) == {0.0}
    assert len(single.get_availability()) == 6
    # Removing what is not wholly there changes nothing.
    with pytest.raises(exception.ComponentNotInLocationError):
        disk.remove_component(sequence)
    assert disk.get_component_availability(sequence) == 75.0
    disk.remove_component(sequence, recursive=False)
    assert disk.get_component_availability(sequence) == 75.0


def test_without_recursion_members_stay_where_they_are(session, disk, origin, frames):
    sequence = session.create_component(frames, location=None)
    disk.add_component(sequence, origin, recursive=False)
    assert disk.get_component_availability(sequence) == 0.0
    assert disk.get_resource_identifier(sequence)
    with pytest.raises(exception.ComponentNotInLocationError):
        disk.get_resource_identifier(sequence["members"][0])


def test_an_empty_container_counts_by_itself(session, disk, origin):
    container = session.create("ContainerComponent", {"name": "empty"})
    session.commit()
    assert disk.get_component_availability(container) == 0.0
    session.create(
        "ComponentLocation", {"component": container, "location": disk, "resource_identifier": "x"}
    )
    session.commit()
    assert disk.get_component_availability(container) == 100.0


def test_the_preferred_location_is_picked(session, disk, server, movie, tmp_path):
    later = make_disk(session, tmp_path / "later", name="studio.later", priority=200)
    component = session.create_component(movie, location=later)
    other = session.create_component(movie, location=None)
    session.commit()
    assert session.pick_location() is disk
    assert session.pick_location(component) is later
    assert session.pick_location(other) is None
    server.add_component(component, later)
    assert session.pick_locations([component, other]) == [server, None]
    auto = session.create_component(movie)
    assert session.pick_location(auto) is disk


def test_a_version_can_be_copied_from_the_server(session, disk, server, movie, tmp_path):
    component = session.create_component(movie, location=server)
    disk.add_component(component, server)
    with open(disk.get_filesystem_path(component), "rb") as file:
        assert file.read() == b"movie"
    disk.remove_component(component)
    server.remove_component(component)
    with pytest.raises(exception.ComponentNotInLocationError):
        server.get_url(component)


def test_readable_paths(session, version, origin, movie, tmp_path):
    disk = make_disk(session, tmp_path / "disk")
    disk.structure = StandardStructure()
    component = version.create_component(movie, {"name": "My Main"}, location=disk)
    assert disk.get_resource_identifier(component) == "film/sh010/comp/v001/my_main.mov"


@pytest.mark.parametrize("lacking", ["accessor", "structure"])
def test_a_location_that_is_not_configured_says_so(session, disk, origin, movie, lacking):
    setattr(disk, lacking, symbol.NOT_SET)
    component = session.create_component(movie, location=None)
    with pytest.raises(exception.LocationError, match=f"has no {lacking}"):
        disk.add_component(component, origin)


def test_data_is_never_overwritten(session, disk, origin, movie):
    component = session.create_component(movie, location=None)
    path = disk.accessor.get_filesystem_path(disk.structure.get_resource_identifier(component))
    os.makedirs(os.path.dirname(path))
    with open(path, "w") as file:
        file.write("precious")
    with pytest.raises(exception.LocationError, match="data at") as caught:
        disk.add_component(component, origin)
    assert caught.value.details["component"] is component
    with open(path) as file:
        assert file.read() == "precious"


def test_what_was_copied_before_an_error_is_removed_again(session, disk, origin, unmanaged, movie, tmp_path):
    one, two = (session.create_component(movie, location=None) for _ in range(2))
    with pytest.raises(exception.LocationError, match="Not in location.*unmanaged") as caught:
        disk.add_components([one, two], [origin, unmanaged])
    assert caught.value.details["transferred"] == []
    assert files_below(tmp_path / "disk") == []
    disk.add_components([one, two], origin)


def test_half_a_copy_is_removed(session, disk, origin, movie, tmp_path, monkeypatch):
    component = session.create_component(movie, location=None)
    open_ = disk.accessor.open

    def full(identifier, mode="rb"):
        data = open_(identifier, mode)

        def write(content):
            type(data).write(data, content[:2])
            raise OSError(28, "No space left on device")

        data.write = write
        return data

    monkeypatch.setattr(disk.accessor, "open", full)
    with pytest.raises(exception.LocationError, match="No space left on device"):
        disk.add_component(component, origin)
    assert files_below(tmp_path / "disk") == []
    assert session.query("ComponentLocation").all() == []


def test_a_source_has_to_be_a_location(session, disk, movie):
    component = session.create_component(movie, location=None)
    with pytest.raises(exception.LocationError, match="'/foo' is not a location"):
        disk.add_component(component, "/foo")


def test_origin_keeps_paths_in_memory(session, origin, movie, told, requests_sent):
    component = session.create_component(movie, location=None)
    assert requests_sent == []
    assert told == [("added", component["id"], origin["id"])]
    assert origin.get_filesystem_path(component) == movie
    origin.remove_component(component)
    with pytest.raises(exception.ComponentNotInLocationError):
        origin.get_resource_identifier(component)
    origin.add_component(component, "/foo/bar.mov")
    assert origin.get_filesystem_path(component) == "/foo/bar.mov"
    assert requests_sent == []


def test_unmanaged_locations_leave_the_data_alone(session, origin, unmanaged, movie):
    component = session.create_component(movie, location=None)
    unmanaged.add_component(component, origin)
    assert unmanaged.get_filesystem_path(component) == movie
    unmanaged.remove_component(component)
    assert os.path.exists(movie)


def test_resource_identifiers_can_be_recorded_in_another_form(session, disk, origin, movie):
    class Prefixed(ResourceIdentifierTransformer):
        def encode(self, resource_identifier, context=None):
            return f"E:{context['component']['name']}:{resource_identifier}"

        def decode(self, resource_identifier, context=None):
            head = f"E:{context['component']['name']}:"
            assert resource_identifier.startswith(head)
            return resource_identifier[len(head) :]

    disk.resource_identifier_transformer = Prefixed(session)
    component = session.create_component(movie, {"name": "n"}, location=disk)
    record = session.query("ComponentLocation").one()
    plain = disk.structure.get_resource_identifier(component)
    assert record["resource_identifier"] == f"E:n:{plain}"
    assert disk.get_filesystem_path(component) == disk.accessor.get_filesystem_path(plain)
    disk.remove_component(component)
    plain = ResourceIdentifierTransformer(session)
    assert plain.encode("a") == plain.decode("a") == "a"


def test_a_location_of_a_studio_may_record_elsewhere(session, movie):
    """Scripts override the four methods that MemoryLocationMixin does."""
    kept = {}

    class Elsewhere(UnmanagedLocationMixin):
        def _register_component_in_location(self, component, resource_identifier):
            kept[component["id"]] = resource_identifier

        def _register_components_in_location(self, components, resource_identifiers):
            for component, identifier in zip(components, resource_identifiers):
                self._register_component_in_location(component, identifier)

        def _deregister_component_in_location(self, component):
            del kept[component["id"]]

        def _get_resource_identifiers(self, components):
            missing = [component for component in components if component["id"] not in kept]
            if missing:
                raise exception.ComponentNotInLocationError(missing, self)
            return [kept[component["id"]] for component in components]

    location = session.create("Location", {"name": "studio.elsewhere"})
    mixin(location, Elsewhere, name="ElsewhereLocation")
    location.accessor = DiskAccessor(prefix="")
    location.structure = session.get("Location", symbol.ORIGIN_LOCATION_ID).structure
    component = session.create_component(movie, location=location)
    assert kept == {component["id"]: movie}
    with pytest.raises(exception.ComponentInLocationError):
        location.add_component(component, session.get("Location", symbol.ORIGIN_LOCATION_ID))
    location.remove_component(component)
    assert kept == {}
    assert isinstance(location, Location)
