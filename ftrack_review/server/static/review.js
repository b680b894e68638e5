// The review page: puts the parts together, keeps the state, and listens to the keyboard.
(function (review) {
"use strict";

const { el, icon, iconButton, relabel, say, dialog, memory } = review;

const PREPARING_MS = 2000;
const LONG_STEP = 10;
const PAN_PX = 60;

const KEYS = [
	["Play", [["Space", "Play or pause"], ["K", "Pause"], ["L", "Forwards, again for faster"], ["J", "Backwards, again for faster"],
		["← →", "One frame back, forward"], ["Shift ← →", "Ten frames; moves the picture when zoomed"], ["Home End", "First, last frame"], ["G", "Go to a frame number"]]],
	["Range and sound", [["I O", "Start, end of the range"], ["\\", "Remove the range"], ["R", "Loop"], ["M", "Sound"], ["F", "Full screen"]]],
	["Go", [["↑ ↓ or [ ]", "Previous, next in the list"], ["P N or , .", "Previous, next comment on the time line"]]],
	["Look", [["+ −", "Zoom"], ["0", "Fit, or show pixels"], ["C", "Compare with the previous version: wipe, side by side, off"], ["X", "Switch between the versions"], ["H", "Hide or show drawings"]]],
	["Say", [["Shift A", "Approve"], ["Shift C", "Require changes"], ["T", "Write a comment"], ["D", "Draw"], ["Ctrl Z", "Undo a stroke"], ["Ctrl Enter", "Send"], ["Esc", "Leave drawing, comparing, writing"], ["?", "This list"]]],
];

class Page {
	constructor(state, store) {
		this.store = store;
		this.state = state;
		this.stage = new review.Stage();
		this.player = new review.Player(this.stage);
		this.timeline = new review.Timeline(this.player);
		this.together = new review.Together(this);
		this.presence = new review.Presence(this.together, this);
		this.playlist = new review.Playlist((status) => this.labelOf(status));
		this.feedback = new review.Feedback({
			player: this.player, perform: (action, id) => this.perform(action, id), labelOf: (status) => this.labelOf(status),
			capture: (drawing, frame) => this.capture(drawing, frame),
		});
		this.controls = new review.Controls(this.player, this.stage, {
			toggleFull: () => this.toggleFull(), toggleDrawings: () => this.toggleDrawings(), jump: (way) => this.jump(way),
		});
		this.palette = new review.Palette({ onDone: () => this.endDrawing(true), onDiscard: () => this.endDrawing(false) });
		this.areDrawingsShown = true;
		this.active = null;
		this._build();
		this._connect();
		this._theme(memory.get("theme") || "dark");
		this.update();
	}

	get me() {
		return this.state.me;
	}

	labelOf(status) {
		const found = this.state.statuses.find((other) => other.value === status);
		return found ? found.label : status;
	}

	// Parts

	_build() {
		this._menu = iconButton("list", "Show the list", () => this._drawer(true), null, { class: "tool drawer-only", "aria-expanded": "false", "aria-controls": "playlist" });
		this._name = el("h1", { dir: "auto" });
		this._project = el("p.project", { dir: "auto" });
		this._themes = iconButton("light", "Light theme", () => this._theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
		this._who = el("p.who", { dir: "auto" });
		this._save = el("button.primary", { type: "button", hidden: true, onclick: () => this.store.save(this) }, icon("download"), "Save my answers");
		const skip = el("button.skip", { type: "button", onclick: () => this.timeline.el.focus() }, "Skip to the player");
		this._top = el("header.top", null, skip, this._menu, el("span.mark", { "aria-hidden": "true" }), el("div.names", null, this._name, this._project),
			this._save, this.presence.el, this._who, this._themes, iconButton("text", "Keyboard shortcuts", () => this.help(), "?", { class: "tool help" }));
		this._top.querySelector(".help").replaceChildren("?");
		this._banner = el("p.banner", { hidden: true });
		this._title = el("div.title");
		this._compare = this._makeCompare();
		this._main = el("main.viewer", { "aria-label": "Player" }, el("div.heading", null, this._title, this._compare),
			el("div.screen", null, this.stage.el, this.palette.el), this.timeline.el, this.controls.el);
		this._veil = el("div.veil", { hidden: true, onclick: () => this._drawer(false) });
		this._empty = el("p.empty", { hidden: true }, "There is nothing to review here yet.");
		this._columns = el("div.columns", null, this.playlist.el, this._veil, this._main, this.feedback.el, this._empty);
		this._spoken = el("div.spoken", { id: "spoken", "aria-live": "polite", "aria-atomic": "true" });
		document.getElementById("review").replaceChildren(this._top, this._banner, this.presence.banner, this._columns, this._spoken);
	}

	_makeCompare() {
		this._versions = el("select", { "aria-label": "Compare with", onchange: () => this.compare(this._mode) });
		this._modes = [["wipe", "Wipe"], ["side", "Side by side"], ["toggle", "Switch"]].map(([mode, label]) =>
			el("button.mode", { type: "button", "data-mode": mode, onclick: () => (mode === "toggle" && this._mode === "toggle" ? this.swap() : this.compare(mode)) }, label));
		this._comparing = el("div.modes", { role: "group", "aria-label": "Compare", hidden: true }, this._versions, ...this._modes,
			iconButton("close", "Stop comparing", () => this.compare("off"), "Esc"));
		this._begin = el("button.quiet.compare", { type: "button", title: "Compare with the previous version (C)", onclick: () => this.compare("wipe") }, icon("compare"), el("span", null, "Compare"));
		this._mode = "off";
		return el("div.comparing", null, this._begin, this._comparing);
	}

	_connect() {
		const own = (listener) => (detail) => {
			this.together.unfollow();
			listener(detail);
		};
		this.playlist.on("chosen", own((id) => {
			this._drawer(false);
			this.select(id);
		})).on("closed", () => this._drawer(false));
		this.feedback.on("chosen", own((note) => this.choose(note))).on("draw", () => this.draw()).on("draft", () => this._showDrawings());
		this.timeline.on("mark", own((note) => this.choose(note)));
		this.stage.on("click", () => { if (this.player.isMovie) own(() => this.player.toggle())(); });
		for (const part of [this.timeline.el, this.controls.el]) part.addEventListener("pointerdown", () => this.together.unfollow(), true);
		this.player.on("frame", () => this._showDrawings());
		this.player.on("failed", (footage) => this._failed(footage));
		this.together.on("changed", (ids) => this.refresh(ids)).on("again", () => this.refresh(null)).on("lost", () => this.refresh(null)).on("over", (text) => this.end(text));
		document.addEventListener("pointerdown", () => { this._isByMouse = true; }, true);
		document.addEventListener("keydown", (event) => { if (event.key === "Tab") this._isByMouse = false; }, true);
		document.addEventListener("keydown", (event) => this._key(event));
		addEventListener("hashchange", () => this._readAddress());
		addEventListener("pagehide", () => this.together.stop());
		setInterval(() => this._prepare(), PREPARING_MS);
	}

	/** Take up the work: the object of the address, or the first one. */
	async start() {
		this._hasStarted = true;
		if (!this._readAddress() && this.state.objects.length) this.select(this.state.objects[0].id);
		if (this.store.isFolder) await this.store.begin(this);
		this.together.connect(this.store);
		this.presence.update();
	}

	_readAddress() {
		const hash = new URLSearchParams(location.hash.slice(1));
		const id = hash.get("object") || new URLSearchParams(location.search).get("object");
		if (!this.state.objects.some((object) => object.id === id)) return false;
		if (!this.current || this.current.id !== id) this.select(id);
		const frame = Number.parseInt(hash.get("frame"), 10);
		if (Number.isFinite(frame)) this.player.seek(frame);
		return true;
	}

	// State

	/** Do something in the store and show what came of it. */
	async perform(action) {
		try {
			const answer = await action(this.store);
			if (answer && answer.object) this._replace([answer.object]);
			this.update();
			return answer;
		} catch (error) {
			if (error.isGone || error.status === 403) this.refresh(null);
			throw error;
		}
	}

	/** Read the state again: of the objects with these ids, or of everything. One reading at a time, the last wish counts. */
	async refresh(ids) {
		if (this._isOver) return;
		this._wish = this._wish === null || ids === null ? null : [...(this._wish || []), ...ids];
		if (this._isReading) return;
		this._isReading = true;
		while (this._wish !== undefined && !this._isOver) {
			const wish = this._wish;
			this._wish = undefined;
			try {
				this._take(await this.store.state(wish && wish.length ? [...new Set(wish)] : null), Boolean(wish && wish.length));
			} catch (error) {
				if (error.isGone || error.status === 403) this.end(error.message);
				// Otherwise the connection tells when the server is back, and everything is read again.
			}
		}
		this._isReading = false;
	}

	_take(next, isPart) {
		const before = new Map(this.state.objects.map((object) => [object.id, object]));
		if (isPart) {
			for (const object of next.objects) before.set(object.id, object);
			const order = next.order || this.state.objects.map((object) => object.id);
			next = { ...this.state, ...next, objects: order.map((id) => before.get(id)).filter(Boolean) };
		}
		this._announce(this.state, next);
		this.state = next;
		this.update();
	}

	_replace(objects) {
		const changed = new Map(objects.map((object) => [object.id, object]));
		this.state.objects = this.state.objects.map((object) => changed.get(object.id) || object);
	}

	/** Say what others did to the object on the stage. */
	_announce(before, after) {
		if (!this.current) return;
		const find = (state) => state.objects.find((object) => object.id === this.current.id);
		const [old, now] = [find(before), find(after)];
		if (!old || !now) return;
		const known = new Set(old.notes.flatMap((note) => [note.id, ...(note.replies || []).map((reply) => reply.id)]));
		const fresh = now.notes.flatMap((note) => [note, ...(note.replies || [])]).filter((note) => !known.has(note.id) && !note.mine);
		if (fresh.length) say(`${fresh[0].author} commented: ${fresh[0].content.slice(0, 120) || "a drawing"}`);
		const votes = new Map(old.votes.map((vote) => [vote.person_id, vote.status]));
		const vote = now.votes.find((other) => votes.get(other.person_id) !== other.status && other.person_id !== this.me.id);
		if (vote) say(`${vote.person}: ${this.labelOf(vote.status)}.`);
		if (before.session.is_open && !after.session.is_open) say("The review was closed.");
	}

	/** Show the state. */
	update() {
		const { session, me, objects } = this.state;
		document.title = session.name;
		this._name.textContent = session.name;
		this._project.textContent = session.project || "";
		if (this._name.title !== session.description) this._name.title = session.description || "";
		const role = me.role === "reviewer" ? "" : me.role;
		this._who.replaceChildren(...(me.name ? [review.avatar(me.name, me.id), el("span", null, me.name), role ? el("span.role", null, role) : ""] : []));
		this._showBanner();
		this._save.hidden = !(this.store.isFolder && this.store.count);
		this.playlist.update(objects, this.current && this.current.id, me.can.vote);
		this._empty.hidden = objects.length > 0;
		this._columns.classList.toggle("is-empty", !objects.length);
		if (this.current) this._updateCurrent();
		else if (objects.length && this._hasStarted) this.select(objects[0].id);
		this.presence.update();
	}

	_updateCurrent() {
		const now = this.state.objects.find((object) => object.id === this.current.id);
		if (!now) {
			say("What you saw was taken out of the review.");
			this.current = null;
			this.endDrawing(true);
			if (this.state.objects.length) this.select(this.state.objects[0].id);
			return;
		}
		const wasShown = this._shown;
		this.current = now;
		if (this._mediaKey(now) !== wasShown) this._open(now);
		this._show();
	}

	_showBanner() {
		const { session, me } = this.state;
		const kinds = { observer: "You are invited to watch this review; voting and commenting is for others." };
		const text = session.is_open ? kinds[me.role] || "" : session.closed_reason || "This review is closed. You can watch it and read everything; votes and comments are no longer taken.";
		this._banner.hidden = !text;
		if (this._banner.textContent !== text) this._banner.textContent = text;
		this._why = text;
	}

	// The object on the stage

	_mediaKey(object) {
		const { url, state, kind, message, original_url: original } = object.media;
		return JSON.stringify([object.id, url, state, kind, message, original]);
	}

	/** Bring the object *id* to the stage. */
	select(id) {
		const object = this.state.objects.find((other) => other.id === id);
		if (!object) return;
		if (this.sketch) this.endDrawing(true);
		if (this.current && this.current.id === id) return;
		this.current = object;
		this.active = null;
		this._open(object);
		this._show();
		this.playlist.mark(id);
		this.together.moved();
		const address = new URL(location.href);
		address.hash = new URLSearchParams({ object: id }).toString();
		if (address.protocol !== "file:") address.searchParams.delete("object");
		history.replaceState(null, "", address);
	}

	_open(object) {
		this._shown = this._mediaKey(object);
		this.compare("off");
		this.stage.el.querySelectorAll(".over").forEach((notice) => notice.remove());
		this.player.open(object.media, [object.name, object.version].filter(Boolean).join(", "), object.id);
		this.player.footage.on("ready", () => this._show());
		this._begin.hidden = !object.previous.some((other) => other.media.state === "ready") || !this.player.footage.isPicture;
		this._versions.replaceChildren(...object.previous.map((other) => el("option", { value: other.version_id, disabled: other.media.state !== "ready" }, other.label)));
	}

	_show() {
		const object = this.current;
		const index = this.state.objects.indexOf(object);
		this._title.replaceChildren(
			iconButton("previous", "Previous in the list", () => this.move(-1), "↑", { disabled: index <= 0 }),
			iconButton("next", "Next in the list", () => this.move(1), "↓", { disabled: index >= this.state.objects.length - 1 }),
			el("h2", { dir: "auto" }, object.name), el("span.version", { dir: "auto" }, object.version),
			el("span.place", null, `${index + 1} of ${this.state.objects.length}`),
			object.description ? el("p.description", { dir: "auto", title: object.description }, object.description) : "");
		this.feedback.update(object, this.me, this.state.statuses, this._why);
		this._notes = object.notes;
		this.timeline.setNotes(this._notes, this.active);
		this._showDrawings();
	}

	move(way) {
		this.together.unfollow();
		const index = this.state.objects.indexOf(this.current);
		const next = this.state.objects[index + way];
		if (next) {
			this.select(next.id);
			say(`${next.name}, ${next.version}`);
		}
	}

	_failed(footage) {
		this.stage.el.append(el("div.absent.over", null, icon("warning"), el("p.title", null, "This browser cannot play the media"),
			el("p", null, "Try another browser, or take the file itself."), ...footage.offer()));
		footage.el.classList.add("is-hidden");
	}

	/** Ask how far the encoding is while somebody waits for it. */
	_prepare() {
		const waiting = this.state.objects.filter((object) => object.media.state === "encoding").map((object) => object.id);
		if (waiting.length && !document.hidden && !this.store.isFolder) this.refresh(waiting);
	}

	// Comments on the time line

	/** Show the frame and the drawing of *note*. */
	choose(note) {
		this.active = note.id;
		if (this.player.isMovie && note.frame !== null && note.frame !== undefined) this.player.seek(note.frame);
		this.feedback.mark(note.id);
		this.timeline.setNotes(this._notes, this.active);
		this._showDrawings();
	}

	/** Go to the next comment at a frame, or the previous one with -1. */
	jump(way) {
		if (!this.player.isMovie) return;
		const here = this.player.footage.position;
		const notes = this._notes.filter((note) => note.frame !== null).sort((a, b) => a.frame - b.frame);
		const next = way > 0 ? notes.find((note) => note.frame > here) : notes.reverse().find((note) => note.frame < here);
		if (!next) {
			say(way > 0 ? "No comment after this frame." : "No comment before this frame.");
			return;
		}
		this.choose(next);
		say(`Frame ${this.feedback.numberOf(next.frame)}, ${next.author}: ${next.content.slice(0, 120)}`);
	}

	// Drawing

	toggleDrawings() {
		this.areDrawingsShown = !this.areDrawingsShown;
		this.controls.showDrawings(this.areDrawingsShown);
		this._showDrawings();
	}

	/** Show the drawings of the frame on the stage, and the one in the making. */
	_showDrawings() {
		const { footage } = this.player;
		if (!footage || !this.current || !footage.isPicture) return;
		const frame = footage.isMovie ? footage.position : 0;
		const here = (note) => note.drawing && (!footage.isMovie || note.frame === frame);
		let notes = this.areDrawingsShown ? this.current.notes.filter(here) : [];
		const chosen = notes.filter((note) => note.id === this.active);
		if (chosen.length) notes = chosen;
		const { draft } = this.feedback;
		const loose = this.areDrawingsShown && !chosen.length ? this.current.drawings || [] : [];
		const drawings = [...notes, ...loose.filter(here)].map((note) => note.drawing);
		if (draft && draft.drawing && !this.sketch && (!footage.isMovie || draft.frame === frame)) drawings.push(draft.drawing);
		if (this.sketch && frame !== this._sketchFrame) this.endDrawing(true);
		this.stage.drawings = drawings;
		this.stage.paint();
	}

	/** Begin to draw on the frame on the stage, or go on with the drawing of the draft. */
	async draw() {
		if (!this.me.can.draw || !this.player.footage.isPicture || this.sketch) return;
		this.together.unfollow();
		this.player.pause();
		const { draft } = this.feedback;
		const { footage } = this.player;
		if (draft.drawing && draft.frame !== null && draft.frame !== footage.position) this.player.seek(draft.frame);
		this._sketchFrame = footage.isMovie ? footage.position : 0;
		this._beforeSketch = draft.drawing;
		this.sketch = new review.Sketch(draft.drawing);
		const frame = this._sketchFrame;
		this.sketch.on("changed", () => { if (this.sketch) this.feedback.setDrawing(this.sketch.drawing, frame); });
		this.palette.open(this.sketch);
		this.stage.draw(this.sketch);
		document.body.classList.add("is-drawing");
		this.stage.layout();
		this._showDrawings();
		say("Drawing. Escape ends it.");
	}

	/** End drawing and keep what was drawn for the comment, or go back to what was there before. */
	endDrawing(isKept) {
		const { sketch } = this;
		if (!sketch) return;
		this.stage.draw(null);
		this.sketch = null;
		this.palette.close();
		document.body.classList.remove("is-drawing");
		this.feedback.setDrawing(isKept ? sketch.drawing : this._beforeSketch, this._sketchFrame);
		this._showDrawings();
		if (isKept && sketch.drawing) this.feedback.focus();
	}

	/** Return the frame with the drawing as a picture. */
	async capture(drawing, frame) {
		if (this.sketch) this.endDrawing(true);
		const { footage } = this.player;
		if (footage.isMovie && footage.frame !== frame) {
			this.player.pause();
			await footage.reach(frame);
		}
		return review.flatten(footage, drawing);
	}

	// Comparing

	/** Show the chosen earlier version in *mode*; "off" ends it. */
	compare(mode) {
		const object = this.current;
		const chosen = object && object.previous.find((other) => other.version_id === this._versions.value);
		const isOn = mode !== "off" && Boolean(chosen) && chosen.media.state === "ready";
		this._mode = isOn ? mode : "off";
		if (isOn) this.player.compare(chosen.media, chosen.label, mode);
		else if (this.player.footage) this.player.compare(null);
		if (isOn && mode === "toggle") this.stage.swap();
		const hadFocus = this._comparing.contains(document.activeElement) || document.activeElement === this._begin;
		this._comparing.hidden = !isOn;
		this._begin.classList.toggle("is-hidden", isOn);
		for (const button of this._modes) button.setAttribute("aria-pressed", String(button.dataset.mode === this._mode));
		if (hadFocus) (isOn ? this._modes.find((button) => button.dataset.mode === mode) : this._begin).focus();
	}

	swap() {
		if (this._begin.hidden) return;
		if (this._mode !== "toggle") this.compare("toggle");
		else this.stage.swap();
		say(this.stage.isSwapped ? this._versions.selectedOptions[0].textContent : this.current.version);
	}

	// Around

	_drawer(isOpen) {
		this._columns.classList.toggle("has-drawer", isOpen);
		this._veil.hidden = !isOpen;
		this._menu.setAttribute("aria-expanded", String(isOpen));
		// What the drawer covers takes no focus.
		for (const part of [this._top, this._main, this.feedback.el]) part.inert = isOpen;
		if (isOpen) this.playlist.focus();
		else if (this.playlist.el.contains(document.activeElement) && this._menu.offsetParent) this._menu.focus();
	}

	_theme(name) {
		document.documentElement.dataset.theme = name;
		memory.set("theme", name);
		relabel(this._themes, name === "dark" ? "light" : "dark", name === "dark" ? "Light theme" : "Dark theme");
	}

	async toggleFull() {
		if (document.fullscreenElement) await document.exitFullscreen();
		else if (document.fullscreenEnabled) await this._main.requestFullscreen();
	}

	help() {
		const areOn = memory.get("keys") !== false;
		const box = el("input", { type: "checkbox", checked: areOn, onchange: () => memory.set("keys", box.checked) });
		dialog("Keyboard shortcuts", el("div.keys", null, KEYS.map(([title, keys]) => el("section", null, el("h3", null, title),
			el("dl", null, keys.map(([key, text]) => el("div", null, el("dt", null, key.split(" ").map((part) => (part === "or" ? " or " : el("kbd", null, part)))), el("dd", null, text))))))),
		el("footer", null, el("label.check", null, box, "Keys without Ctrl work on this page")));
	}

	/** The review is over for this reader: say why, and hand out what they had not sent. */
	end(text) {
		if (this._isOver) return;
		this._isOver = true;
		this.together.close();
		this.player.pause();
		const { draft } = this.feedback;
		const kept = draft && draft.content ? [el("label", { htmlFor: "kept" }, "What you had not sent yet:"), el("textarea", { id: "kept", readonly: true, rows: 6, value: draft.content, dir: "auto" })] : [];
		const heading = el("h1", { tabindex: -1 }, "This review cannot be shown any more");
		document.body.classList.add("plain");
		document.getElementById("review").replaceChildren(el("main.card.notice", null, el("p.brand", { "aria-hidden": "true" }, el("span.mark")), heading,
			el("p.lead", { role: "alert" }, text || "It was deleted, or your link does not hold any more."), ...kept));
		heading.focus();
	}

	// Keyboard

	_key(event) {
		if (this._isOver || event.defaultPrevented || document.querySelector("dialog[open]")) return;
		if (event.key === "Escape") {
			this._escape();
			return;
		}
		const field = event.target.closest("input, textarea, select");
		if (field) return;
		if ((event.ctrlKey || event.metaKey) && !event.altKey) {
			if (!this.sketch || event.key.toLowerCase() !== "z") return;
			event.preventDefault();
			if (event.shiftKey) this.sketch.redo();
			else this.sketch.undo();
			return;
		}
		if (event.altKey || event.ctrlKey || event.metaKey) return;
		// A button with the focus is pressed by the space bar, unless a mouse left the focus there.
		if (event.key === " " && event.target.closest("button, a") && !this._isByMouse) return;
		const action = this._action(event);
		if (!action) return;
		const isLetter = event.key.length === 1 && event.key !== " ";
		if (isLetter && event.key !== "?" && memory.get("keys") === false) return;
		event.preventDefault();
		action();
	}

	_escape() {
		if (this.sketch) this.endDrawing(true);
		else if (this._columns.classList.contains("has-drawer")) this._drawer(false);
		else if (this._mode !== "off") this.compare("off");
	}

	_action({ key, shiftKey }) {
		const { player, stage, controls } = this;
		if (!this.current) return key === "?" ? () => this.help() : null;
		const led = (action) => () => {
			this.together.unfollow();
			action();
		};
		const movie = (action) => (player.isMovie ? led(action) : null);
		const arrow = (x, y, otherwise) => (shiftKey && stage.zoom > 1.001 ? () => stage.panBy(x * PAN_PX, y * PAN_PX) : otherwise);
		const count = shiftKey ? LONG_STEP : 1;
		const actions = {
			" ": movie(() => player.toggle()), k: movie(() => player.pause()), l: movie(() => player.faster()), j: movie(() => player.backwards()),
			arrowleft: arrow(1, 0, movie(() => player.step(-count))), arrowright: arrow(-1, 0, movie(() => player.step(count))),
			arrowup: arrow(0, 1, () => this.move(-1)), arrowdown: arrow(0, -1, () => this.move(1)),
			home: movie(() => player.seek(player.first)), end: movie(() => player.seek(player.last)),
			i: movie(() => player.setIn(player.footage.position)), o: movie(() => player.setOut(player.footage.position)),
			"\\": movie(() => player.setRange(null, null)), r: movie(() => player.setLooping(!player.isLooping)),
			m: movie(() => player.setVolume(player.volume, !player.isMuted)), f: () => this.toggleFull(), g: movie(() => controls.focusNumber()),
			n: movie(() => this.jump(1)), ".": movie(() => this.jump(1)), p: movie(() => this.jump(-1)), ",": movie(() => this.jump(-1)),
			"[": () => this.move(-1), "]": () => this.move(1), "+": () => stage.zoomBy(1.5), "=": () => stage.zoomBy(1.5), "-": () => stage.zoomBy(1 / 1.5),
			0: () => stage.toggleFit(), x: () => this.swap(), h: () => this.toggleDrawings(), d: () => this.draw(), t: () => this.feedback.focus(),
			"?": () => this.help(), c: () => this._nextMode(),
		};
		if (shiftKey && key.toLowerCase() === "a") return () => this.feedback.vote("approved");
		if (shiftKey && key.toLowerCase() === "c") return () => this.feedback.vote("require_changes");
		return actions[key.toLowerCase()] || null;
	}

	_nextMode() {
		if (this._begin.hidden) return;
		this.compare({ off: "wipe", wipe: "side", side: "off", toggle: "off" }[this._mode]);
	}
}

function readState() {
	const script = document.getElementById("state");
	return script ? JSON.parse(script.textContent) : null;
}

document.addEventListener("DOMContentLoaded", async () => {
	if (!document.getElementById("review")) return;
	const onPage = readState();
	const store = onPage ? new review.ServerStore(location.pathname) : new review.FolderStore(window.REVIEW_STATE);
	const page = new Page(onPage || (await store.state()), store);
	review.page = page;
	page.start();
});
})((window.FtrackReview = window.FtrackReview || {}));
