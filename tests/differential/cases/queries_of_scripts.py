"""Several hundred expressions in the style of public scripts, recipes, integrations and tutorials.

Each gives the rows it finds, by name, or the kind of its refusal. ``$`` stands for the name of the project, ``@`` and a
name for the id of what is called so.
"""

import datetime as dt
import json
import re

import arrow


def site(session, context):
    """A film with a little of everything. Return the ids by name."""
    project = context.project(session)
    find = session.query
    asset_type = find('AssetType where name is "Upload"').one()
    done = find('Status where name is "Completed"').first() or find("Status").first()
    user = find(f'User where username is "{session.api_user}"').one()
    other = session.create("User", {"username": f"{context.name}.jane", "email": "jane.doe@studio.example"})
    group = session.create("Group", {"name": f"{context.name} group"})
    ids = {"project": project, "other": other, "me": user, "group": group}
    session.create("Membership", {"user": other, "group": group})
    episode = session.create("Episode", {"name": "ep01", "parent": project})
    sequence = session.create("Sequence", {"name": "sq 010", "parent": episode})
    ids["sequence"] = sequence
    for index in range(4):
        shot = session.create(
            "Shot",
            {
                "name": f"sh{index}",
                "parent": sequence,
                "description": ("", "it's 50% done", 'said "no"', "limit 30 offset 2")[index],
                "start_date": arrow.get(2024, 1, 1 + index),
                "end_date": arrow.get(2024, 2, 1 + index, 12, 30),
            },
        )
        task = session.create("Task", {"name": ("anim", "comp", "fx", "light")[index], "parent": shot})
        task["bid"] = index * 3600
        shot["metadata"]["handles"] = str(index)
        if index:
            task["status"] = done
            session.create("Appointment", {"context": task, "resource": other, "type": "assignment"})
        asset = session.create("Asset", {"name": f"asset{index}", "parent": shot, "type": asset_type})
        for number in range(2):
            version = session.create(
                "AssetVersion", {"asset": asset, "task": task, "comment": f"c{number}", "user": user}
            )
            session.create(
                "FileComponent",
                {"name": "main", "file_type": ".mov", "size": 100 * index, "version": version},
            )
        note = session.create(
            "Note",
            {"content": f"note {index}", "author": user, "parent_id": task["id"], "parent_type": "Task"},
        )
        session.create(
            "Note",
            {
                "content": f"reply {index}",
                "author": other,
                "in_reply_to": note,
                "parent_id": task["id"],
                "parent_type": "Task",
            },
        )
        ids.update(
            {
                f"sh{index}": shot,
                f"task{index}": task,
                f"asset{index}": asset,
                f"version{index}": version,
                f"note{index}": note,
            }
        )
    session.create("TypedContextLink", {"from": ids["sh0"], "to": ids["sh1"]})
    category = find("ListCategory").first()
    made = session.create(
        "AssetVersionList", {"name": "dailies", "project": project, "category": category, "owner": user}
    )
    session.commit()
    made["items"].extend([ids["version0"], ids["version1"]])
    review = session.create("ReviewSession", {"name": "review", "project": project})
    item = session.create(
        "ReviewSessionObject", {"review_session": review, "asset_version": ids["version2"], "name": "item"}
    )
    invitee = session.create(
        "ReviewSessionInvitee", {"review_session": review, "name": "Jo", "email": "jo@studio.example"}
    )
    session.create(
        "ReviewSessionObjectStatus",
        {"review_session_object": item, "review_session_invitee_id": invitee["id"], "status": "approved"},
    )
    session.create(
        "Timelog",
        {"user": user, "context_id": ids["task1"]["id"], "duration": 7200, "start": arrow.get(2024, 3, 1)},
    )
    session.create("Job", {"user": user, "status": "done", "data": json.dumps({"description": "$"})})
    session.commit()
    ids.update(list=made, review=review, item=item)
    return {name: entity["id"] for name, entity in ids.items()}


def label(entity):
    """Something that tells an entity, whoever made it."""
    for name in (
        "name",
        "content",
        "username",
        "comment",
        "status",
        "value",
        "label",
        "key",
        "type",
        "entity_type",
    ):
        if name in entity:
            return f"{entity.entity_type} {entity[name]}"
    return entity.entity_type


def ask(session, context, ids, expressions):
    def replace(found):
        return ids.get(found[1], found[0])

    outcomes = []
    for expression in expressions:
        text = re.sub(r"@(\w+)", replace, expression).replace("$", context.name)

        def run(text=text):
            entities = session.query(text).all()
            labels = [label(entity) for entity in entities]
            return labels if "order by" in text.lower() else sorted(labels)

        outcomes.append([expression, context.attempt(run)])
        if isinstance(outcomes[-1][1], dict):
            # Which class says it is compared elsewhere; here whether it is refused.
            outcomes[-1][1] = "refused"
    return outcomes


IN = ' and project.name is "$"'


def case_projects_and_contexts(api, session, context):
    ids = site(session, context)
    return ask(
        session,
        context,
        ids,
        [
            'Project where name is "$"',
            "Project where name is $",
            "Project where name is '$'",
            'Project where name="$"',
            'Project where name = "$"',
            'Project where full_name is "$"',
            'Project where id is "@project"',
            "Project where id is @project",
            'Project where id in ("@project")',
            'Project where status is "active" and name is "$"',
            'Project where status is active and name is "$"',
            'Project where status is_not hidden and name is "$"',
            'select name, full_name from Project where name is "$"',
            'select id, name, status from Project where status is "active" and name like "$%"',
            'select thumbnail_id, metadata from Project where name is "$"',
            'Project where name like "%projects_and%" and id is @project',
            'Project where not name is_not "$"',
            'Project where project_schema.name is "VFX" and name is "$"',
            'Project where children any (name is "ep01") and name is "$"',
            'Project where created_by.username is "' + session.api_user + '" and name is "$"',
            'Project where metadata any (key is "x") and name is "$"',
            'Shot where project.name is "$"',
            'Shot where project_id is "@project"',
            "Shot where project_id is @project",
            'Shot where project.id is "@project"',
            'select name from Shot where project.name is "$"',
            'select name, parent.name from Shot where project.name is "$"',
            "select name,parent.name,parent.parent.name from Shot where project_id is @project",
            'select name, parent, children from Shot where parent.name is "sq 010"' + IN,
            'Shot where parent.name is "sq 010"' + IN,
            'Shot where parent_id is "@sequence"',
            'Shot where parent.id is "@sequence"',
            "Shot where parent is @sequence",
            'Shot where parent.parent.name is "ep01"' + IN,
            'Shot where ancestors any (name is "ep01")' + IN,
            'Shot where ancestors.name is "ep01"' + IN,
            'Shot where ancestors any (id is "@sequence")',
            'Task where ancestors any (id is "@project")',
            'Sequence where children any (name is "sh2")' + IN,
            'Sequence where children.name is "sh2"' + IN,
            'Sequence where descendants any (name is "comp")' + IN,
            'TypedContext where project_id is "@project"',
            'TypedContext where project_id is "@project" and object_type.name is "Shot"',
            'TypedContext where project_id is "@project" and object_type.name in ("Shot", "Sequence")',
            'TypedContext where (object_type.name is "Shot" or object_type.name is "Episode") and project_id is @project',
            'TypedContext where name is "sh1" and project.name is "$"',
            'Context where id is "@sh1"',
            'Context where id in ("@sh1", "@sequence", "@project")',
            'Context where name like "sh%" and project_id is "@project"',
            "Context where parent_id is @sequence",
            'select link from Task where project_id is "@project"',
            'select link, name, type.name, status.name from Task where project_id is "@project"',
            'Episode where project.name is "$"',
            'Milestone where project.name is "$"',
            'AssetBuild where project.name is "$" and type.name is "Character"',
            'Folder where project.name is "$"',
            'Shot where name in ("sh1", "sh2")' + IN,
            'Shot where name in ("sh1","sh2")' + IN,
            "Shot where name in(sh1,sh2)" + IN,
            "Shot where name in ('sh1', 'sh2',)" + IN,
            "Shot where name in ('sh1' , 'sh2')" + IN,
            'Shot where name not_in ("sh1", "sh2")' + IN,
            'Shot where name like "sh%"' + IN,
            'Shot where name like "%1"' + IN,
            'Shot where name like "%h%"' + IN,
            'Shot where name not_like "sh1%"' + IN,
            'Shot where description is ""' + IN,
            "Shot where description is none" + IN,
            "Shot where description is_not None" + IN,
            'Shot where description is_not ""' + IN,
            "Shot where description != none" + IN,
            'Shot where description like "%50\\%%"' + IN,
            'Shot where description is "it\'s 50% done"' + IN,
            'Shot where description is "said \\"no\\""' + IN,
            "Shot where description is 'said \"no\"'" + IN,
            "Shot where name is sh3" + IN,
            'Shot where metadata any (key is "handles" and value is "2")' + IN,
            "Shot where metadata any (key is handles and value is 2)" + IN,
            'Shot where metadata.key is "handles" and metadata.value is "3"' + IN,
            'Shot where not metadata any (key is "handles")' + IN,
            'Shot where start_date > "2024-01-02"' + IN,
            'Shot where start_date >= "2024-01-02"' + IN,
            'Shot where start_date after "2024-01-02"' + IN,
            'Shot where start_date before "2024-01-02T00:00:01"' + IN,
            'Shot where end_date < "2024-02-02 12:30:00"' + IN,
            'Shot where end_date <= "2024-02-02T12:30:00+00:00"' + IN,
            'Shot where start_date after "2023-12-31T23:00:00" and start_date before "2024-01-03"' + IN,
            'Shot where start_date greater_than "2024-01-02" and start_date less_than "2024-01-04"' + IN,
            'Shot where start_date is "2024-01-02"' + IN,
            "Shot where start_date is_not none" + IN,
            'Shot where created_at after "2020-01-01"' + IN,
            "Shot where thumbnail is none" + IN,
            "Shot where thumbnail_id is_not none" + IN,
        ],
    )


def case_tasks_and_people(api, session, context):
    ids = site(session, context)
    return ask(
        session,
        context,
        ids,
        [
            'Task where project.name is "$"',
            'Task where project_id is "@project" and name is "comp"',
            'Task where parent.name is "sh1"' + IN,
            'Task where parent.id is "@sh1"',
            'Task where parent_id is "@sh1"',
            'Task where parent_id in ("@sh1", "@sh2")',
            "Task where parent_id in (@sh1, @sh2)",
            'Task where parent has (name is "sh1")' + IN,
            'Task where parent has (name is "sh1" and parent has (name is "sq 010"))' + IN,
            "Task where parent[TypedContext].type is none" + IN,
            'Task where parent[Shot].name is "sh2"' + IN,
            'Task where parent[TypedContext] has (status.name is "Not started")' + IN,
            'Task where parent.object_type.name is "Shot"' + IN,
            'Task where status.name is "Not started"' + IN,
            'Task where status.name is_not "Not started"' + IN,
            'Task where status.name in ("Not started", "Completed")' + IN,
            'Task where status.name not_in ("Not started")' + IN,
            'Task where status.state.name is "Done"' + IN,
            'Task where status.state.short is "DONE"' + IN,
            "Task where status.state.short is_not NOT_STARTED" + IN,
            "Task where status.state.short in (NOT_STARTED, IN_PROGRESS)" + IN,
            'Task where status has (name is "Not started")' + IN,
            "Task where status.is_active is True" + IN,
            'Task where status.is_active is "true"' + IN,
            "Task where type.name is Generic" + IN,
            "Task where type is none" + IN,
            'Task where priority.name is "None"' + IN,
            'Task where priority.name in ("High", "Urgent")' + IN,
            "Task where bid > 3600" + IN,
            'Task where bid >= "3600"' + IN,
            "Task where bid is 0" + IN,
            "Task where bid is_not 0" + IN,
            "Task where bid = 7200.0" + IN,
            "Task where bid greater_than 0 and bid less_than 7201" + IN,
            'Task where assignments any (resource.username is "$.jane")' + IN,
            'Task where assignments any (resource.username = "$.jane")' + IN,
            'Task where assignments any (resource_id is "@other")' + IN,
            'Task where assignments any (resource.id is "@other")' + IN,
            'Task where assignments.resource.id is "@other"' + IN,
            'Task where assignments.resource.username is "$.jane"' + IN,
            "Task where assignments any (resource.username is $.jane)" + IN,
            "Task where assignments any ()" + IN,
            "Task where not assignments any ()" + IN,
            'Task where not assignments any (resource.id is "@other")' + IN,
            "select name, assignments.resource.username from Task where project_id is @project",
            'Task where timelogs any (user.id is "@me")' + IN,
            "Task where not timelogs any ()" + IN,
            'Task where notes any (content like "note 1%")' + IN,
            'Task where notes any (author.username is "' + session.api_user + '")' + IN,
            'Task where (name is "anim" or name is "comp")' + IN,
            'Task where not (name is "anim" or name is "comp")' + IN,
            'Task where not name in ("anim", "comp")' + IN,
            'Task where ((parent.name is "sh1" and name is "comp") or (parent.name is "sh2" and name is "fx"))'
            + IN,
            'User where username is "' + session.api_user + '"',
            'User where username is "$.jane"',
            "User where username is $.jane",
            "User where username='$.jane'",
            'User where email is "jane.doe@studio.example" and username is "$.jane"',
            "User where email like '%@studio.example' and username like '$%'",
            "User where is_active is True and username like '$%'",
            "User where is_active is true and username like '$%'",
            'User where is_active = "True" and username like "$%"',
            "User where is_active is False and username like '$%'",
            "User where id is @other",
            'User where memberships any (group.name is "$ group")',
            'User where memberships.group.name is "$ group"',
            'User where assignments any (context_id is "@task1")',
            'User where assignments any (context.project.name is "$")',
            "User where assignments.context.project_id is @project",
            'User where user_security_roles.security_role.name is "Administrator" and username is "'
            + session.api_user
            + '"',
            'Group where name is "$ group"',
            'Group where memberships any (user.username is "$.jane")',
            'Membership where user.username is "$.jane"',
            'Resource where id in ("@other", "@group")',
            'Appointment where context.project_id is "@project"',
            'Appointment where context_id is "@task1" and type is "assignment"',
            'Appointment where resource_id is "@other"',
            "Appointment where resource.id is @other and type is assignment",
            "select context.name, resource.id from Appointment where resource_id is @other",
            'Timelog where user_id is "@me" and context_id is "@task1"',
            'Timelog where start > "2024-02-01" and context_id is @task1',
            "Timelog where duration >= 7200 and context_id is @task1",
            'Timer where user_id is "@other"',
            "select status.name, status.color, status.sort from Task where project_id is @project",
            'select type.name, priority.name, priority.value from Task where project_id is "@project"',
            'Job where user_id is "@me" and status is "done" and data like "%{context}%"'.replace(
                "{context}", "$"
            ),
            "Job where status in ('queued', 'running') and user.username is nobody",
            'TypedContextLink where from_id is "@sh0"',
            'TypedContextLink where to.name is "sh1" and from_id is @sh0',
            'Shot where incoming_links any (from_id is "@sh0")',
            'Shot where outgoing_links.to.name is "sh1"' + IN,
        ],
    )


def case_versions_components_and_notes(api, session, context):
    ids = site(session, context)
    within = ' and asset.parent.project.name is "$"'
    return ask(
        session,
        context,
        ids,
        [
            'Asset where parent.id is "@sh1"',
            'Asset where parent is "@sh1"',
            'Asset where context_id is "@sh1"',
            'Asset where parent.name is "sh1" and parent.project.name is "$"',
            'Asset where name is "asset1" and context_id is @sh1',
            'Asset where name is "asset1" and parent.id is "@sh1" and type.name is "Upload"',
            'Asset where type.short is "upload" and context_id is @sh1',
            'Asset where versions any (comment is "c1") and context_id in (@sh1, @sh2)',
            'Asset where versions.components.name is "main" and context_id in ("@sh1")',
            "select name, type.name, latest_version.version from Asset where context_id is @sh1",
            'AssetVersion where asset.id is "@asset1"',
            'AssetVersion where asset_id is "@asset1"',
            'AssetVersion where asset_id in ("@asset1","@asset2")',
            'AssetVersion where asset_id is "@asset1" and version is 2',
            'AssetVersion where asset_id is "@asset1" and version is "2"',
            'AssetVersion where asset_id is "@asset1" and version = 1',
            'AssetVersion where asset_id is "@asset1" and is_latest_version is True',
            'AssetVersion where asset_id is "@asset1" and is_latest_version is "True"',
            "AssetVersion where asset_id is @asset1 and is_latest_version is true",
            "AssetVersion where asset_id is @asset1 and is_latest_version is False",
            "AssetVersion where is_latest_version is true" + within,
            'AssetVersion where asset.name is "asset1"' + within,
            'AssetVersion where asset.name like "asset%"' + within,
            'AssetVersion where asset.parent.name is "sh1"' + within,
            'AssetVersion where asset.parent.id is "@sh1"',
            'AssetVersion where asset has (parent has (name is "sh1"))' + within,
            'AssetVersion where task_id is "@task1"',
            'AssetVersion where task.id is "@task1"',
            'AssetVersion where task.name is "comp"' + within,
            'AssetVersion where task.project.name is "$"',
            'AssetVersion where task.project.name is "$" and version > 1',
            'AssetVersion where user.username is "' + session.api_user + '"' + within,
            'AssetVersion where components any (name is "main")' + within,
            'AssetVersion where components any (name is "main" and file_type is ".mov")' + within,
            'AssetVersion where components any (component_locations any (location_id is "x"))' + within,
            'AssetVersion where not components any (name is "other")' + within,
            'AssetVersion where components.name is "main" and components.size > 100' + within,
            'AssetVersion where lists any (name is "dailies")' + within,
            'AssetVersion where lists.id is "@list"',
            'AssetVersion where status.name is "Pending Review"' + within,
            'AssetVersion where comment like "c%"' + within,
            'AssetVersion where comment is "c0" and version is_not 2' + within,
            'AssetVersion where date > "2020-01-01"' + within,
            "select version, asset.name, asset.parent.name, user.username from AssetVersion where task_id is @task1",
            'select id, asset.type.short, components.name, components.file_type from AssetVersion where asset_id is "@asset1"',
            'AssetVersion where asset_id is "@asset1" order by version',
            'AssetVersion where asset_id is "@asset1" order by version desc',
            'AssetVersion where asset_id is "@asset1" order by version descending',
            'AssetVersion where asset_id is "@asset1" order by version ascending limit 1',
            'AssetVersion where asset_id is "@asset1" order by version DESC limit 1',
            'AssetVersion where asset_id in ("@asset1", "@asset2") order by asset.name desc, version',
            'select version from AssetVersion where asset_id is "@asset1" order by version descending limit 1 offset 1',
            'select version from AssetVersion where asset_id is "@asset1" order by version descending offset 1 limit 1',
            'Component where version_id is "@version1"',
            'Component where version.id is "@version1" and name is "main"',
            "Component where version.asset.parent.id is @sh1",
            "FileComponent where version_id is @version1",
            "FileComponent where size is 100 and version_id is @version1",
            "FileComponent where size > 99 and file_type in ('.mov', '.mp4') and version.asset_id is @asset1",
            'SequenceComponent where version_id is "@version1"',
            'select component_id, resource_identifier from ComponentLocation where component.version_id is "@version1"',
            'ComponentLocation where location.name is "ftrack.server" and component.version_id is "@version1"',
            'Location where name is "ftrack.server"',
            'Location where name in ("ftrack.server", "ftrack.unmanaged")',
            "select id, name, label from Location where name like 'ftrack.%' order by name",
            'Note where parent_id is "@task1"',
            "Note where parent_id is @task1",
            'Note where parent_id in ("@task1", "@task2")',
            'Note where parent_id is "@task1" and in_reply_to_id is none',
            'Note where parent_id is "@task1" and not in_reply_to has ()',
            'Note where parent_id is "@task1" and in_reply_to has ()',
            'Note where in_reply_to_id is "@note1"',
            'Note where in_reply_to.id is "@note1"',
            'Note where author.username is "$.jane"',
            'Note where author has (username is "$.jane")',
            "Note where user_id is @other",
            'Note where content like "%note%" and parent_id is "@task2"',
            'Note where parent_id is "@task1" order by date desc',
            'Note where parent_id is "@task1" and replies any (content is "reply 1")',
            'Note where parent_id is "@task1" order by thread_activity desc, content',
            "select content, author.username, date, replies.content from Note where parent_id is @task1 order by content",
            'select content, metadata.key, metadata.value from Note where id is "@note1"',
            'Note where parent_id in (select id from Task where project_id is "@project") and in_reply_to_id is none',
            'Note where parent_id is "@task1" or parent_id in (select id from ReviewSessionObject where version_id is "@version1")',
            'NoteCategory where name is "Client feedback"',
            'NoteLabel where name is "Client feedback"',
            'Metadata where parent_id is "@sh1" and key is "handles"',
            'Metadata where parent_id in ("@sh1", "@sh2") and value > 0',
        ],
    )


def case_lists_reviews_and_settings(api, session, context):
    ids = site(session, context)
    return ask(
        session,
        context,
        ids,
        [
            'AssetVersionList where name is "dailies"' + IN,
            'List where name is "dailies"' + IN,
            'List where project_id is "@project"',
            'List where id is "@list"',
            "List where category.name is_not none" + IN,
            'AssetVersionList where items any (id is "@version0")',
            'ListObject where list_id is "@list"',
            'AssetVersion where id in (select entity_id from ListObject where list_id is "@list")',
            'AssetVersionList where owner.username is "' + session.api_user + '"' + IN,
            "AssetVersionList where is_open is True" + IN,
            'TypedContextList where project.name is "$"',
            'ReviewSession where name is "review"' + IN,
            'ReviewSession where project_id is "@project"',
            'ReviewSession where project.name is "$" and is_open is True',
            "select name, review_session_objects.name from ReviewSession where project_id is @project",
            'ReviewSession where review_session_objects any (version_id is "@version2")',
            'ReviewSession where review_session_invitees any (email is "jo@studio.example")' + IN,
            "ReviewSession where review_session_invitees.email is 'jo@studio.example'" + IN,
            'ReviewSession where created_by.username is "' + session.api_user + '"' + IN,
            'ReviewSession where end_date > "2020-01-01"' + IN,
            'ReviewSessionObject where review_session_id is "@review"',
            'ReviewSessionObject where review_session.id is "@review" order by sort_order',
            'ReviewSessionObject where review_session.name is "review" and review_session.project_id is "@project"',
            'ReviewSessionObject where review_session_id is "@review" and statuses any (status is "approved")',
            "ReviewSessionObject where review_session_id is @review and not statuses any (status is approved)",
            'ReviewSessionObject where asset_version.asset.name is "asset2" and review_session_id is @review',
            "ReviewSessionObject where version_id is @version2",
            'ReviewSessionObject where asset_version.id is "@version2"',
            'select statuses.status, statuses.invitee.name, statuses.created_at from ReviewSessionObject where review_session_id is "@review"',
            'ReviewSessionObjectStatus where review_session_object.review_session_id is "@review"',
            'ReviewSessionObjectStatus where review_session_object_id is "@item" and status in ("approved", "seen")',
            'ReviewSessionObjectStatus where invitee.email is "jo@studio.example" and review_session_object_id is @item',
            'ReviewSessionInvitee where review_session_id is "@review"',
            'ReviewSessionInvitee where email like "%@studio.example" and review_session.project_id is "@project"',
            'ObjectType where name is "Shot"',
            "ObjectType where is_typeable is True and name in (Shot, Task)",
            "select id, name from ObjectType where name in ('Shot', 'Sequence') order by name",
            'ObjectType where name in ("Shot", "Sequence") order by name desc',
            'Status where name is "Not started"',
            'Status where state.short is "NOT_STARTED" order by sort',
            "select name, color, state.name from Status where state.short is DONE order by sort, name",
            'State where short in ("DONE", "BLOCKED")',
            'Type where name is "Compositing"',
            'Type where is_billable is True and name like "A%" order by name',
            "Priority order by sort",
            "Priority order by value desc",
            'ProjectSchema where name is "VFX"',
            'select name, object_types.name from ProjectSchema where name is "VFX"',
            'ProjectSchema where object_types any (name is "Shot") and name is "VFX"',
            'AssetType where short is "geo"',
            'AssetType where name in ("Upload", "Geometry") order by name',
            'SecurityRole where name is "Administrator"',
            'Setting where group is "STORAGE"',
            'Setting where name is "storage_scenario" and group is "STORAGE"',
            'CustomAttributeConfiguration where key is "fstart"',
            'CustomAttributeConfiguration where entity_type is "task" and object_type.name is "Shot" order by key',
            'CustomAttributeConfiguration where key in ("fstart", "fend") and object_type.name is Shot order by key',
            "select key, entity_type, is_hierarchical, type.name from CustomAttributeConfiguration where key is fps",
            'CustomAttributeType where name is "text"',
            'CustomAttributeGroup where name is "x"',
            'Shot where custom_attributes any (key is "fstart" and value is "x")' + IN,
            'Shot where custom_attributes any (key is "fend" and value > 0)' + IN,
            'Shot where custom_attributes any (key = "fstart" and value = 0)' + IN,
            "Shot where custom_attributes.configuration.key is fstart" + IN,
            'ContextCustomAttributeValue where entity_id is "@sh1" and key is "fstart"',
            'ContextCustomAttributeValue where entity_id in ("@sh1", "@sh2") and configuration.key is "fstart"',
            'select value, configuration_id from ContextCustomAttributeValue where entity_id is "@sh1" and configuration.key in ("fstart", "fend")',
            'Disk where name is "x"',
            'CalendarEvent where project_id is "@project"',
            'Event where action is "nothing"',
            'Scope where name is "x"',
            'Dashboard where name is "x"',
            'UserType where name is "x"',
            'ListCategory where name is "x"',
            'Manager where context_id is "@project"',
        ],
    )


def case_writing_habits(api, session, context):
    ids = site(session, context)
    return ask(
        session,
        context,
        ids,
        [
            'Shot where name is "sh1"and project_id is "@project"',
            'Shot where name is "sh1"  and   project_id is "@project"',
            'Shot where (name is "sh1")and(project_id is "@project")',
            'Shot where name is "sh1" AND project_id is "@project"',
            'Shot where name is "sh1" And (project_id is "@project" OR name is "q")',
            'Shot where NOT name is "sh1" and project_id is "@project"',
            "Shot where name LIKE 'sh%' and project_id IS '@project'",
            "Shot where name IN ('sh1') and project_id is @project",
            "Shot where name is sh1 and project_id is @project ",
            "Shot  where name is sh1 and project_id is @project",
            "Shot where name is sh1\n and project_id is @project",
            "Shot where\n    name is sh1\n    and project_id is @project\n",
            "Shot where name is\tsh1 and project_id is @project",
            "Shot where project_id is @project order by name",
            "Shot where project_id is @project ORDER BY name DESC",
            "Shot where project_id is @project order by name desc, id asc",
            'Shot where project_id is "@project"order by name',
            "Shot where project_id is @project order by name limit 2",
            "Shot where project_id is @project order by name limit 2 offset 1",
            "Shot where project_id is @project order by name offset 1 limit 2",
            "Shot where project_id is @project order by name offset 3",
            "Shot where project_id is @project order by name limit 1",
            "Shot where project_id is @project order by parent.name, name desc",
            "Shot where project_id is @project order by status.sort, name",
            "select name from Shot where project_id is @project and (name is sh1 or (name is sh2 and not name is sh3))",
            "select name, name, id from Shot where project_id is @project",
            "select  name ,  id from Shot where project_id is @project",
            "select name,id,parent.name from Shot where project_id is @project",
            "select parent from Shot where project_id is @project",
            "select status, priority from Shot where project_id is @project",
            "select custom_attributes, metadata from Shot where project_id is @project",
            "select custom_attributes.key, custom_attributes.value from Shot where project_id is @project",
            "select children, children.name, children.assignments.resource from Shot where project_id is @project",
            "select __entity_type__, name from Shot where project_id is @project",
            'Shot where project_id in (select id from Project where name is "$")',
            'Shot where project_id in (select id from Project where name is "$") and name in (select name from Shot where name like "%1")',
            'Shot where id in (select parent_id from Task where name is "comp" and project_id is "@project")',
            'Task where parent_id in (select id from Shot where parent_id in (select id from Sequence where project_id is "@project"))',
            'AssetVersion where task_id in (select id from Task where assignments any (resource_id is "@other") and project_id is "@project")',
            'Shot where name in ("") and project_id is @project',
            "Shot where name in (none) and project_id is @project",
            'Shot where id is "nothing"',
            'Shot where id in ("nothing", "@sh1")',
            'Shot where project_id is @project and name is_not "sh1" and name is_not "sh2"',
            "Shot where project_id is @project and parent_id != none and parent.parent_id is_not none",
            "Shot where project_id is @project and status_id is_not none and sort is_not none",
            'Shot where project_id is @project and name > "sh1" and name < "sh3"',
            "Shot where project_id is @project and name is_not none",
            'Shot where project_id is @project and (description like "%no%" or description like "%done%")',
            "Shot where project_id is @project and created_by has (id is @me)",
            "Shot where project_id is @project and created_by_id is @me",
            "Shot where project_id is @project and object_type_id in (select id from ObjectType where name is Shot)",
            "Shot where nothing is 1",
            "Shot where name is",
            "Shot where name",
            "Shot where name is sh1 and",
            "Shot where (name is sh1",
            "Shot where name ~ sh1",
            "Shot where parent any (name is x)",
            "Shot where children has (name is x)",
            "Shot where status.type.name is x",
            "select from Shot",
            "select name Shot",
            "Shot order name",
            "Shot where name in sh1",
            "Shot where name like",
            "Shot where name is 'sh1",
        ],
    )


def case_formatted_by_python(api, session, context):
    ids = site(session, context)
    shots = tuple(ids[f"sh{index}"] for index in range(3))
    quoted = ", ".join(f'"{each}"' for each in shots)
    moment = dt.datetime(2024, 1, 2)
    return ask(
        session,
        context,
        ids,
        [
            f"Shot where id in {shots}",
            f"Shot where id in {shots[:1]}",
            f"Shot where id in {tuple(map(str, shots))} order by name",
            f"Shot where id in ({quoted}) order by name",
            "Shot where id in ({})".format(", ".join(shots)),
            "Shot where id in ({}) order by name desc".format(",".join(f"'{each}'" for each in shots)),
            'Shot where id is "%s"' % shots[0],  # noqa: UP031 - as scripts write it.
            "Shot where name is {!r} and project_id is {!r}".format("sh1", ids["project"]),
            f'Shot where start_date > "{moment}" and project_id is @project',
            f'Shot where start_date >= "{moment.isoformat()}" and project_id is @project',
            f'Shot where start_date >= "{moment.date()}" and project_id is @project',
            f'Shot where start_date >= "{arrow.get(moment)}" and project_id is @project',
            f'Shot where start_date >= "{arrow.get(moment).format("YYYY-MM-DD")}" and project_id is @project',
            f"Shot where start_date >= {moment.date()} and project_id is @project",
            f"Shot where start_date is '{arrow.get(moment).isoformat()}' and project_id is @project",
            f"AssetVersion where asset_id is {ids['asset1']} and version is {2}",
            f"AssetVersion where asset_id is {ids['asset1']} and is_latest_version is {True}",
            f"AssetVersion where asset_id is {ids['asset1']} and is_latest_version is {False}",
            f"Shot where thumbnail_id is {None} and project_id is @project",
            f"Task where bid is {3600.0} and project_id is @project",
            " or ".join(f'id is "{each}"' for each in shots).join(("Shot where ", "")),
            """
            select name, status.name
            from Shot
            where project_id is "@project"
                and name in ("sh1", "sh2")
            order by name
            """.strip(),
            'select {} from {} where {} is "{}" order by name'.format(
                "name, id", "Shot", "parent_id", ids["sequence"]
            ),
        ],
    )
