// The review page: puts the parts together, keeps the state, and brings objects to the stage.
"use strict";
{

const {
	el, icon, iconButton, load, relabel, style, tell, say, avatar, dialog, memory, Stage, Player, Timeline, Controls, Playlist, Feedback, Sketching, Together, Presence, Keyboard,
	ServerStore, FolderStore,
} = FtrackReview;

const PREPARING_MS = 2000;
const WATCHING = "You are invited to watch this review; voting and commenting is for others.";

class Page {
	constructor(state, store) {
		this.store = store;
		this.state = state;
		this.stage = new Stage();
		this.player = new Player(this.stage);
		this.timeline = new Timeline(this.player);
		this.together = new Together(this);
		this.presence = new Presence(this.together, this);
		const labelOf = (status) => this.labelOf(status);
		this.playlist = new Playlist(labelOf);
		this.feedback = new Feedback({
			player: this.player, perform: (action) => this.perform(action), labelOf, capture: (drawing, frame) => this.sketching.capture(drawing, frame),
		});
		this.sketching = new Sketching(this.player, this.stage, this.feedback.composer);
		this.controls = new Controls(this.player, this.stage, {
			toggleFull: () => this.toggleFull(), toggleDrawings: () => this.toggleDrawings(), jump: (way) => this.jump(way),
		});
		this.keyboard = new Keyboard(this);
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
		this._save = el("button.primary.save", { "aria-label": "Save my answers", hidden: true, onclick: () => this.store.save(this) }, icon("download"), "Save ", el("span", "my answers"));
		const skip = el("button.skip", { onclick: () => this.timeline.el.focus() }, "Skip to the player");
		const help = el("button.tool.help", { "aria-label": "Keyboard shortcuts", title: "Keyboard shortcuts (?)", onclick: () => this.keyboard.help() }, "?");
		this._top = el("header.top", skip, this._menu, el("span.brand", { "aria-hidden": "true" }), el("div.names", this._name, this._project),
			this._save, this.presence.el, this._who,
			this.store.isFolder && iconButton("people", "Somebody else answers", () => this.store.change(this)), this._themes, help);
		this._banner = el("p.banner", { hidden: true });
		this._title = el("div.title");
		this._begin = el("button.quiet.compare", { title: "Compare with the previous version (C)", onclick: () => this.compare((comparing) => comparing.show("wipe")) },
			icon("compare"), el("span", "Compare"));
		this._main = el("main.viewer", { "aria-label": "Player" }, el("div.heading", this._title, this._begin),
			el("div.screen", this.stage.el, this.sketching.el), this.timeline.el, this.controls.el);
		this._veil = el("div.veil", { hidden: true, onclick: () => this._drawer(false) });
		this._empty = el("p.empty", { hidden: true }, "There is nothing to review here yet.", el("br"), "This page shows it as soon as there is.");
		this._columns = el("div.columns", this.playlist.el, this._veil, this._main, this.feedback.el, this._empty);
		const spoken = el("div.spoken", { id: "spoken", "aria-live": "polite", "aria-atomic": "true" });
		document.getElementById("review").replaceChildren(this._top, this._banner, this.presence.banner, this._columns, spoken);
	}

	_connect() {
		const { together } = this;
		// Who does something themselves follows nobody any more.
		const own = (listener) => (detail) => {
			together.unfollow();
			listener(detail);
		};
		const choose = own((note) => this.choose(note));
		this.playlist.on("closed", () => this._drawer(false)).on("chosen", own((id) => {
			this._drawer(false);
			this.select(id);
		}));
		this.feedback.on("chosen", choose).on("writing", () => together.look()).composer.on("draw", () => this.draw());
		this.timeline.on("mark", choose);
		this.stage.on("click", () => { if (this.player.isMovie) own(() => this.player.toggle())(); });
		for (const part of [this.timeline.el, this.controls.el]) part.addEventListener("pointerdown", () => together.unfollow(), true);
		this.player.on("failed", (footage) => this._failed(footage));
		together.on("changed", (ids) => this.refresh(ids)).on("again", () => this.refresh(null)).on("lost", () => this.refresh(null)).on("over", (text) => this.end(text));
		addEventListener("hashchange", () => this._readAddress());
		addEventListener("pagehide", () => together.stop());
		setInterval(() => this._prepare(), PREPARING_MS);
	}

	/** Take up the work: the object of the address, or the first one. */
	async start() {
		this._hasStarted = true;
		if (!this._readAddress()) this._selectFirst();
		if (this.store.isFolder) await this.store.begin(this);
		this.together.connect(this.store);
		this.presence.update();
	}

	_readAddress() {
		const hash = new URLSearchParams(location.hash.slice(1));
		const id = hash.get("object") || new URLSearchParams(location.search).get("object");
		if (!this._find(id)) return false;
		this.select(id);
		const frame = Number.parseInt(hash.get("frame"), 10);
		if (Number.isFinite(frame)) this.player.seek(frame);
		return true;
	}

	_find(id, state = this.state) {
		return state.objects.find((object) => object.id === id);
	}

	// State

	/** Do something in the store and show what came of it. */
	async perform(action) {
		try {
			const answer = await action(this.store);
			if (answer?.object) this.state.objects = this.state.objects.map((object) => (object.id === answer.object.id ? answer.object : object));
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
			const wish = this._wish?.length ? [...new Set(this._wish)] : null;
			this._wish = undefined;
			try {
				this._take(await this.store.state(wish), Boolean(wish));
			} catch (error) {
				if (error.isGone || error.status === 403) this.end(error.message);
				// Otherwise the connection tells when the server is back, and everything is read again.
			}
		}
		this._isReading = false;
	}

	_take(next, isPart) {
		if (isPart) {
			const known = new Map([...this.state.objects, ...next.objects].map((object) => [object.id, object]));
			const order = next.order || this.state.objects.map((object) => object.id);
			next = { ...this.state, ...next, objects: order.map((id) => known.get(id)).filter(Boolean) };
		}
		this._announce(this.state, next);
		this.state = next;
		this.update();
	}

	/** Say what others did to the object on the stage. */
	_announce(before, after) {
		const [old, now] = [before, after].map((state) => this.current && this._find(this.current.id, state));
		if (!old || !now) return;
		const flat = (object) => object.notes.flatMap((note) => [note, ...(note.replies || [])]);
		const known = new Set(flat(old).map((note) => note.id));
		const fresh = flat(now).find((note) => !known.has(note.id) && !note.mine);
		if (fresh) say(`${fresh.author} commented: ${fresh.content.slice(0, 120) || "a drawing"}`);
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
		this._name.title = session.description || "";
		this._project.textContent = [session.project, session.description].filter(Boolean).join(" · ");
		this._who.replaceChildren(...(me.name ? [avatar(me.name, me.id), el("span", me.name), me.role === "reviewer" ? "" : el("span.role", me.role)] : []));
		this._why = session.is_open ? (me.role === "observer" ? WATCHING : "") : session.closed_reason || "This review is closed.";
		tell(this._banner, this._why);
		this._banner.classList.toggle("here", session.is_open);
		this._save.hidden = !(this.store.isFolder && this.store.count);
		this.playlist.update(objects, this.current?.id, me.can.vote);
		this._empty.hidden = objects.length > 0;
		this._columns.classList.toggle("is-empty", !objects.length);
		if (this.current) this._updateCurrent();
		else if (this._hasStarted) this._selectFirst();
		this.presence.update();
	}

	_updateCurrent() {
		const now = this._find(this.current.id);
		if (!now) {
			this._lose(this.current);
			return;
		}
		this.current = now;
		if (mediaKey(now) !== this._shown) this._open(now);
		this._show();
	}

	/** Go on without *object*, and hand out what was being written about it: keys pressed on go nowhere. */
	_lose({ name }) {
		say("What you saw was taken out of the review.");
		this.sketching.end(true);
		const { unsent } = this.feedback;
		const field = document.activeElement;
		const hasField = this.feedback.el.contains(field) && field.matches("textarea");
		if (hasField) field.blur();
		this.current = null;
		this._selectFirst();
		if (!hasField && !unsent.length) return;
		dialog(`${name} was taken out of the review`, el("p", { tabindex: -1, autofocus: true }, "Nobody can comment on it any more."), kept(unsent));
	}

	// The object on the stage

	/** Bring the object *id* to the stage. */
	select(id) {
		const object = this._find(id);
		if (!object) return;
		this.sketching.end(true);
		if (this.current?.id === id) return;
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

	_selectFirst() {
		if (this.state.objects.length) this.select(this.state.objects[0].id);
	}

	_open(object) {
		this._shown = mediaKey(object);
		this.stage.el.querySelectorAll(".over").forEach((notice) => notice.remove());
		this.player.open(object.media, [object.name, object.version].filter(Boolean).join(", "), object.id);
		const { footage } = this.player;
		const fit = () => style(this._main, { "--shape": String(footage.isPicture ? footage.height / footage.width : 9 / 16) });
		fit();
		footage.on("ready", () => {
			fit();
			this._show();
		});
		this._begin.hidden = !footage.isPicture || !object.previous.some((other) => other.media.state === "ready");
		if (this.comparing) this.comparing.open(object);
	}

	_show() {
		const { current: object, active } = this;
		const index = this.state.objects.indexOf(object);
		const count = this.state.objects.length;
		this._title.replaceChildren(
			iconButton("previous", "Previous in the list", () => this.move(-1), "↑", { disabled: index <= 0 }),
			iconButton("next", "Next in the list", () => this.move(1), "↓", { disabled: index >= count - 1 }),
			el("h2", { dir: "auto", title: object.name }, object.name), el("span.version", { dir: "auto" }, object.version), el("span.place", `${index + 1} of ${count}`),
			object.description ? el("p.description", { dir: "auto", title: object.description }, object.description) : "");
		this.feedback.update(object, this.me, this.state.statuses, this._why);
		this.timeline.setNotes(object.notes, active);
		this.sketching.open(object, active);
	}

	move(way) {
		this.together.unfollow();
		const next = this.state.objects[this.state.objects.indexOf(this.current) + way];
		if (!next) return;
		this.select(next.id);
		say(`${next.name}, ${next.version}`);
	}

	_failed(footage) {
		this.stage.el.append(el("div.absent.over", icon("warning"), el("h3", "This browser cannot play the media"),
			el("p", "Try another browser, or take the file itself."), footage.offer()));
		footage.el.classList.add("is-hidden");
	}

	/** Ask how far the encoding is while somebody waits for it. */
	_prepare() {
		const waiting = this.state.objects.filter((object) => object.media.state === "encoding").map((object) => object.id);
		if (waiting.length && !document.hidden && !this.store.isFolder) this.refresh(waiting);
	}

	// Comments and drawings

	/** Show the frame and the drawing of *note*. */
	choose(note) {
		this.active = note.id;
		if (this.player.isMovie && Number.isInteger(note.frame)) this.player.seek(note.frame);
		this.feedback.mark(note.id);
		this.timeline.setNotes(this.current.notes, this.active);
		this.sketching.open(this.current, this.active);
	}

	/** Go to the next comment at a frame, or the previous one with -1. */
	jump(way) {
		if (!this.player.isMovie) return;
		const here = this.player.footage.position;
		const notes = this.current.notes.filter((note) => note.frame !== null && (note.frame - here) * way > 0);
		const next = notes.sort((a, b) => (a.frame - b.frame) * way)[0];
		if (!next) {
			say(way > 0 ? "No comment after this frame." : "No comment before this frame.");
			return;
		}
		this.choose(next);
		say(`Frame ${this.feedback.numberOf(next.frame)}, ${next.author}: ${next.content.slice(0, 120)}`);
	}

	toggleDrawings() {
		this.controls.showDrawings(this.sketching.toggle());
	}

	/** Load the part *name* of the page and do *action*, or say why that cannot be. */
	withPart(name, action) {
		return load(name).then(action, (error) => this.feedback.complain(error.message));
	}

	/** Tell somebody who asks, by the function *name* of about.js. */
	tell(name, subject) {
		return this.withPart("about", () => FtrackReview[name](subject));
	}

	/** Do *action* with what compares versions, where there are several. */
	compare(action) {
		const { current } = this;
		if (this._begin.hidden) return Promise.resolve();
		return this.withPart("comparing", () => {
			if (!this.comparing) {
				this.comparing = new FtrackReview.Comparing(this.player, this.stage, this._begin);
				this._begin.after(this.comparing.el);
				this.comparing.open(this.current);
			}
			if (this.current === current) action(this.comparing);
		});
	}

	draw() {
		this.together.unfollow();
		this.sketching.begin();
	}

	/** Take back a stroke, or with *isRedo* bring it back. Return whether somebody draws. */
	undo(isRedo) {
		const { sketch } = this.sketching;
		if (sketch) isRedo ? sketch.redo() : sketch.undo();
		return Boolean(sketch);
	}

	/** Leave what was entered last: drawing, the list on a phone, comparing. */
	escape() {
		if (this.sketching.sketch) this.sketching.end(true);
		else if (this._columns.classList.contains("has-drawer")) this._drawer(false);
		else if (this.comparing) this.comparing.show("off");
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
		const other = name === "dark" ? "light" : "dark";
		relabel(this._themes, other, `${other === "light" ? "Light" : "Dark"} theme`);
	}

	async toggleFull() {
		if (document.fullscreenElement) await document.exitFullscreen();
		else if (document.fullscreenEnabled) await this._main.requestFullscreen();
		// An iPhone shows movies alone so.
		else this.player.footage?.el.webkitEnterFullscreen?.();
	}

	/** The review is over for this reader: say why, and hand out what they had not sent. */
	end(text) {
		if (this._isOver) return;
		this._isOver = true;
		this.together.close();
		this.player.pause();
		const { unsent } = this.feedback;
		const heading = el("h1", { tabindex: -1 }, "This review cannot be shown any more");
		document.body.classList.add("plain");
		document.getElementById("review").replaceChildren(el("main.card.notice", el("p.brand", { "aria-hidden": "true" }), heading,
			el("p.lead", { role: "alert" }, text || "It was deleted, or your link does not hold any more."), kept(unsent)));
		heading.focus();
	}
}

/** Return what shows *texts* that were not sent, where there are any. */
function kept(texts) {
	return texts.length ? [el("label", { htmlFor: "kept" }, "What you had not sent yet:"),
		el("textarea", { id: "kept", readonly: true, rows: 6, value: texts.join("\n\n"), dir: "auto" })] : [];
}

/** What tells whether the media of an object is still what the stage shows. */
function mediaKey({ id, media }) {
	const { url, state, kind, message, original_url: original } = media;
	return JSON.stringify([id, url, state, kind, message, original]);
}

document.addEventListener("DOMContentLoaded", async () => {
	const script = document.getElementById("state");
	const store = script ? new ServerStore(location.pathname) : new FolderStore(window.REVIEW_STATE);
	FtrackReview.page = new Page(script ? JSON.parse(script.textContent) : await store.state(), store);
	FtrackReview.page.start();
});
}
