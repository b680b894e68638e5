// What a studio's script or web page does through the official JavaScript client.
//
// Run by node (at the end of this file) and, from a page of another origin, by a real browser; whoever runs it
// hands in the client and prints what comes back. Nothing of ours is used here.

/** Return what *call* was refused with. */
async function refusal(call, error) {
  try {
    await call();
  } catch (reason) {
    return {
      name: reason.name,
      message: reason.message,
      code: reason.errorCode ?? null,
      isServerError: reason instanceof error.ServerError,
      isValidationError: reason instanceof error.ServerValidationError,
      isPermissionError: reason instanceof error.ServerPermissionDeniedError,
    };
  }
  return null;
}

/** Return a session of the official client that is ready. */
export async function connect({ Session }, ready, options = {}) {
  const session = new Session(ready.url, ready.api_user, ready.api_key, options);
  await session.initializing;
  return session;
}

/** Resolve once the server sends what a hub subscribed to, as then all its earlier subscriptions count too. */
async function hears(hub, Event) {
  const topic = `heard.${crypto.randomUUID()}`;
  let isHeard = false;
  hub.subscribe(`topic=${topic}`, () => {
    isHeard = true;
  });
  const end = Date.now() + 30_000;
  while (!isHeard && Date.now() < end) {
    hub.publish(new Event(topic, {}));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Create, read, change and delete as a studio does, and return what was found. */
export async function work(client, ready) {
  const { error, expression, operation, projectSchema } = client;
  const found = {};
  const session = await connect(client, ready, {
    serverInformationValues: ["user_information"],
    additionalHeaders: { "x-studio-tool": "dailies" },
  });
  found.initialized = session.initialized;
  found.version = session.serverVersion;
  found.me = session.serverInformation.user_information.username;
  found.schemas = session.schemas.length;
  found.key = session.getPrimaryKeyAttributes("Metadata");

  // Creating, with ids of the client's and of the server's.
  const schema = (await session.query('select id from ProjectSchema where name is "VFX"')).data[0];
  const name = `js_${crypto.randomUUID().slice(0, 8)}`;
  const project = (
    await session.create("Project", { name, full_name: `Über ${name}`, project_schema_id: schema.id })
  ).data;
  found.made_id = /^[0-9a-f-]{36}$/.test(project.id);
  const statuses = await projectSchema.getStatuses(session, schema.id, "Shot");
  found.statuses = statuses.map((status) => status.name).sort();
  const shotIds = ["10", "20", "30"].map(() => crypto.randomUUID());
  const answers = await session.call(
    shotIds.map((id, index) =>
      operation.create("Shot", { id, name: `sh0${index + 1}0`, parent_id: project.id, status_id: statuses[0].id }),
    ),
  );
  found.batch = answers.map((answer) => [answer.action, answer.data.__entity_type__]);
  const asset = (await session.create("Asset", { name: "comp", context_id: shotIds[0] })).data;
  const versions = [];
  for (let number = 0; number < 2; number += 1) {
    versions.push((await session.create("AssetVersion", { asset_id: asset.id })).data);
  }
  const numbers = await session.query(
    `select version, is_latest_version from AssetVersion where asset_id is "${asset.id}" order by version`,
  );
  found.versions = numbers.data.map((row) => [row.version, row.is_latest_version]);

  // Updating: one attribute, a date and a reference, with the key as a text and as a list.
  await session.update("Shot", shotIds[0], { description: `It's "grüße" {0}` });
  const task = (
    await session.create("Task", { name: "comp", parent_id: shotIds[0], start_date: new Date("2024-05-01T12:30:45.678Z") })
  ).data;
  await session.update("Shot", [shotIds[1]], { status_id: statuses[1].id });
  const shot = (
    await session.query(
      `select description, status.name, status.state.short, parent.name from Shot where id is "${shotIds[0]}"`,
    )
  ).data[0];
  found.shot = [shot.description, shot.status.name === statuses[0].name, shot.parent.name === name];
  const dated = await session.query(`select start_date from Task where id is "${task.id}"`);
  found.date = dated.data[0].start_date.toISOString();
  const plain = await connect(client, ready, { decodeDatesAsIso: true, ensureSerializableResponse: true });
  const twice = await plain.query(
    `select name, created_at, parent.name, parent.full_name from Shot where project_id is "${project.id}" order by name`,
  );
  found.iso = twice.data[0].created_at;
  // Denormalised: each row is whole, though all have one parent.
  found.denormalised = twice.data.map((row) => row.parent.full_name === `Über ${name}`);
  const merged = await session.query(`select parent.name, parent.full_name from Shot where project_id is "${project.id}"`);
  found.normalised = merged.data.every((row) => row.parent.full_name === `Über ${name}`);

  // Collections and metadata.
  const list = (
    await session.create("AssetVersionList", {
      name: "dailies",
      project_id: project.id,
      category_id: (await session.query("select id from ListCategory")).data[0].id,
    })
  ).data;
  await session.update("AssetVersionList", [list.id], {
    items: versions.map((version) => ({ __entity_type__: "AssetVersion", id: version.id })),
  });
  const items = async () =>
    (await session.query(`select items.id from AssetVersionList where id is "${list.id}"`)).data[0].items.length;
  found.items = [await items()];
  await session.update("AssetVersionList", [list.id], { items: [{ __entity_type__: "AssetVersion", id: versions[0].id }] });
  found.items.push(await items());
  await session.create("Metadata", { parent_id: shotIds[0], parent_type: "Shot", key: "camera", value: "A" });
  await session.update("Metadata", [shotIds[0], "camera"], { value: "B" });
  const shots = (where) =>
    session
      .query(`select name from Shot where project_id is "${project.id}" and (${where}) order by name`)
      .then((result) => result.data.map((row) => row.name));
  found.by_metadata = await shots('metadata any (key is "camera" and value is "B")');
  await session.delete("Metadata", [shotIds[0], "camera"]);
  found.after_metadata = await shots('metadata any (key is "camera")');

  // A custom attribute of a studio, made and used.
  const kinds = (await session.query("select id, name from CustomAttributeType")).data;
  const objectType = (await session.query('select id from ObjectType where name is "Shot"')).data[0];
  const key = `lens_${name}`;
  const configuration = (
    await session.create("CustomAttributeConfiguration", {
      key,
      label: "Lens",
      type_id: kinds.find((kind) => kind.name === "number").id,
      entity_type: "task",
      object_type_id: objectType.id,
      default: 35,
      config: JSON.stringify({ isdecimal: true }),
    })
  ).data;
  await session.update("ContextCustomAttributeValue", [configuration.id, shotIds[1]], { value: 50.5 });
  const lenses = await session.query(
    `select name, custom_attributes from Shot where project_id is "${project.id}" order by name`,
  );
  found.lenses = lenses.data.map((row) => row.custom_attributes.find((value) => value.key === key).value);
  found.by_lens = await shots(`custom_attributes any (key is "${key}" and value > 40)`);

  // Notes, and replies that are found with them.
  const note = (
    await session.create("Note", { content: "Too dark", parent_id: versions[0].id, parent_type: "AssetVersion", user_id: session.serverInformation.user_information.id })
  ).data;
  await session.create("Note", { content: "Brighter now", in_reply_to_id: note.id, parent_id: versions[0].id, parent_type: "AssetVersion" });
  const notes = await session.query(
    `select content, date, replies.content, author.username from Note where parent_id is "${versions[0].id}" and not in_reply_to has ()`,
  );
  found.notes = notes.data.map((row) => [row.content, row.replies.map((reply) => reply.content), row.author.username]);

  // Queries of every construct.
  found.queries = {
    like: await shots('name like "sh01%"'),
    not_like: await shots('name not_like "sh01%"'),
    in: await shots(`id in ("${shotIds[0]}", "${shotIds[2]}")`),
    not_in: await shots(`id not_in ("${shotIds[0]}")`),
    or: await shots('name is "sh010" or name is "sh020" and not name is "sh020"'),
    path: await shots(`status.name is "${statuses[1].name}"`),
    has: await shots(`status has (name is "${statuses[1].name}")`),
    any: await shots('assets any (versions any (version is 2))'),
    none: await shots("not assets any () and thumbnail_id is none"),
    after: await shots('children[Task].start_date after "2024-05-01T00:00:00.000Z"'),
    cast: await shots(`parent[Project].full_name is "Über ${name}"`),
    subquery: await shots(`id in (select context_id from Asset where name is "comp")`),
    escaped: await shots(expression`description is "${'It\'s "grüße" {0}'}"`),
  };
  const grouped = await session.call([
    operation.query(`select count(id), status_id from Shot where project_id is "${project.id}" group by status_id`),
  ], { additionalHeaders: { "ftrack-strict-api": "true" } });
  found.grouped = grouped[0].data.map((row) => row.count_id).sort();
  const page = await session.query(`select name from Shot where project_id is "${project.id}" order by name limit 2`);
  const rest = await session.query(
    `select name from Shot where project_id is "${project.id}" order by name offset 2 limit 2`,
  );
  found.pages = [page.data.length, page.metadata.next.offset, rest.data.length, rest.metadata.next.offset];
  const search = await session.search({
    expression: `select name from Shot where project_id is "${project.id}" order by name`,
    entityType: "Shot",
    terms: ["sh0", "h030"],
    contextId: project.id,
    objectTypeIds: [objectType.id],
  });
  found.search = search.data.map((row) => row.name);

  // Ensuring: made once, found and changed afterwards.
  const first = await session.ensure("User", { username: `${name}.ada`, email: "ada@example.com" }, ["username"]);
  const second = await session.ensure("User", { username: `${name}.ada`, email: "ada@studio.org" }, ["username"]);
  found.ensured = [first.id === second.id, second.email];

  // Errors.
  found.errors = {
    syntax: await refusal(() => session.query("select from where"), error),
    attribute: await refusal(() => session.query("select nonsense from Task"), error),
    action: await refusal(() => session.call([{ action: "dance" }]), error),
    batch: await refusal(
      () =>
        session.call([
          operation.create("Shot", { name: "never", parent_id: project.id }),
          operation.create("Shot", { name: "broken", parent_id: "nobody" }),
        ]),
      error,
    ),
    credentials: await refusal(() => connect(client, { ...ready, api_key: "wrong" }), error),
    strict: await refusal(
      async () => (await connect(client, ready, { strictApi: true })).query("select nonsense from Task"),
      error,
    ),
  };
  // As somebody who is no administrator.
  const [{ data: issued }] = await session.call([
    { action: "reset_remote", reset_type: "api_key", entity_type: "User", entity_key: first.id },
  ]);
  const ada = await connect(client, { ...ready, api_user: `${name}.ada`, api_key: issued.api_key });
  found.errors.permission = await refusal(
    () => ada.create("User", { username: `${name}.eve`, email: "eve@example.com" }),
    error,
  );
  found.not_made = await shots('name is "never"');
  const controller = new AbortController();
  const aborted = session.query("select id from Task", { signal: controller.signal });
  controller.abort();
  found.aborted = await refusal(() => aborted, error);

  // A review: open, vote, close.
  const review = (await session.create("ReviewSession", { name: "Weekly", project_id: project.id })).data;
  const object = (
    await session.create("ReviewSessionObject", { review_session_id: review.id, version_id: versions[1].id, name: "comp", description: null, version: null })
  ).data;
  const invitee = (
    await session.create("ReviewSessionInvitee", { review_session_id: review.id, name: "Ada", email: "ada@example.com" })
  ).data;
  for (const status of ["seen", "approved"]) {
    await session.create("ReviewSessionObjectStatus", { review_session_object_id: object.id, review_session_invitee_id: invitee.id, status });
  }
  const votes = await session.query(
    `select statuses.status, statuses.invitee.name, review_session.is_open from ReviewSessionObject where id is "${object.id}"`,
  );
  found.review = [votes.data[0].statuses.map((vote) => [vote.status, vote.invitee.name]), votes.data[0].review_session.is_open];
  const sent = await session.call([{ action: "send_review_session_invite", review_session_invitee_id: invitee.id }]);
  found.sent = sent[0].sent;
  const widget = await session.call([{ action: "get_widget_url", name: "tasks", theme: "dark" }]);
  found.widget = await fetch(widget[0].widget_url, { mode: "no-cors" }).then(
    (answer) => answer.type === "opaque" || answer.ok,
  );

  // Deleting, with what is below.
  found.deleted = (await session.delete("Project", [project.id])).data;
  found.left = [
    (await session.query(`select id from Shot where project_id is "${project.id}"`)).data.length,
    (await session.query(`select id from AssetVersion where asset_id is "${asset.id}"`)).data.length,
    (await session.query(`select id from Note where id is "${note.id}"`)).data.length,
  ];
  await session.delete("CustomAttributeConfiguration", configuration.id);
  return found;
}

/** Upload in one and in many parts, read it back and encode it, and return what was found. A browser can do this. */
export async function upload(client, ready, movie) {
  const found = {};
  const session = await connect(client, ready, { autoConnectEventHub: true });
  const added = [];
  session.eventHub.subscribe("topic=ftrack.location.component-added", (event) => {
    added.push(event.data.component_id);
  });
  await hears(session.eventHub, client.Event);
  const read = (id) => fetch(session.getComponentUrl(id)).then((answer) => answer.arrayBuffer());
  const same = (one, other) => one.length === other.length && one.every((byte, index) => byte === other[index]);
  const send = async (content, name, data = {}) => {
    const shares = [];
    const [component, location, metadata] = await session.createComponent(new File([content], name), {
      data,
      onProgress: (percent) => shares.push(percent),
    });
    const back = new Uint8Array(await read(component.data.id));
    return {
      id: component.data.id,
      name: component.data.name + component.data.file_type,
      location: location.data.__entity_type__,
      is_multipart: "urls" in metadata,
      is_same: same(back, content),
      is_measured: shares.length > 0,
    };
  };
  const content = new Uint8Array(1_300_000).map((_, index) => (index * 31 + (index >> 8)) % 251);
  found.single = await send(content.slice(0, 90_000), "grüße.txt");
  window.FTRACK_UPLOAD_CHUNK_SIZE = 300_000;
  found.multi = await send(content, "plate.bin");
  delete window.FTRACK_UPLOAD_CHUNK_SIZE;
  const controller = new AbortController();
  found.aborted = await new Promise((resolve) => {
    // What comes back from here never ends, so that it is not waited for.
    session.createComponent(new File([new Uint8Array(3_000_000)], "never.bin"), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
      onAborted: () => resolve(true),
    });
  });
  const schema = (await session.query('select id from ProjectSchema where name is "VFX"')).data[0];
  const project = (
    await session.create("Project", { name: `up_${Date.now()}`, full_name: "Upload", project_schema_id: schema.id })
  ).data;
  const asset = (await session.create("Asset", { name: "comp", context_id: project.id })).data;
  const version = (await session.create("AssetVersion", { asset_id: asset.id })).data;
  const source = await send(Uint8Array.from(atob(movie), (letter) => letter.charCodeAt(0)), "shot.mp4", { version_id: version.id });
  const [job] = await session.call([
    { action: "encode_media", component_id: source.id, version_id: version.id, keep_original: true },
  ]);
  const end = Date.now() + 60_000;
  let state = null;
  while (Date.now() < end && !["done", "failed"].includes(state?.status)) {
    state = (await session.query(`select status, data from Job where id is "${job.job_id}"`)).data[0];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  found.job = state.status;
  const outputs = JSON.parse(state.data).output;
  found.outputs = outputs.map((output) => output.format);
  const thumbnail = async (url) => {
    const picture = await createImageBitmap(await fetch(url).then((answer) => answer.blob()));
    return [picture.width, picture.height];
  };
  const thumb = (await session.query(`select thumbnail_id, thumbnail_url from AssetVersion where id is "${version.id}"`)).data[0];
  found.thumbnail = await thumbnail(session.thumbnailUrl(thumb.thumbnail_id, { size: 100 }));
  found.thumbnail_of_version = Math.max(...(await thumbnail(thumb.thumbnail_url.url))) > 0;
  const video = document.createElement("video");
  video.src = session.getComponentUrl(outputs.find((output) => output.format === "video/mp4").component_id);
  await new Promise((resolve) => {
    video.onloadedmetadata = resolve;
    video.onerror = resolve;
  });
  found.movie = [video.videoWidth, video.videoHeight];
  const finish = Date.now() + 30_000;
  const isAnnounced = () => [found.single.id, found.multi.id, source.id].every((id) => added.includes(id));
  while (Date.now() < finish && !isAnnounced()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  found.announced = isAnnounced();
  session.eventHub.disconnect();
  return found;
}

if (typeof window === "undefined") {
  const fs = await import("node:fs");
  const path = await import("node:path");
  const { createRequire } = await import("node:module");
  const [readyFile, folder] = process.argv.slice(2);
  const require = createRequire(path.join(path.resolve(folder), "package.json"));
  const found = await work(require("@ftrack/api"), JSON.parse(fs.readFileSync(readyFile, "utf-8")));
  console.log(JSON.stringify(found));
  process.exit(0);
}
