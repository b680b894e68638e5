"""A review through the official Python client, run by its own interpreter: prints what it found as JSON.

Arguments: the ready file of a server and a movie. This file imports ``ftrack_api`` and nothing of ours.
"""

import json
import sys
import time

import ftrack_api

with open(sys.argv[1]) as stream:
    ready = json.load(stream)
movie = sys.argv[2]
found = {"version": getattr(ftrack_api, "__version__", "")}

session = ftrack_api.Session(
    server_url=ready["url"],
    api_key=ready["api_key"],
    api_user=ready["api_user"],
    auto_connect_event_hub=False,
    schema_cache_path=False,
)
schema = session.query('ProjectSchema where name is "VFX"').one()
project = session.create("Project", {"name": "official", "full_name": "Official", "project_schema": schema})
shot = session.create("Shot", {"name": "sh010", "parent": project})
task_type = project["project_schema"].get_types("Task")[0]
status = project["project_schema"].get_statuses("Task", task_type["id"])[0]
task = session.create("Task", {"name": "comp", "parent": shot, "type": task_type, "status": status})
asset_type = session.query('AssetType where name is "Upload"').one()
asset = session.create("Asset", {"name": "comp", "parent": shot, "type": asset_type})
version = session.create("AssetVersion", {"asset": asset, "task": task, "comment": "For review"})
session.commit()
found["version_number"] = version["version"]
found["link"] = [entry["name"] for entry in version["link"]]

review_session = session.create("ReviewSession", {"name": "Weekly", "description": "d", "project": project})
session.commit()
found["is_open"] = review_session["is_open"]
item = session.create(
    "ReviewSessionObject",
    {
        "name": "shot",
        "description": "",
        "version": "Version 1",
        "review_session": review_session,
        "asset_version": version,
    },
)
people = [
    session.create(
        "ReviewSessionInvitee",
        {"name": name, "email": name.lower() + "@example.com", "review_session": review_session},
    )
    for name in ("Ada", "Bob")
]
session.commit()

found["objects"] = [entry["name"] for entry in review_session["review_session_objects"]]
found["invitees"] = sorted(entry["name"] for entry in review_session["review_session_invitees"])
found["sessions"] = [entry["name"] for entry in session.query("select name from ReviewSession")]

session.send_review_session_invite(people[0])
session.send_review_session_invites(people)
session.delete(people[1])
session.commit()
query = 'ReviewSessionInvitee where review_session.id is "{}"'.format(review_session["id"])
found["left"] = [entry["name"] for entry in session.query(query)]
found["sent"] = session.query("select last_sent_at from " + query).one()["last_sent_at"] is not None

location = session.query('Location where name is "ftrack.server"').one()
component = version.create_component(movie, data={"name": "movie"}, location=location)
session.commit()
found["availability"] = session.get_component_availability(component)[location["id"]]
found["url"] = location.get_url(component)

job = session.encode_media(component, version_id=version["id"])
found["job_data"] = sorted(json.loads(job["data"]))
deadline = time.monotonic() + 90
while time.monotonic() < deadline:
    row = session.query('select status, data from Job where id is "{}"'.format(job["id"])).one()
    if row["status"] in ("done", "failed"):
        break
found["job"] = row["status"]
found["job_details"] = row["data"]
found["components"] = sorted(
    entry["name"] for entry in session.query('Component where version.id is "{}"'.format(version["id"]))
)
outputs = [entry["component"]["name"] for entry in job["job_components"]]
found["outputs"] = sorted(outputs)
web = session.query(
    'FileComponent where name is "ftrackreview-mp4" and version_id is "{}"'.format(version["id"])
).one()
found["ftr_meta"] = json.loads(web["metadata"]["ftr_meta"])
session.populate([version], "thumbnail_url")
found["thumbnail"] = bool(version["thumbnail_url"])

note = item.create_note("Nice work", author=session.query("User").first())
vote = session.create(
    "ReviewSessionObjectStatus", {"review_session_object": item, "invitee": people[0], "status": "approved"}
)
session.commit()
found["notes"] = [
    entry["content"] for entry in session.query('Note where parent_id is "{}"'.format(item["id"]))
]
found["votes"] = [entry["status"] for entry in item["statuses"]]
session.delete(item)
session.commit()
found["deleted"] = len(session.query("ReviewSessionObject").all())
try:
    session.query("ReviewSession where nonsense is x").all()
except ftrack_api.exception.ServerError as error:
    found["error"] = str(error)
session.close()
print(json.dumps(found))
