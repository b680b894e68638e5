// Where the review lives: on the server that sent this page. In folder.js it is a folder; nothing else knows which.
"use strict";
{

const PATIENCE_MS = 30000;
const PINGS_MS = 20000;
const LONGEST_WAIT_MS = 15000;

/** What a store refused: *message* is for people, *isGone* tells that the review is not theirs to see any more. */
class StoreError extends Error {
	constructor(message, { code = "", status = 0 } = {}) {
		super(message);
		this.code = code;
		this.status = status;
	}

	get isGone() {
		return this.status === 401 || this.status === 404;
	}
}

/** The review session on the server that sent this page. */
class ServerStore {
	constructor(path) {
		this.path = path.replace(/\/+$/, "");
	}

	state(objects) {
		const query = objects ? `?objects=${objects.map(encodeURIComponent).join(",")}` : "";
		return this._fetch(`/state${query}`);
	}

	vote(values) {
		return this._post("/vote", values);
	}

	comment(values) {
		return this._post("/comment", values);
	}

	editComment(id, content) {
		return this._post(`/comment/${id}/edit`, { content });
	}

	deleteComment(id) {
		return this._post(`/comment/${id}/delete`);
	}

	releaseComment(id) {
		return this._post(`/comment/${id}/release`);
	}

	live(listener) {
		const url = new URL(`${this.path}/live`, location.href);
		url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
		return new Live(url.href, listener);
	}

	_post(path, values = {}) {
		const headers = { "content-type": "application/json" };
		return this._fetch(path, { method: "POST", headers, body: JSON.stringify(values) });
	}

	async _fetch(path, options) {
		let answer;
		try {
			answer = await fetch(this.path + path, {
				...options, cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout?.(PATIENCE_MS),
			});
		} catch (error) {
			throw new StoreError("The server cannot be reached. What you wrote is kept here: try again in a moment.");
		}
		const isJson = (answer.headers.get("content-type") || "").startsWith("application/json");
		const body = isJson ? await answer.json().catch(() => null) : null;
		if (answer.ok && body) return body;
		const { code, message } = body?.error || {};
		throw new StoreError(message || `The server answered with an error (${answer.status}). Try again.`, {
			code, status: answer.status,
		});
	}
}

/** A connection that comes back by itself: 1, 2, 4, 8, then every 15 seconds. */
class Live {
	constructor(url, listener) {
		this._url = url;
		this._listener = listener;
		this._attempts = 0;
		this._isOver = false;
		this._heardAt = 0;
		this._timer = setInterval(() => this._ping(), PINGS_MS);
		addEventListener("online", () => this._soon(0));
		this._open();
	}

	send(message) {
		if (this._socket?.readyState !== WebSocket.OPEN) return false;
		this._socket.send(JSON.stringify(message));
		return true;
	}

	close() {
		this._isOver = true;
		clearInterval(this._timer);
		clearTimeout(this._again);
		if (this._socket) this._socket.close();
	}

	_open() {
		if (this._isOver) return;
		const socket = new WebSocket(this._url);
		this._socket = socket;
		socket.onopen = () => {
			this._heardAt = Date.now();
			this.send({ type: "hello" });
			this._listener({ type: "connected", again: this._attempts > 0 || this._wasOpen });
			this._attempts = 0;
			this._wasOpen = true;
		};
		socket.onmessage = (event) => {
			this._heardAt = Date.now();
			let message;
			try {
				message = JSON.parse(event.data);
			} catch (error) {
				return;
			}
			if (message?.type === "ping") this.send({ type: "pong" });
			else if (message) this._listener(message);
		};
		socket.onclose = () => {
			if (this._isOver || socket !== this._socket) return;
			this._listener({ type: "disconnected" });
			this._soon(Math.min(1000 * 2 ** this._attempts, LONGEST_WAIT_MS));
			this._attempts += 1;
		};
	}

	_soon(delay) {
		clearTimeout(this._again);
		if (this._isOver || this._socket?.readyState <= WebSocket.OPEN) return;
		this._again = setTimeout(() => this._open(), delay);
	}

	_ping() {
		// The server pings as often. A laptop that slept holds a socket that looks open and is dead.
		if (this._socket?.readyState === WebSocket.OPEN && Date.now() - this._heardAt > 3 * PINGS_MS) {
			this._socket.close();
		}
	}
}

/** A random id; `crypto.randomUUID` is missing on plain http away from loopback. */
function newId() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	bytes[6] = (bytes[6] & 15) | 64;
	bytes[8] = (bytes[8] & 63) | 128;
	const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Drafts and habits, which the browser keeps for the reviewer. Where it refuses to, they last as long as the page. */
const memory = {
	_held: new Map(),
	get(key) {
		try {
			return JSON.parse(localStorage.getItem(`ftrack-review:${key}`)) ?? this._held.get(key);
		} catch (error) {
			return this._held.get(key);
		}
	},
	set(key, value) {
		this._held.set(key, value);
		try {
			if (value === null) localStorage.removeItem(`ftrack-review:${key}`);
			else localStorage.setItem(`ftrack-review:${key}`, JSON.stringify(value));
		} catch (error) {
			// A full or forbidden store: the copy above serves this page.
		}
	},
};

Object.assign(FtrackReview, { StoreError, ServerStore, newId, memory });
}
