"""Where structures put components. The paths are those that ftrack_api 3.1.0 makes of the same entities."""

from __future__ import annotations

import pytest

from ftrack_review import exception
from ftrack_review.structure.entity_id import EntityIdStructure
from ftrack_review.structure.id import IdStructure
from ftrack_review.structure.origin import OriginStructure
from ftrack_review.structure.standard import StandardStructure


class Record(dict):
    """What a structure reads of an entity."""

    def __init__(self, entity_type, **values):
        super().__init__(values)
        self.entity_type = entity_type
        self.session = self

    def get(self, entity_type, key):
        """Stand in for the session: the only project there is."""
        assert (entity_type, key) == ("Project", "PR")
        return {"name": "My Proj"}


def link(*names):
    return [{"type": "Project", "id": "PR", "name": "My Proj Full"}, *({"name": name} for name in names)]


SHOT = Record(
    "AssetVersion", version=3, asset={"name": "As:set*"}, link=link("sq", "sh 01/ä", "As:set* v003")
)
PROJECT = Record("AssetVersion", version=12, asset={"name": "ProjAsset"}, link=link("ProjAsset v12"))
LATE = Record("AssetVersion", version=1234, asset={"name": "As:set*"}, link=link("sh 01/ä", "x"))


def file(name, suffix, version=None, container=None):
    return Record(
        "FileComponent", id="abcdefgh", name=name, file_type=suffix, version=version, container=container
    )


def sequence(name, padding, version=SHOT):
    return Record(
        "SequenceComponent", id="12345678", name=name, file_type=".exr", padding=padding, version=version
    )


FOLDER = Record("ContainerComponent", id="98765432", name="cont", file_type="", version=PROJECT)


@pytest.mark.parametrize(
    ("component", "path"),
    [
        (file("main", ".mov", SHOT), "my_proj/sq/sh_01_a/as_set_/v003/main.mov"),
        (file("My Name", "", PROJECT), "my_proj/projasset/v012/my_name"),
        (file("x", ".EXR", LATE), "my_proj/sh_01_a/as_set_/v1234/x.exr"),
        (file("bad\\:*name?", ".m/v", SHOT), "my_proj/sq/sh_01_a/as_set_/v003/bad___name_.m_v"),
        (file("è中", ".mov", SHOT), "my_proj/sq/sh_01_a/as_set_/v003/e.mov"),
        (file("  ", ".mov", SHOT), "my_proj/sq/sh_01_a/as_set_/v003/__.mov"),
        (file("no type", None, SHOT), "my_proj/sq/sh_01_a/as_set_/v003/no_type"),
        (sequence("img seq", 4), "my_proj/sq/sh_01_a/as_set_/v003/img_seq.%04d.exr"),
        (sequence("img", 0), "my_proj/sq/sh_01_a/as_set_/v003/img.%d.exr"),
        (sequence("img", None), "my_proj/sq/sh_01_a/as_set_/v003/img.%d.exr"),
        (FOLDER, "my_proj/projasset/v012/cont"),
        (
            file("0001", ".exr", container=sequence("img seq", 4)),
            "my_proj/sq/sh_01_a/as_set_/v003/img_seq.0001.exr",
        ),
        (file("1", ".exr", container=sequence("img", 0)), "my_proj/sq/sh_01_a/as_set_/v003/img.1.exr"),
        (file("a b", ".txt", container=FOLDER), "my_proj/projasset/v012/cont/a_b.txt"),
    ],
)
def test_standard_paths(component, path):
    assert StandardStructure().get_resource_identifier(component) == path


def test_versions_of_projects_can_have_a_folder():
    structure = StandardStructure(project_versions_prefix="asset s")
    assert structure.get_resource_identifier(file("a", ".b", PROJECT)) == "my_proj/asset_s/projasset/v012/a.b"
    assert structure.get_resource_identifier(file("a", ".b", SHOT)) == "my_proj/sq/sh_01_a/as_set_/v003/a.b"


@pytest.mark.parametrize(
    ("substitute", "value", "result"),
    [
        ("_", "a/b\\c", "a_b_c"),
        ("-", "a b", "a-b"),
        ("", "a\tb\nc", "abc"),
        ("_", "_x-Y.z", "_x-y.z"),
        ("_", "a..b", "a..b"),
        ("_", "Ångström ßæ½", "angstrom_12"),
        ("_", "é中", "e"),
        (None, "My Proj: ä", "My Proj: ä"),
        ("\\1", "a b", "a\\1b"),
    ],
)
def test_names_are_made_fit_for_file_systems(substitute, value, result):
    structure = StandardStructure(illegal_character_substitute=substitute)
    assert structure.sanitise_for_filesystem(value) == result


@pytest.mark.parametrize(
    "component",
    [
        file("x", ".mov", None),
        file("x", ".mov", Record("AssetVersion", asset=None, link=None, version=1)),
        file(
            "x", ".mov", container=Record("ContainerComponent", id="c", name="c", file_type="", version=None)
        ),
        file("x", ".mov", Record("AssetVersion", asset={"name": "a"}, link=None, version=1)),
    ],
)
def test_a_component_without_a_committed_version_cannot_be_placed(component):
    with pytest.raises(exception.StructureError, match="commit"):
        StandardStructure().get_resource_identifier(component)


@pytest.mark.parametrize("structure", [StandardStructure(), IdStructure()])
def test_only_components_are_placed(structure):
    with pytest.raises(NotImplementedError, match="unsupported entity"):
        structure.get_resource_identifier(Record("Shot", id="x"))


@pytest.mark.parametrize(
    ("component", "path"),
    [
        (file("main", ".mov"), "a/b/c/d/efgh.mov"),
        (file("main", None), "a/b/c/d/efgh"),
        (sequence("s", 4), "1/2/3/4/5678/file.%04d.exr"),
        (sequence("s", 0), "1/2/3/4/5678/file.%d.exr"),
        (FOLDER, "9/8/7/6/5432"),
        (file("0001", ".exr", container=sequence("s", 4)), "1/2/3/4/5678/file.0001.exr"),
        (file("a b", ".txt", container=FOLDER), "9/8/7/6/5432/abcdefgh.txt"),
    ],
)
def test_paths_from_keys(component, path):
    assert IdStructure().get_resource_identifier(component) == path
    assert IdStructure(prefix="pre/fix").get_resource_identifier(component) == f"pre/fix/{path}"


def test_keys_as_they_are():
    assert EntityIdStructure(prefix="ignored").get_resource_identifier(Record("Shot", id="S")) == "S"


def test_origin_takes_what_the_source_has():
    structure = OriginStructure()
    assert structure.get_resource_identifier(FOLDER, {"source_resource_identifier": "/a/b"}) == "/a/b"
    for context in (None, {}, {"source_resource_identifier": None}):
        with pytest.raises(ValueError, match="no place to take"):
            structure.get_resource_identifier(Record("FileComponent", id="x"), context)
