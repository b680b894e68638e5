// Events through the official JavaScript client, run by node: prints what it found as JSON.
//
// Arguments: the ready file of a server, and a folder in which @ftrack/api is installed. It is one half of a
// conversation; the other is in test_official_events.py. Nothing of ours is used here.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [readyFile, folder] = process.argv.slice(2);
const ready = JSON.parse(fs.readFileSync(readyFile, "utf-8"));
const require = createRequire(path.join(path.resolve(folder), "package.json"));
const { Event, Session } = require("@ftrack/api");

const session = new Session(ready.url, ready.api_user, ready.api_key, { autoConnectEventHub: true });
await session.initializing;
const hub = session.eventHub;
const found = { launched: [], updates: [], echoes: [], metadata: [] };

let finish;
const ended = new Promise((resolve) => {
  finish = resolve;
});

hub.subscribe("topic=ftrack.action.discover", () => ({
  items: [{ label: "Render", actionIdentifier: "official.render" }],
}));
hub.subscribe("topic=ftrack.action.launch", (event) => {
  found.launched.push(event.data);
  found.launch_user = event.source.user;
  return { success: true, message: "Rendering {} of grüße" };
});
hub.subscribe("topic=ftrack.update", (event) => {
  found.updates.push(...event.data.entities);
  found.update_keys = Object.keys(event)
    .map((key) => (key === "inReplyToEvent" ? "in_reply_to_event" : key))
    .sort();
});
hub.subscribe("topic=conversation.echo", (event) => {
  found.echoes.push(event.data);
});
hub.subscribe(
  "topic=conversation.targeted",
  () => {
    found.metadata.push("official");
  },
  { id: "official-targeted", applicationId: "official" },
);
hub.subscribe("topic=conversation.end", () => finish(true));
const ignored = hub.subscribe("topic=conversation.ignored", () => {
  found.ignored = true;
});
hub.unsubscribe(ignored);

const question = new Event("conversation.question", { number: 21 });
hub.subscribe("topic=conversation.begin", async () => {
  await hub.publish(new Event("conversation.echo", { text: "grüße" }));
  const reply = await hub.publishAndWaitForReply(question, { timeout: 20 });
  found.answer = reply.data;
  found.answer_to = reply.inReplyToEvent === question.getData().id;
  await hub.publish(new Event("conversation.answered", {}));
});
await hub.publish(new Event("conversation.ready", { hub: hub._id }));
found.connected = hub.isConnected();

const late = setTimeout(() => finish(false), 60000);
found.ended = await ended;
clearTimeout(late);
console.log(JSON.stringify(found));
process.exit(0);
