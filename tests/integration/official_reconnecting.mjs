// The official JavaScript client when the server goes away and comes back.
//
// Arguments: the ready file of a server, and a folder in which @ftrack/api is installed. It prints a line when it
// is connected, and one for each event that reaches it, until it is told to end. Nothing of ours is used here.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [readyFile, folder] = process.argv.slice(2);
const ready = JSON.parse(fs.readFileSync(readyFile, "utf-8"));
const require = createRequire(path.join(path.resolve(folder), "package.json"));
const { Event, Session } = require("@ftrack/api");

const session = new Session(ready.url, ready.api_user, ready.api_key, { autoConnectEventHub: true });
await session.initializing;
session.eventHub.subscribe("topic=reconnecting", (event) => {
  console.log(event.data.text);
  if (event.data.text === "end") process.exit(0);
});
await session.eventHub.publish(new Event("reconnecting", { text: "connected" }));
setTimeout(() => process.exit(1), 60_000);
