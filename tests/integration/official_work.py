"""What a studio's script does through the official Python client: prints what it found as JSON.

Argument: the ready file of a server. This file imports ``ftrack_api`` and nothing of ours.
"""

import datetime as dt
import json
import os
import sys
import tempfile
import uuid

import ftrack_api

with open(sys.argv[1]) as stream:
    ready = json.load(stream)

cache = tempfile.mkdtemp()


def connect(**changes):
    values = {"api_key": ready["api_key"], "api_user": ready["api_user"], **changes}
    return ftrack_api.Session(
        server_url=ready["url"], auto_connect_event_hub=False, schema_cache_path=cache, **values
    )


def refusal(call, *arguments):
    """Return the class and text of what *call* was refused with."""
    try:
        call(*arguments)
    except Exception as error:
        return [type(error).__name__, str(error)]
    return None


def names(where, entity_type="Shot"):
    expression = 'select name from {} where project_id is "{}" and ({}) order by name'.format(
        entity_type, project["id"], where
    )
    return [row["name"] for row in session.query(expression)]


found = {}
session = connect()
name = f"official_{uuid.uuid4().hex[:8]}"
schema = session.query('ProjectSchema where name is "VFX"').one()
project = session.create("Project", {"name": name, "full_name": f"Über {name}", "project_schema": schema})
statuses = schema.get_statuses("Shot")
status = statuses[1]["name"]
shots = [
    session.create("Shot", {"name": f"sh0{number}0", "parent": project, "status": statuses[0]})
    for number in (1, 2, 3)
]
session.commit()
found["made"] = [shot["link"][0]["name"] == name for shot in shots]

# Updating, undoing, deleting.
shots[0]["description"] = 'It\'s "grüße" {0}'
shots[1]["status"] = statuses[1]
task = session.create(
    "Task",
    {"name": "comp", "parent": shots[0], "start_date": dt.datetime(2024, 5, 1, 12, 30, 45, 678901)},
)
session.commit()
shots[0]["description"] = "never"
session.rollback()
found["rolled_back"] = shots[0]["description"]
doomed = session.create("Shot", {"name": "doomed", "parent": project})
session.commit()
session.delete(doomed)
session.commit()
found["deleted"] = names('name is "doomed"')
found["ensured"] = [
    session.ensure("User", {"username": name, "email": mail}, ["username"])["id"]
    for mail in ("a@b.org", "c@d.org")
]

# Collections: children, lists, assignments, links.
asset = session.create(
    "Asset", {"name": "comp", "parent": shots[0], "type": session.query("AssetType").first()}
)
versions = [session.create("AssetVersion", {"asset": asset}) for _ in range(2)]
session.commit()
found["versions"] = [(version["version"], version["is_latest_version"]) for version in versions]
category = session.query("ListCategory").first()
dailies = session.create(
    "AssetVersionList",
    {"name": "dailies", "project": project, "category": category, "owner": session.query("User").first()},
)
dailies["items"].extend(versions)
session.commit()
found["items"] = [len(dailies["items"])]
dailies["items"].remove(versions[0])
session.commit()
found["items"].append(len(connect().get("AssetVersionList", dailies["id"])["items"]))
user = session.query('User where username is "{}"'.format(ready["api_user"])).one()
session.create("Appointment", {"context": task, "resource": user, "type": "assignment"})
session.create("TypedContextLink", {"from": shots[0], "to": shots[1]})
session.commit()
found["assigned"] = [link["resource"]["username"] for link in task["assignments"]]
found["links"] = [link["to"]["name"] for link in shots[0]["outgoing_links"]]

# Metadata and custom attributes.
shots[0]["metadata"] = {"camera": "A", "lens": "35"}
session.commit()
shots[0]["metadata"]["camera"] = "B"
del shots[0]["metadata"]["lens"]
session.commit()
found["metadata"] = dict(connect().get("Shot", shots[0]["id"])["metadata"])
key = f"lens_{name}"
session.create(
    "CustomAttributeConfiguration",
    {
        "key": key,
        "label": "Lens",
        "type": session.query('CustomAttributeType where name is "number"').one(),
        "entity_type": "task",
        "object_type": session.query('ObjectType where name is "Shot"').one(),
        "default": 35,
        "config": json.dumps({"isdecimal": True}),
    },
)
session.commit()
session.reset()
shots = session.query('Shot where project_id is "{}" order by name'.format(project["id"])).all()
shots[1]["custom_attributes"][key] = 50.5
late = session.create("Shot", {"name": "sh040", "parent": project, "custom_attributes": {key: 85}})
session.commit()
found["lenses"] = [shot["custom_attributes"][key] for shot in [*shots, late]]

# Notes with replies, timers, jobs.
version = session.get("AssetVersion", versions[0]["id"])
user = session.query('User where username is "{}"'.format(ready["api_user"])).one()
note = version.create_note("Too dark", user)
session.commit()
note.create_reply("Brighter now", user)
session.commit()
found["notes"] = [
    (entry["content"], [reply["content"] for reply in entry["replies"]]) for entry in version["notes"]
]
user.start_timer(shots[0], name="work")
session.commit()
found["second_timer"] = refusal(user.start_timer, shots[1])
session.rollback()
log = user.stop_timer()
session.commit()
found["timelog"] = log["duration"] >= 0
found["dates"] = (
    session.query('select start_date from Task where id is "{}"'.format(task["id"]))
    .one()["start_date"]
    .isoformat()
)

# Queries of every construct.
found["queries"] = {
    "like": names('name like "sh01%"'),
    "not_like": names('name not_like "sh01%"'),
    "in": names('name in ("sh010", "sh030")'),
    "not_in": names('name not_in ("sh010", "sh040")'),
    "or": names('name is "sh010" or name is "sh020" and not name is "sh020"'),
    "path": names(f'status.name is "{status}"'),
    "has": names(f'status has (name is "{status}")'),
    "any": names("assets any (versions any (version is 2))"),
    "none": names("not assets any () and thumbnail_id is none"),
    "after": names('start_date after "2024-05-01" and start_date before "2024-05-02"', "Task"),
    "cast": names(f'parent[Project].full_name is "Über {name}"'),
    "subquery": names('id in (select context_id from Asset where name is "comp")'),
    "metadata": names('metadata any (key is "camera" and value is "B")'),
    "custom": names(f'custom_attributes any (key is "{key}" and value > 50)'),
    "assigned": names('assignments any (resource.username = "{}")'.format(ready["api_user"]), "Task"),
    "descending": [
        row["name"]
        for row in session.query(
            'Shot where project_id is "{}" order by name descending limit 2 offset 1'.format(project["id"])
        )
    ],
    "paged": len(session.query('Shot where project_id is "{}"'.format(project["id"]), page_size=3).all()),
    "polymorphic": sorted(
        {
            row.entity_type
            for row in session.query('TypedContext where project_id is "{}"'.format(project["id"]))
        }
    ),
}
counted = session.call(
    [{"action": "query", "expression": f'select count(id) from Shot where project_id is "{project["id"]}"'}]
)
found["counted"] = counted[0]["data"][0]["count_id"]

# Uploads, read back; a component of many files; removal.
folder = tempfile.mkdtemp()
content = bytes(range(256)) * 40_000
path = os.path.join(folder, "plate.bin")
with open(path, "wb") as file:
    file.write(content)
server = session.query('Location where name is "ftrack.server"').one()
component = version.create_component(path, {"name": "plate"}, location=server)
session.commit()
data = server.accessor.open(server.get_resource_identifier(component), "rb").read()
found["upload"] = [
    data == content,
    component["size"] == len(content),
    server.get_component_availability(component),
]
server.remove_component(component)
found["removed"] = server.get_component_availability(component)
for number in (1, 2, 3):
    with open(os.path.join(folder, f"plate.{number:04d}.dpx"), "wb") as file:
        file.write(b"frame%d" % number)
sequence = session.create_component(os.path.join(folder, "plate.%04d.dpx [1-3]"), location=server)
session.commit()
found["sequence"] = [
    sequence.entity_type,
    len(sequence["members"]),
    server.get_component_availability(sequence),
]

# Errors.
found["errors"] = {
    "attribute": refusal(session.query("select nonsense from Shot").all),
    "syntax": refusal(session.query("select from where").all),
    "credentials": refusal(lambda: connect(api_key="wrong")),
    "action": refusal(session.call, [{"action": "dance"}]),
}
session.create("Shot", {"name": "never", "parent": project})
session.create("Shot", {"name": "broken", "parent_id": "nobody"})
found["errors"]["batch"] = refusal(session.commit)
session.rollback()
found["not_made"] = names('name is "never"')
key = session.reset_remote("api_key", session.get("User", found["ensured"][0]))["api_key"]
other = connect(api_key=key, api_user=name)
other.create("Status", {"name": "Odd", "color": "#000000"})
found["errors"]["permission"] = refusal(other.commit)

session.delete(session.get("Project", project["id"]))
session.commit()
found["left"] = [
    len(session.query(f'{kind} where id is "{identifier}"').all())
    for kind, identifier in (("Shot", shots[0]["id"]), ("AssetVersion", version["id"]), ("Note", note["id"]))
]
session.close()
print(json.dumps(found))
