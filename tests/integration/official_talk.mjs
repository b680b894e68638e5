// One of two official clients that talk to each other over the event hub: prints what it found as JSON.
//
// Arguments: the ready file of a server, and a folder in which @ftrack/api is installed. The other is
// official_talk.py. Nothing of ours is used here.

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
const found = { updates: [], sources: [] };

/** Resolve when *condition* holds, and fail after a minute; *again* is called meanwhile. */
async function until(condition, again = () => {}) {
  const end = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error("waited in vain");
    await again();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const heard = new Set();
hub.subscribe("topic=talk.python", (event) => {
  heard.add(event.data.text);
  found.sources.push([event.source.user.username, typeof event.source.user.id]);
});
hub.subscribe("topic=talk.question.javascript", (event) => ({ text: `JavaScript heard ${event.data.text}` }));
hub.subscribe("topic=ftrack.update", (event) => {
  found.updates.push(...event.data.entities.map((entity) => [entity.action, entity.entity_type, entity.changes?.username?.new]));
});
const say = (text) => hub.publish(new Event("talk.javascript", { text }));

await until(() => heard.has("hello"), () => say("hello"));
await say("hello");
const reply = await hub.publishAndWaitForReply(new Event("talk.question.python", { text: "grüße" }), { timeout: 30 });
found.reply = reply.data.text;
await session.create("User", { username: `from_javascript_${process.pid}`, email: "js@example.com" });
await until(() => found.updates.some(([, , name]) => name?.startsWith("from_python")));
await until(() => heard.has("done"), () => say("done"));
await say("done");
console.log(JSON.stringify(found));
process.exit(0);
