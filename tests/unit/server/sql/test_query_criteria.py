"""Which rows criteria find. Each line is one expression and the ids of what it finds."""

from __future__ import annotations

import pytest

TASKS = "t1 t2 t3 t4"

# Operators on text. None of the tasks' names differ in case alone.
TEXT = [
    ('Task where name is "animation"', "t1 t4"),
    ("Task where name = animation", "t1 t4"),
    ('Task where name is "Animation"', ""),
    ('Task where name is_not "animation"', "t2 t3"),
    ('Task where name != "animation"', "t2 t3"),
    ('Task where name like "ANIM%"', "t1 t4"),
    ('Task where name like "%tion"', "t1 t4"),
    ('Task where name like "anim"', ""),
    ('Task where name not_like "%tion"', "t2 t3"),
    ('Task where name like "light_ing"', "t2"),
    ('Task where name like "light__ng"', ""),
    ('Task where name like "éclair%"', "t3"),
    ('Task where description like "%\\%%"', "t1"),
    ('Task where description like "50\\% done"', "t1"),
    ('Task where description is "50% done"', "t1"),
    ('Task where description is "50\\% done"', "t1"),
    ('Task where description is "say \\"hi\\" C:\\tmp"', "t4"),
    ('Task where description is "say \\"hi\\" C:\\\\tmp"', "t4"),
    ('Task where name in ("animation", "light_ing")', "t1 t2 t4"),
    ('Task where name not_in ("animation")', "t2 t3"),
    ("Task where name in ()", ""),
    ('Task where name in ("")', ""),
    ("Task where name in (none)", ""),
    ("Task where name in (animation, none)", "t1 t4"),
    ("Task where name not_in ()", TASKS),
    ('Task where name > "b"', "t2 t3"),
    ('Task where name <= "animation"', "t1 t4"),
    ("Task where id is t1", "t1"),
    ("Task where id in (t1,t2, 't3')", "t1 t2 t3"),
    ("Shot where name is sh010", "sh1"),
    ('Shot where name like "sh010"', "sh1 sh3"),
    ('Metadata where value is "4" and key is k', None),
]

NULLS = [
    ("Task where description is none", "t2"),
    ("Task where description is None", "t2"),
    ("Task where description is null", "t2"),
    ("Task where description is undefined", "t2"),
    ("Task where description is_not none", "t1 t3 t4"),
    ("Task where description != None", "t1 t3 t4"),
    ("Task where not description is none", "t1 t3 t4"),
    ('Task where description is "none"', ""),
    ('Task where description is ""', "t3"),
    # Null matches no comparison, and no complement of one.
    ('Task where description is_not ""', "t1 t4"),
    ('Task where not description is ""', "t1 t4"),
    ('Task where description not_like "%done"', "t3 t4"),
    ('Task where not description like "%done"', "t3 t4"),
    ('Task where description not_in ("")', "t1 t4"),
    ("Task where description not_in ()", "t1 t3 t4"),
    ("Task where not description in ()", "t1 t3 t4"),
    ('Task where not description not_in ("")', "t3"),
    ("Task where description > none", ""),
    ("Task where not description > none", ""),
    ("Task where description like none", ""),
    ("Task where status is none", "t3"),
    ("Task where status_id is none", "t3"),
    ("Task where not status is none", "t1 t2 t4"),
    ("AssetVersion where task_id is none", "v3"),
    ("AssetVersion where task is_not none", "v1 v2 v4"),
]

NUMBERS = [
    ("AssetVersion where version is 1", "v1 v3"),
    ('AssetVersion where version is "1"', "v1 v3"),
    ('AssetVersion where version > "2"', "v4"),
    ("AssetVersion where version >= 2", "v2 v4"),
    ("AssetVersion where version greater_than 2", "v4"),
    ("AssetVersion where version less_than 2", "v1 v3"),
    ('AssetVersion where version in ("1", 10)', "v1 v3 v4"),
    ('AssetVersion where version in ("")', ""),
    ("AssetVersion where version is 1.5", ""),
    ("AssetVersion where version is 1.0", "v1 v3"),
    ('AssetVersion where version like "1%"', "v1 v3 v4"),
    ('Task where bid like "3600"', "t1"),
    ('Task where bid like "%.%"', "t2"),
    ('AssetVersion where is_published like "TR%"', "v1 v3 v4"),
    ('AssetVersion where is_published like "1" or is_published like "0"', ""),
    ("Task where bid is 0.5", "t2"),
    ("Task where bid > 1", "t1 t3"),
    ("Task where bid is 1e2", "t3"),
    ("FileComponent where size is 5000000000", "c1"),
    ("FileComponent where size > 99999999999999999999", ""),
    ("Component where size >= 2", "c1 c2 c4"),
    ("Note where frame_number is 12", "n3"),
]

BOOLEANS = [
    ("AssetVersion where is_published is True", "v1 v3 v4"),
    ('AssetVersion where is_published is "true"', "v1 v3 v4"),
    ("AssetVersion where is_published is 1", "v1 v3 v4"),
    ("AssetVersion where is_published is False", "v2"),
    ("AssetVersion where is_published != true", "v2"),
    ("AssetVersion where not is_published is true", "v2"),
    ("AssetVersion where is_published in (true, false)", "v1 v2 v3 v4"),
    ('AssetVersion where is_latest_version is "True"', "v2 v3 v4"),
    ("AssetVersion where is_latest_version is False", "v1"),
    ("Project where is_private is true", "p2"),
    ("List where is_open is true", "l1"),
]

TIMES = [
    ('AssetVersion where date is "2024-03-01T10:00:00"', "v1"),
    ('AssetVersion where date is "2024-03-01T10:00:00.000Z"', "v1"),
    ('AssetVersion where date is "2024-03-01T10:00:00.987654"', "v1"),
    ('AssetVersion where date is "2024-03-01T12:00:00+02:00"', "v1"),
    ('AssetVersion where date is "2024-03-01 10:00"', "v1"),
    ("AssetVersion where date is 2024-03-02", "v4"),
    ("AssetVersion where date >= 2024-03-02", "v2 v4"),
    ('AssetVersion where date after "2024-03-01T10:00:00+00:00"', "v2 v4"),
    ('AssetVersion where date before "2024-03-02T00:00:00"', "v1"),
    ('AssetVersion where date <= "2024-03-02"', "v1 v4"),
    ('AssetVersion where date is_not "2024-03-02"', "v1 v2"),
    ("AssetVersion where date in (2024-03-02, 2024-03-01T10:00:00)", "v1 v4"),
    ('AssetVersion where date like "2024-03-02%"', "v2 v4"),
    ("AssetVersion where date is none", "v3"),
]

LOGIC = [
    ("Task where name is animation and bid > 1", "t1"),
    ("Task where name is light_ing or name is animation and bid > 1", "t1 t2"),
    ("Task where (name is light_ing or name is animation) and bid > 1", "t1"),
    ("Task where not (name is animation and bid > 1)", "t2 t3"),
    ("Task where not (name is light_ing or name is animation)", "t3"),
    ("Task where not not name is animation", "t1 t4"),
    ("Task where not name is animation and not name is light_ing", "t3"),
    ('Task where name is "animation"and bid > 1', "t1"),
]

REFERENCES = [
    ("AssetVersion where asset is a1", "v1 v2"),
    ("AssetVersion where asset.id is a1", "v1 v2"),
    ("AssetVersion where asset in (a1, a2)", "v1 v2 v3"),
    ("AssetVersion where asset != a1", "v3 v4"),
    ("AssetVersion where asset.name is main", "v1 v2 v4"),
    ("AssetVersion where asset.parent.name is sh010", "v1 v2 v3"),
    ("AssetVersion where asset.parent.project.name is alpha", "v1 v2 v3"),
    ("AssetVersion where asset.parent.parent.name is sq010", "v1 v2 v3"),
    ("AssetVersion where task.status.name is Approved", "v1 v2"),
    ("AssetVersion where task.status.state.short is NOT_STARTED", "v4"),
    # A path over a null reference is false, so that its complement is true.
    ("AssetVersion where task.name is animation", "v1 v2"),
    ("AssetVersion where not task.name is animation", "v3 v4"),
    ("AssetVersion where task.name is_not animation", "v4"),
    ("AssetVersion where task.description is none", "v4"),
    ("AssetVersion where not task.description is none", "v1 v2 v3"),
    ("AssetVersion where user has ()", "v1 v2 v4"),
    ("AssetVersion where not user has ()", "v3"),
    ("AssetVersion where user has (username is anna)", "v1 v4"),
    ("AssetVersion where not user has (username is anna)", "v2 v3"),
    ("AssetVersion where user has (not username is anna)", "v2"),
    ("AssetVersion where asset.parent has (name is sh010 and status.name is 'In progress')", "v1 v2 v3"),
    ("AssetVersion where user.username is ben@studio", "v2"),
    ("Note where not in_reply_to has ()", "n1 n3 n4"),
    ("Note where in_reply_to has ()", "n2"),
    ("Note where in_reply_to.content like 'SKY%'", "n2"),
    ("ReviewSessionObject where asset_version.asset.name is main", "o1 o2"),
    ("Asset where latest_version.version is 2", "a1"),
    ("Asset where latest_version is v4", "a3"),
    ("Asset where latest_version is none", "a4"),
    ("Status where state.short is DONE and name is Approved", None),
]

COLLECTIONS = [
    ("Shot where children any (name is animation)", "sh1 sh3"),
    ("Shot where children.name is animation", "sh1 sh3"),
    ("Shot where not children.name is animation", "sh2"),
    ("Shot where children any ()", "sh1 sh2 sh3"),
    ("Task where children any ()", ""),
    ("Task where not children any ()", TASKS),
    ("Shot where children is t1", "sh1"),
    ("Shot where children in (t3, t4)", "sh2 sh3"),
    ("Task where children is none", TASKS),
    ("Shot where children is_not none", "sh1 sh2 sh3"),
    # Two tests on one collection may be met by different elements; `any` ties them to one.
    ("AssetVersion where metadata.key is other and metadata.value is one", "v1"),
    ("AssetVersion where metadata any (key is other and value is one)", ""),
    ("AssetVersion where metadata any (key is k and value is two)", "v2"),
    ("AssetVersion where not metadata any (key is k)", "v3 v4"),
    ("Task where metadata any (value is 4)", "t1"),
    ("Sequence where children.children.assignments.resource.id is u1", "sq1"),
    ("Task where assignments any (resource.username = 'anna')", "t1"),
    ("Task where assignments.resource.username is anna", "t1"),
    ("Task where assignments any (resource has (username is anna))", "t1"),
    ("Task where assignments any ()", "t1"),
    ("Task where allocations any (resource_id is u2)", "t2"),
    ("Task where appointments any ()", "t1 t2"),
    ("Task where not timelogs any ()", "t2 t3 t4"),
    ("Task where timelogs any (duration > 60)", "t1"),
    ("AssetVersion where notes any (content like '%sky%')", "v1"),
    ("AssetVersion where notes any (content is fixed)", ""),  # A reply is not among them.
    ("AssetVersion where notes.replies.author.username is ben@studio", "v1"),
    ("Shot where scopes.name is London", "sh1"),
    ("Context where scopes any (name is London)", "p1 sh1"),
    ("Shot where scopes any (name is Oslo) and not scopes any (name is Paris)", "sh1"),
    ("AssetVersion where lists any (name is dailies)", "v1 v3"),
    ("TypedContext where lists.id is l2", "sh1 t1"),
    ("AssetVersionList where items any (asset.name is alt)", "l1"),
    ("List where items any (version is 1)", "l1"),
    ("TypedContextList where items.name is animation", "l2"),
    ("AssetVersion where uses_versions any (id is v1)", "v2"),
    ("AssetVersion where used_in_versions.id is v2", "v1"),
    ("Task where incoming_links.from.name is animation", "t2"),
    ("Task where outgoing_links any (to_id is t2)", "t1"),
    ("SequenceComponent where members any (size > 1)", "c2"),
    ("Component where component_locations.location.name is 'ftrack.server'", "c1"),
    ("Group where memberships any (user.username is anna)", "g1"),
    ("ReviewSession where review_session_objects.statuses any (status is approved)", "r1"),
    ("ReviewSession where review_session_invitees.resource.email is 'client@example.com'", "r1"),
]

HIERARCHY = [
    ("Task where ancestors any (name is sq010)", "t1 t2 t3"),
    ("Task where ancestors.id is sh1", "t1 t2"),
    ("Task where not ancestors.id is sh1", "t3 t4"),
    ("Shot where ancestors any ()", "sh1 sh2"),
    ("TypedContext where not ancestors any ()", "sh3 sq1"),
    ("Project where descendants any (name is animation)", "p1 p2"),
    ("Project where descendants.id is t3", "p1"),
    ("TypedContext where descendants.name is animation", "sh1 sh3 sq1"),
    ("TypedContext where not descendants any ()", "t1 t2 t3 t4"),
    ("Asset where ancestors.name is sq010", "a1 a2 a4"),
    ("Asset where ancestors.id is sh1", "a1 a2"),
]

POLYMORPHIC = [
    ("Context where name like 'sh%'", "sh1 sh2 sh3"),
    ("TypedContext where project_id is p2", "sh3 t4"),
    ("TypedContext where object_type.name is Shot", "sh1 sh2 sh3"),
    ("Context where parent_id is p1", "sq1"),
    ("Context where project.name is beta", "sh3 t4"),
    ("Resource where username is anna", "u1"),
    ("BaseUser where email like '%client%'", "k1"),
    ("Component where name is main", "c1"),
    ("ContainerComponent where name is plate", "c2"),
    ("Component where container.name is plate", "c3 c4"),
    ("Note where author.username is anna", "n1"),
    ("Note where author.first_name is Carla", "n3"),
    ("Task where parent[Shot].status.name is 'In progress'", "t1 t2"),
    ("Task where parent.status.name is 'In progress'", "t1 t2"),
    ("Task where parent.object_type.name is Shot", TASKS),
    ("Task where parent[TypedContext] has (name is sh010)", "t1 t2"),
    ("Task where parent[Sequence] has ()", ""),
    ("Shot where parent[Sequence] has ()", "sh1 sh2"),
    ("Shot where parent[Project].name is beta", "sh3"),
    ("Shot where parent is p2", "sh3"),
    ("Appointment where resource[Group].memberships any (user.username is anna)", "ap2"),
    ("Appointment where resource[User].username is anna", "ap1"),
    ("Appointment where not resource[User] has ()", "ap2"),
    # Two subtypes with an attribute of the same name: a project's status is text, a shot's an entity.
    ("Context where status is hidden", "p2"),
    ("Context where __entity_type__ is Sequence", "sq1"),
    ("AssetVersion where task.__entity_type__ is Shot", "v4"),
    ("AssetVersion where task.name is SH010", "v4"),
    ("CustomAttributeLink where user.username is anna", "cal1"),
]

PARENT_TYPES = [
    ("Note where parent_type is AssetVersion", "n1 n2"),
    ("Note where parent_type is asset_version", "n1 n2"),
    ("Note where parent_type is 'review_session_object'", "n3"),
    ("Note where parent_type in ('ReviewSessionObject', asset_version)", "n1 n2 n3"),
    ("Note where parent_type is task", "n4"),
    ("Note where parent_type is Shot", "n4"),
    ("Note where parent_type is TypedContext", "n4"),
    ("Note where parent_type is Task", ""),
    ("Note where parent_type is_not asset_version", "n3 n4"),
    ("Note where parent_type not_in (asset_version)", "n3 n4"),
    ("Note where parent_type is nonsense", ""),
]

NESTED = [
    ("AssetVersion where task_id in (select id from Task where name is animation)", "v1 v2"),
    ("AssetVersion where task_id in (Task where name is animation)", "v1 v2"),
    ("AssetVersion where task in (select id from Task)", "v1 v2"),
    ("Feed where event in (select id from Event)", ""),
    ('Feed where event is 1 or event in (2, x) or event like "1%"', ""),
    ("Task where bid in (select version from AssetVersion where version < 0)", ""),
    ("AssetVersion where task_id not_in (select id from Task where bid > 0)", "v4"),
    ("AssetVersion where not task_id in (select id from Task where bid > 0)", "v4"),
    ("AssetVersion where id in (select entity_id from ListObject where list_id is l1)", "v1 v3"),
    ("Task where id in (select assignments.context_id from Task)", "t1"),
    ("Task where id in (select custom_attributes.entity_id from Task where bid > 1)", "t1 t3"),
    ("Task where name in (select assignments.context.name from Task order by name limit 5)", "t1 t4"),
    ("User where id in (select assignments.resource.id from Task)", "u1"),
    ("AssetVersion where id in (select asset_version from ReviewSessionObject)", "v1 v2"),
    ("Asset where id in (select asset.id from AssetVersion where version > 1)", "a1 a3"),
    (
        "Note where parent_id is v1 or parent_id in (select id from ReviewSessionObject where version_id is v2)",
        "n1 n2 n3",
    ),
    ("Task where id in (select id from Task order by name desc limit 1)", "t3"),
    ("Task where id in (select id from Task order by name limit 1 offset 1)", "t4"),
    ("Task where id not_in (select task_id from AssetVersion)", "t2 t3 t4"),
    (
        "Project where id in (select project_id from Shot where id in (select parent_id from Task where bid is 0.5))",
        "p1",
    ),
]

CUSTOM_ATTRIBUTES = [
    ("Task where custom_attributes any (key is level and value is 7)", "t1"),
    ("Task where custom_attributes any (key is level and value is '7')", "t1"),
    ("Task where custom_attributes any (key is level and value > 5)", "t1"),
    # What is not stored has the default.
    ("Task where custom_attributes any (key is level and value is 4)", "t2 t3 t4"),
    ("Task where custom_attributes any (key is level and value < 5)", "t2 t3 t4"),
    ("Task where custom_attributes any (key is level and value is_not 7)", "t2 t3 t4"),
    ("Task where custom_attributes any (key is level and value in (7, 8))", "t1"),
    ("Task where custom_attributes any (key is level and value not_in (7, 8))", "t2 t3 t4"),
    ("Task where custom_attributes any (key is flag and value is True)", "t1"),
    ("Task where custom_attributes any (key is flag and value is 'false')", "t2 t3 t4"),
    ("Task where custom_attributes any (key is due and value is 2024-02-01)", "t1"),
    ("Task where custom_attributes any (key is due and value > 2024-01-31)", "t1"),
    ("Task where custom_attributes any (key is due and value < 2024-01-31)", ""),
    ("Task where custom_attributes any (key is due and value is none)", "t2 t3 t4"),
    ("Task where custom_attributes any (key is due and value is_not none)", "t1"),
    ("Task where custom_attributes any (key is tags and value is red)", "t1"),
    ("Task where custom_attributes any (key is tags and value is_not red)", "t2 t3 t4"),
    ("Task where custom_attributes any (key is tags and value like 'BL%')", "t1"),
    # The attribute of one project hides the general one of the same key.
    ("Task where custom_attributes any (key is look and value is plain)", "t4"),
    ("Task where custom_attributes any (key is look and value is 'of alpha')", "t2 t3"),
    ("Task where custom_attributes any (key is look and value is 4)", "t1"),
    ("Task where custom_attributes any (key is due and not value is 2024-02-01)", ""),
    ("Task where custom_attributes any (key is due and not value is_not 2024-02-01)", "t1"),
    ("Task where custom_attributes any (key is level and not value > 5)", "t2 t3 t4"),
    ("Task where custom_attributes.configuration.key is level", TASKS),
    ("Task where custom_attributes[ContextCustomAttributeValue] any (key is level)", TASKS),
    ("Task where custom_attributes[UserCustomAttributeValue] any (key is level)", ""),
    ("Shot where custom_attributes.key is level", ""),
    ("Shot where custom_attributes any (key is fps and value is 25)", "sh1 sh2 sh3"),
    # Hierarchical ones apply to every level, each with a value of its own.
    ("Context where custom_attributes any (key is budget and value is 20)", "sh1"),
    ("Project where custom_attributes any (key is budget and value is 1.5)", "p1 p2"),
    ("AssetVersion where custom_attributes any (key is budget)", "v1 v2 v3 v4"),
    ("AssetVersion where custom_attributes any (key is quality and value is high)", "v1"),
    ("AssetVersion where not custom_attributes any (key is quality and value is high)", "v2 v3 v4"),
    ("AssetVersion where task.custom_attributes any (key is level and value is 7)", "v1 v2"),
    ("User where custom_attributes any (key is desk and value is A1) and username is anna", "u1"),
    (
        "Task where custom_attribute_links any (configuration.key is supervisor and user.username is anna)",
        "t1",
    ),
    ("Task where not custom_attribute_links any ()", "t2 t3 t4"),
    ("User where custom_attribute_links_from any (context.name is animation)", "u1"),
    ("User where custom_attribute_links_from.configuration.key is supervisor", "u1"),
]

COMPUTED = [
    ("ReviewSession where is_open is True", "r1 r3 r5"),
    ("ReviewSession where is_open is False", "r2 r4"),
    ("ReviewSession where not is_open is True", "r2 r4"),
    ("Task where time_logged > 100", "t1"),
    ("Task where time_logged is 0", "t2 t3 t4"),
    ("Task where bid_time_logged_difference is 3450", "t1"),
    ("Context where thumbnail_url is_not none", "sh3"),
    ("ReviewSession where thumbnail_id is c1", "r1 r5"),
    ("ReviewSession where thumbnail_url is none", "r2 r3 r4"),
]

ALL = (
    TEXT
    + NULLS
    + NUMBERS
    + BOOLEANS
    + TIMES
    + LOGIC
    + REFERENCES
    + COLLECTIONS
    + HIERARCHY
    + POLYMORPHIC
    + PARENT_TYPES
    + NESTED
    + CUSTOM_ATTRIBUTES
    + COMPUTED
)


@pytest.mark.parametrize(("expression", "expected"), [case for case in ALL if case[1] is not None])
def test_criteria_find(site, expression, expected):
    assert site.ids(expression) == expected.split()


@pytest.mark.parametrize("digits", [19, 20, 400, 5_000])
def test_numbers_of_any_length(site, digits):
    """Larger than the database's integers, than Python's floats, and than what Python reads as an integer."""
    number = "9" * digits
    versions = ["v1", "v2", "v3", "v4"]
    assert site.ids(f"AssetVersion where version < {number}") == versions
    assert site.ids(f"AssetVersion where version > -{number}") == versions
    assert site.ids(f"AssetVersion where version in ({number}, 2)") == ["v2"]
    assert site.ids(f"Task where custom_attributes any (key is level and value is {number})") == []


@pytest.mark.parametrize("size", [1, 200, 201, 10_000])
def test_value_lists_of_any_length(site, size):
    ids = [f"missing-{index}" for index in range(size - 1)] + ["v2"]
    text = ",".join(ids)
    assert site.ids(f"AssetVersion where id in ({text})") == ["v2"]
    assert site.ids(f"AssetVersion where id not_in ({text})") == ["v1", "v3", "v4"]


def test_long_lists_of_numbers_and_truth_values(site):
    numbers = ",".join(str(index) for index in range(2, 400))
    assert site.ids(f"AssetVersion where version in ({numbers})") == ["v2", "v4"]
    assert site.ids(f"AssetVersion where version not_in ({numbers})") == ["v1", "v3"]
    truths = ",".join(["true"] * 300)
    assert site.ids(f"AssetVersion where is_published in ({truths})") == ["v1", "v3", "v4"]
    levels = ",".join(str(index) for index in range(5, 400))
    assert site.ids(f"Task where custom_attributes any (key is level and value in ({levels}))") == ["t1"]


@pytest.mark.parametrize("count", [90, 1_500])
def test_long_chains_of_criteria(site, count):
    """As clients populate entities with composite keys: ``(…and …) or (…and …) or …``."""
    chain = " or ".join(f'(parent_id is "x{index}"and key is "k")' for index in range(count))
    found = site.query(f'select value from Metadata where {chain} or (parent_id is "v2"and key is "k")')
    assert [record["value"] for record in found] == ["two"]
    conjunction = " and ".join(f'name is_not "x{index}"' for index in range(count))
    assert len(site.query(f"Task where {conjunction}")) == 4


def test_alternatives_of_one_kind(site):
    """Alternatives that differ in literals only are looked up together, whatever their kinds."""

    def ids(*pairs, form='(asset_id is "{}" and version is "{}")'):
        return site.ids("AssetVersion where " + " or ".join(form.format(*pair) for pair in pairs))

    pairs = [("a1", 1), ("a1", "2"), ("a2", 2), ("a3", "10.0")]
    assert ids(*pairs) == ["v1", "v2", "v4"]
    assert ids(*pairs, form="(asset is {} and version is {})") == ["v1", "v2", "v4"]
    assert ids(("c", "a1"), ("d", "a2"), ("", "a1"), form='(comment is "{}" and asset.id is {})') == ["v2"]
    text = " or ".join(
        f"(is_published is {truth} and version is {number})" for truth, number in [(1, 1), (0, 2), (1, 2)]
    )
    assert site.ids(f"AssetVersion where {text}") == ["v1", "v2", "v3"]
    assert site.ids(f"AssetVersion where not ({text})") == ["v4"]
    assert site.ids("AssetVersion where id is v1 or id is v2 or id is none or id is v4") == ["v1", "v2", "v4"]
    assert site.ids("AssetVersion where id is v1 or id is v2 or id is x or id is v4") == ["v1", "v2", "v4"]
    assert site.ids("AssetVersion where not (id is v1 or id is v2 or id is x)") == ["v3", "v4"]
    assert site.ids("AssetVersion where task.name is x or task.name is SH010 or task.name is animation") == [
        "v1",
        "v2",
        "v4",
    ]
    notes = [("asset_version", "v1"), ("Shot", "sh1"), ("Task", "t1")]
    text = " or ".join(f"(parent_type is {kind} and parent_id is {parent})" for kind, parent in notes)
    assert site.ids(f"Note where {text}") == ["n1", "n2", "n4"]
    text = " or ".join(f"(key is level and value is {number})" for number in (4, 7, 8))
    assert site.ids(f"Task where custom_attributes any ({text})") == ["t1", "t2", "t3", "t4"]


def test_deep_nesting_is_answered(site):
    expression = "name is animation"
    for _ in range(45):
        expression = f"not ({expression})"
    assert site.ids(f"Task where {expression}") == ["t2", "t3"]


def test_same_shape_with_other_literals_is_bound_anew(site):
    for name, expected in (("animation", ["t1", "t4"]), ("light_ing", ["t2"]), ("nothing", [])):
        assert site.ids(f'Task where name is "{name}"') == expected
    assert site.ids("Task where name in (animation)") == ["t1", "t4"]
    assert site.ids("Task where name in (light_ing, x)") == ["t2"]
