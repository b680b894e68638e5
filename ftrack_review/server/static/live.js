// Being in the review together: who is here, who leads, and following them.
"use strict";
{

const { el, icon, iconButton, press, avatar, say, Source } = FtrackReview;

const SEND_MS = 200;
const REPEAT_MS = 2000;
const DRIFT_S = 0.35;
const MOST_FACES = 4;
const WAITING = "This page waits until your comment is sent or cleared.";

/**
 * The connection to the others. *page* has *player*, *feedback*, *current* and *select*.
 *
 * Tells "changed" with ids or null, "over" with a message, "lost", "again" after an interruption and "update".
 */
class Together extends Source {
	constructor(page) {
		super();
		this._page = page;
		this.people = [];
		this.isConnected = null;
		this.isLeading = false;
		this.isFollowing = false;
		this.presenter = null;
		page.player.on("frame", () => this._soon()).on("state", () => this._soon());
		setInterval(() => { if (this.isLeading) this._soon(); }, REPEAT_MS);
	}

	connect(store) {
		this._live = store.live((message) => this._hear(message));
	}

	close() {
		this.stop();
		this._live.close();
	}

	_hear(message) {
		const handlers = {
			connected: () => this._connected(message), disconnected: () => this._disconnected(),
			changed: () => this.emit("changed", message.objects || null), people: () => this._meet(message.people || []),
			lead: () => this._led(message), unlead: () => this._hearEnd(message), closed: () => this.emit("changed", null),
			removed: () => this.emit("over", message.message), gone: () => this.emit("over", message.message),
		};
		if (handlers[message.type]) handlers[message.type]();
	}

	_connected({ again }) {
		this.isConnected = true;
		if (again) {
			say("Connected again.");
			this.emit("again");
		}
		if (this.isLeading) this._soon();
		this.emit("update");
	}

	_disconnected() {
		if (this.isConnected) say("The connection is interrupted.");
		this.isConnected = false;
		this.people = [];
		this.emit("update");
		// The server may have closed it for good: asking for the state tells.
		this.emit("lost");
	}

	_hearEnd({ from }) {
		if (this.presenter && (!from || from.id === this.presenter.id)) this._present(null);
		this.emit("update");
	}

	_meet(people) {
		this.people = people;
		const me = this._page.me.id;
		const leader = people.find((person) => person.leading && person.id !== me);
		if (leader) this._present(leader);
		else if (this.presenter) this._present(null);
		this.emit("update");
	}

	_present(person) {
		if (person && this.presenter?.id !== person.id) {
			say(`${person.name} is presenting.`);
			// Two cannot lead: who began last does.
			this.isLeading = false;
		}
		if (!person && this.isFollowing) say("The presentation is over.");
		if (!person) this.isFollowing = false;
		this.presenter = person;
	}

	// Leading

	/** Begin to lead, or stop it. */
	toggleLead() {
		if (this.isLeading) {
			this.stop();
		} else {
			this.isLeading = true;
			this.isFollowing = false;
			this.presenter = null;
			this._soon();
			say("You lead now: who follows you sees what you see.");
		}
		this.emit("update");
	}

	stop() {
		if (!this.isLeading) return;
		this.isLeading = false;
		this._live.send({ type: "unlead" });
	}

	/** Tell the followers where we are, not more often than they can use. */
	_soon() {
		if (!this.isLeading || this._timer) return;
		this._timer = setTimeout(() => {
			this._timer = null;
			if (this.isLeading) this._tell();
		}, SEND_MS);
	}

	/** Tell at once: another object was chosen. */
	moved() {
		if (this.isLeading) this._tell();
	}

	_tell() {
		const { player, current } = this._page;
		if (!current || !player.footage) return;
		const isPlaying = player.isPlaying && player.shuttle >= 0;
		this._live.send({
			type: "lead", object_id: current.id, frame: player.footage.position, playing: isPlaying, rate: player.shuttle || player.speed,
		});
	}

	// Following

	_led(message) {
		if (!message.from || message.from.id === this._page.me.id) return;
		this._present(message.from);
		this._last = message;
		if (this.isFollowing) this._apply(message);
		this.emit("update");
	}

	follow() {
		this.isFollowing = true;
		this._wasWaiting = null;
		say(`You follow ${this.presenter.name}.`);
		this.look();
	}

	/** Stop following, as the reviewer went their own way or asked for it. */
	unfollow() {
		if (!this.isFollowing) return;
		this.isFollowing = false;
		say("You do not follow any more.");
		this.emit("update");
	}

	/** Whether following waits, so that what is being written stays with its object. */
	get isWaiting() {
		return this.isFollowing && this._page.feedback.isWriting;
	}

	/** Begin to wait, or catch up, where that changed. */
	look() {
		const { isWaiting } = this;
		if (this._wasWaiting === isWaiting) return;
		this._wasWaiting = isWaiting;
		if (isWaiting) say(WAITING);
		if (this.isFollowing && this._last) this._apply(this._last);
		this.emit("update");
	}

	_apply({ object_id: id, frame, playing, rate }) {
		const { player } = this._page;
		if (this.isWaiting) {
			if (player.isPlaying) player.pause();
			return;
		}
		if (this._page.current?.id !== id) this._page.select(id);
		const { footage } = player;
		if (!footage?.isMovie || !Number.isFinite(frame)) return;
		if (!playing || rate < 0) {
			if (player.isPlaying) player.pause();
			if (footage.position !== frame) player.seek(frame);
			return;
		}
		const isFar = Math.abs(footage.position - frame) > footage.rate.fps * DRIFT_S * Math.max(1, rate);
		if (isFar) footage.seek(frame);
		if (!player.isPlaying || (player.shuttle || player.speed) !== rate) player.play(rate);
	}
}

/** The sign of the connection, the people and the buttons for leading, in the head of the page. */
class Presence {
	constructor(together, page) {
		this._together = together;
		this._page = page;
		this._dot = el("span.dot", { role: "status" });
		this._faces = el("span.faces", { "aria-hidden": "true" });
		this._who = el("button.people", { title: "About this review", onclick: () => page.tell("tellAbout", page) }, this._faces, el("span.spoken", "About this review"));
		this._lead = iconButton("lead", "Lead the others", () => together.toggleLead());
		this.el = el("div.presence", this._dot, this._who, this._lead);
		this._text = el("span");
		this._follow = el("button", { onclick: () => (together.isFollowing ? together.unfollow() : together.follow()) });
		this._stop = el("button", { onclick: () => together.toggleLead() }, "Stop leading");
		this.banner = el("p.banner.leading", { hidden: true }, icon("lead"), this._text, this._follow, this._stop);
		together.on("update", () => this.update());
	}

	update() {
		const { _together: together, _page: page } = this;
		const [words, kind] = { true: ["Live", "is-live"], false: ["Reconnecting…", "is-lost"] }[together.isConnected] || ["Connecting…", ""];
		if (this._dot.textContent !== words) this._dot.replaceChildren(el("span", words));
		this._dot.className = `dot ${kind}`;
		this._dot.title = words;
		// A review from disk has nobody to be connected with.
		this.el.hidden = Boolean(page.store.isFolder);
		// Who it is that looks stands beside them.
		const people = together.people.filter((person) => person.id !== page.me.id);
		const faces = people.slice(0, MOST_FACES).map((person) => avatar(person.name, person.id));
		if (people.length > MOST_FACES) faces.push(el("span.more", `+${people.length - MOST_FACES}`));
		this._faces.replaceChildren(...(faces.length ? faces : [icon("people")]));
		this._lead.hidden = !page.me.can.lead;
		this._lead.disabled = !together.isConnected;
		press(this._lead, together.isLeading);
		this._showBanner();
	}

	_showBanner() {
		const { _together: together } = this;
		const { presenter, isLeading, isFollowing } = together;
		this.banner.hidden = !(presenter || isLeading);
		this._follow.hidden = !presenter || isLeading;
		this._stop.hidden = !isLeading;
		if (isLeading) this._text.textContent = "You lead: who follows you sees what you see.";
		else if (presenter) this._text.textContent = isFollowing ? `You follow ${presenter.name}. ${together.isWaiting ? WAITING : ""}` : `${presenter.name} is presenting.`;
		this._follow.textContent = isFollowing ? "Stop following" : "Follow";
	}
}

Object.assign(FtrackReview, { Together, Presence });
}
