// What people say about an object: their votes, their comments with replies, and the place to write.
(function (review) {
"use strict";

const { el, icon, iconButton, say, when, avatar, confirmed, memory, Source } = review;

const LONGEST = 20000;
const FOLDED = 700;
const ROLES = { approver: "Approver", observer: "Observer" };

/** A form that sends a text, keeps it until it has arrived, and says what went wrong. */
class Writing {
	constructor({ label, action, key, send, cancel, rows = 3 }) {
		this._key = key;
		this._send = send;
		this.field = el("textarea", { rows, maxlength: LONGEST, dir: "auto", "aria-label": label, placeholder: label });
		this.field.value = (key && memory.get(key)) || "";
		this._problem = el("p.problem", { role: "alert", hidden: true });
		this.button = el("button.primary", { type: "submit" }, action);
		const buttons = el("div.buttons", null, cancel ? el("button.quiet", { type: "button", onclick: cancel }, "Cancel") : null, this.button);
		this.el = el("form.writing", null, this.field, this._problem, buttons);
		this.el.addEventListener("submit", (event) => {
			event.preventDefault();
			this.submit();
		});
		this.field.addEventListener("input", () => { if (key) memory.set(key, this.field.value || null); });
		this.field.addEventListener("keydown", (event) => {
			if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.submit();
			if (event.key === "Escape" && cancel) cancel();
		});
	}

	async submit() {
		const text = this.field.value.trim();
		if (!text || this.button.disabled) return;
		this.button.disabled = true;
		this._problem.hidden = true;
		try {
			await this._send(text);
			if (this._key) memory.set(this._key, null);
		} catch (error) {
			this._problem.textContent = error.message;
			this._problem.hidden = false;
		}
		this.button.disabled = false;
	}
}

/** One comment with its replies. What is being typed into it survives an update. */
class NoteView {
	constructor(panel, isReply) {
		this._panel = panel;
		this._isReply = isReply;
		this._replies = new Map();
		this._head = el("header");
		this._body = el("div.body");
		this._foot = el("footer");
		this._answers = el("div.replies", { hidden: true });
		this._place = el("div.place");
		this.el = el(isReply ? "article.note.reply" : "article.note", { tabindex: -1 }, this._head, this._body, this._foot, this._answers, this._place);
		if (!isReply) {
			this.el.addEventListener("click", (event) => {
				if (!event.target.closest("button, textarea, a") && !String(getSelection())) panel.choose(this.note);
			});
		}
	}

	update(note, canWrite) {
		this.note = note;
		const signature = JSON.stringify([{ ...note, replies: null }, canWrite, this._panel.numberOf(0)]);
		if (this._signature !== signature) {
			this._signature = signature;
			this._fill(note, canWrite);
		}
		if (!this._isReply) syncNotes(this._replies, this._answers, note.replies || [], () => new NoteView(this._panel, true), canWrite);
	}

	_fill(note, canWrite) {
		const panel = this._panel;
		this.el.id = `note-${note.id}`;
		this.el.setAttribute("aria-label", `${this._isReply ? "Reply" : "Comment"} by ${note.author}`);
		const marks = [];
		if (note.role && ROLES[note.role]) marks.push(el("span.role", null, ROLES[note.role]));
		if (note.done) marks.push(el("span.role.good", null, "Done"));
		if (note.version_label) marks.push(el("span.role", { title: "Said about an earlier version" }, note.version_label));
		if (note.released === false) marks.push(el("span.role.waiting", { title: "Others see it when the owner has released it" }, "Waiting for release"));
		this._head.replaceChildren(avatar(note.author, note.author_id), el("b", { dir: "auto" }, note.author || "Someone"), ...marks, when(note.created_at));
		this._body.replaceChildren(...this._words(note, panel));
		this._foot.replaceChildren(...(canWrite ? this._actions(note) : []));
		this._foot.hidden = !this._foot.children.length;
	}

	_words(note, panel) {
		const parts = [];
		if (note.frame !== null && note.frame !== undefined && panel.hasFrames) {
			const number = panel.numberOf(note.frame);
			const label = `Go to frame ${number}${note.drawing ? ", with a drawing" : ""}`;
			parts.push(el("button.chip", { type: "button", "aria-label": label, title: label, onclick: () => panel.choose(note) },
				icon(note.drawing ? "pen" : "film"), String(number)));
		} else if (note.drawing) {
			parts.push(el("button.chip", { type: "button", onclick: () => panel.choose(note) }, icon("pen"), "Drawing"));
		}
		if (note.content) {
			const text = el("p.content", { dir: "auto" }, note.content);
			parts.push(text);
			if (note.content.length > FOLDED) {
				text.classList.add("is-folded");
				const more = el("button.quiet", { type: "button", "aria-expanded": "false" }, "Show all");
				more.addEventListener("click", () => {
					const isFolded = text.classList.toggle("is-folded");
					more.textContent = isFolded ? "Show all" : "Show less";
					more.setAttribute("aria-expanded", String(!isFolded));
				});
				parts.push(more);
			}
		}
		if (!note.drawing && note.picture_url) {
			parts.push(el("a.picture", { href: note.picture_url, target: "_blank", rel: "noopener" }, el("img", { src: note.picture_url, alt: "Annotated frame", loading: "lazy" })));
		}
		for (const { name, url } of note.attachments || []) {
			parts.push(el("a.attachment", { href: url, target: "_blank", rel: "noopener" }, icon("download"), name));
		}
		return parts;
	}

	_actions(note) {
		const { author } = note;
		const actions = [];
		if (note.released === false && this._panel.canRelease) {
			actions.push(el("button.quiet", { type: "button", "aria-label": `Release what ${author} wrote`, onclick: () => this._release() }, "Release"));
		}
		if (!this._isReply) {
			actions.push(el("button.quiet", { type: "button", "aria-label": `Reply to ${author}`, onclick: () => this.reply() }, icon("reply"), "Reply"));
		}
		if (note.mine) {
			actions.push(el("button.quiet", { type: "button", "aria-label": "Edit what you wrote", onclick: () => this._edit() }, "Edit"));
			actions.push(el("button.quiet", { type: "button", "aria-label": "Delete what you wrote", onclick: () => this._remove() }, "Delete"));
		}
		return actions;
	}

	/** Open the place for a reply. */
	reply() {
		const key = this._panel.draftKey(`reply:${this.note.id}`);
		const clientId = review.newId();
		const writing = new Writing({
			label: `Reply to ${this.note.author}`, action: "Reply", key, rows: 2, cancel: () => this._close(),
			send: async (content) => {
				await this._panel.send({ content, reply_to: this.note.id, frame: null, drawing: null, client_id: clientId });
				this._close();
				say("Your reply was sent.");
			},
		});
		this._open(writing);
	}

	_edit() {
		const writing = new Writing({
			label: "Edit what you wrote", action: "Save", rows: 3, cancel: () => this._close(),
			send: async (content) => {
				await this._panel.edit(this.note.id, content);
				this._close();
				say("Your change was saved.");
			},
		});
		writing.field.value = this.note.content;
		this._body.hidden = true;
		this._open(writing);
	}

	async _release() {
		try {
			await this._panel.release(this.note.id);
			say("Everybody sees it now.");
		} catch (error) {
			this._panel.complain(error.message);
		}
	}

	async _remove() {
		const text = this.note.replies && this.note.replies.length ? "The replies go as well." : "It cannot be brought back.";
		if (!(await confirmed("Delete this?", text, "Delete"))) return;
		try {
			await this._panel.remove(this.note.id);
			say("It was deleted.");
		} catch (error) {
			this._panel.complain(error.message);
		}
	}

	_open(writing) {
		this._place.replaceChildren(writing.el);
		this._foot.hidden = true;
		writing.field.focus();
	}

	_close() {
		this._place.replaceChildren();
		this._body.hidden = false;
		this._foot.hidden = !this._foot.children.length;
		const action = this._foot.querySelector("button");
		if (action && this.el.isConnected) action.focus();
	}
}

/** Bring the views in *box* to *notes*: made, moved, changed and removed, never built anew. */
function syncNotes(views, box, notes, make, canWrite) {
	const ids = new Set(notes.map((note) => note.id));
	for (const [id, view] of views) {
		if (ids.has(id)) continue;
		view.el.remove();
		views.delete(id);
	}
	notes.forEach((note, index) => {
		let view = views.get(note.id);
		if (!view) views.set(note.id, (view = make()));
		view.update(note, canWrite);
		if (box.children[index] !== view.el) box.insertBefore(view.el, box.children[index] || null);
	});
	box.hidden = !notes.length;
}

/**
 * The side of the page with votes, comments and the place to write.
 *
 * Tells "chosen" with a note, "draw" when the reviewer wants to, and "draft" when the draft's drawing changed.
 */
class Feedback extends Source {
	constructor({ player, perform, labelOf, capture }) {
		super();
		Object.assign(this, { _player: player, _perform: perform, _labelOf: labelOf, _capture: capture });
		this._views = new Map();
		this._voting = el("div.voting", { role: "group", "aria-label": "Your vote" });
		this._said = el("p.said", { role: "status" });
		this._problem = el("p.problem", { role: "alert", hidden: true });
		this._votes = el("ul.votes", { "aria-label": "Votes" });
		this._reason = el("p.reason", { hidden: true });
		this._count = el("span.count");
		this._list = el("div.notes");
		this._none = el("p.none");
		this._composer = this._makeComposer();
		this.el = el("aside.feedback", { "aria-label": "Feedback" },
			el("section.decision", null, el("h2", null, "Your vote"), this._voting, this._said, this._problem, this._reason, this._votes),
			el("section.comments", null, el("h2", null, "Comments ", this._count), this._none, this._list), this._composer);
		player.on("frame", () => this._pin());
	}

	/** Show *object*; *me* and *statuses* are those of the state, *reason* tells why nothing can be changed. */
	update(object, me, statuses, reason) {
		const isOther = !this._object || this._object.id !== object.id;
		if (isOther) {
			this._views.forEach((view) => view.el.remove());
			this._views.clear();
		}
		this._object = object;
		this._me = me;
		this._isBusy = isOther ? null : this._isBusy;
		this._statuses = statuses;
		this._reason.textContent = reason || "";
		if (isOther) {
			this.complain("");
			this._restore();
		}
		this._showVotes();
		syncNotes(this._views, this._list, object.notes, () => new NoteView(this, false), me.can.comment);
		this._count.textContent = object.notes.length ? String(object.notes.length) : "";
		this._none.hidden = object.notes.length > 0;
		this._none.textContent = me.can.comment && this.hasFrames ? "No comments yet. Be the first: pause on a frame and write." : "No comments yet.";
		this._composer.hidden = !me.can.comment;
		this._draw.hidden = !me.can.draw || !this._player.footage.isPicture;
		this._pin();
	}

	// Votes

	_showVotes() {
		const { _object: object, _me: me } = this;
		const own = this._isBusy ? this._isBusy.status : object.my_vote;
		const heading = this.el.querySelector(".decision h2");
		heading.textContent = me.can.vote || object.my_vote ? "Your vote" : "Votes";
		this._voting.hidden = !(me.can.vote || object.my_vote);
		// Where buttons stand that do nothing, it says why.
		this._reason.hidden = this._voting.hidden || me.can.vote || !this._reason.textContent;
		// The buttons stay the same elements, so that the focus stays where it is.
		if (this._voting.children.length !== this._statuses.length) {
			this._voting.replaceChildren(...this._statuses.map(({ value, label }) => el(`button.vote.${value}`, {
				type: "button", "data-status": value, onclick: (event) => this.vote(value, event),
			}, icon(value), label)));
		}
		for (const button of this._voting.children) {
			button.setAttribute("aria-pressed", String(button.dataset.status === own));
			button.disabled = !me.can.vote;
		}
		this._votes.replaceChildren(...object.votes.map((vote) => el("li", null, avatar(vote.person, vote.person_id), el("b", { dir: "auto" }, vote.person || "Someone"),
			ROLES[vote.role] ? el("span.role", null, ROLES[vote.role]) : null, el(`span.status.${vote.status}`, null, this._labelOf(vote.status)), when(vote.created_at))));
		this._votes.hidden = !object.votes.length;
		if (!object.votes.length && !me.can.vote) this._said.textContent = "Nobody has voted yet.";
	}

	/** Record a vote: shown at once, taken back with the reason where it was refused. */
	async vote(status, event) {
		const { _object: object, _me: me } = this;
		if (!me.can.vote || this._isBusy) return;
		const wanted = object.my_vote === status ? null : status;
		const busy = { status: wanted };
		this._isBusy = busy;
		this.complain("");
		this._said.textContent = "Saving…";
		this._showVotes();
		try {
			await this._perform((store) => store.vote({ object_id: object.id, status: wanted }), object.id);
			if (this._object.id === object.id) this._said.textContent = wanted ? `Saved: ${this._labelOf(wanted)}.` : "Your vote was withdrawn.";
			const isByHand = event && event.detail > 0 && matchMedia("(pointer: fine)").matches;
			if (wanted === "require_changes" && this._object.id === object.id) this._askWhy(isByHand);
			if (wanted !== "require_changes") this._asksWhy(false);
		} catch (error) {
			if (this._object.id === object.id) {
				this._said.textContent = "";
				this.complain(`Your vote was not saved. ${error.message}`);
			} else {
				say(`Your vote on ${object.name} was not saved. ${error.message}`);
			}
		}
		if (this._isBusy === busy) this._isBusy = null;
		this._showVotes();
	}

	_askWhy(isFocused) {
		this._asksWhy(true);
		if (isFocused) this._field.focus();
	}

	_asksWhy(isAsked) {
		this._field.placeholder = isAsked ? "What should change? (optional)" : "Write a comment";
	}

	// Writing

	_makeComposer() {
		this._field = el("textarea", { rows: 2, maxlength: LONGEST, dir: "auto", "aria-label": "Your comment", placeholder: "Write a comment" });
		this._pinned = el("button.chip.pin", { type: "button", onclick: () => this._togglePin() });
		this._drawn = el("span.drawn", { hidden: true });
		this._draw = el("button.quiet", { type: "button", onclick: () => this.emit("draw") }, icon("pen"), "Draw");
		this._draw.title = "Draw on the picture (D)";
		this._send = el("button.primary", { type: "submit", title: "Send (Ctrl+Enter)" }, icon("send"), "Send");
		this._wrong = el("p.problem", { role: "alert", hidden: true });
		const form = el("form.composer", { "aria-label": "Write a comment" }, this._field, this._wrong,
			el("div.buttons", null, this._pinned, this._drawn, this._draw, this._send));
		this._field.addEventListener("input", () => {
			if (this._draft.frame === null && this._draft.isPinned) this._draft.frame = this._player.footage.position;
			if (!this._field.value && !this._draft.drawing) this._draft.frame = null;
			this._draft.content = this._field.value;
			// Another text is another comment, whatever became of the first attempt.
			if (!this._wrong.hidden) this._draft.clientId = review.newId();
			this._keep();
			this._pin();
		});
		this._field.addEventListener("focus", () => { if (this._player.isPlaying) this._player.pause(); });
		this._field.addEventListener("keydown", (event) => {
			if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.submit();
			if (event.key === "Escape") this._field.blur();
		});
		form.addEventListener("submit", (event) => {
			event.preventDefault();
			this.submit();
		});
		return form;
	}

	/** The name under which a draft of *kind* is kept. */
	draftKey(kind) {
		return `draft:${this._me.id}:${this._object.id}:${kind}`;
	}

	get draft() {
		return this._draft;
	}

	_restore() {
		const kept = memory.get(this.draftKey("comment"));
		this._draft = { content: "", frame: null, isPinned: true, drawing: null, ...kept, clientId: review.newId() };
		this._field.value = this._draft.content;
		this._wrong.hidden = true;
		this._asksWhy(false);
		this._showDrawn();
		this.emit("draft");
	}

	_keep() {
		const { content, frame, isPinned, drawing } = this._draft;
		memory.set(this.draftKey("comment"), content || drawing ? { content, frame, isPinned, drawing } : null);
	}

	/** Let the draft hold *drawing*, made at *frame*; null takes it away. */
	setDrawing(drawing, frame) {
		this._draft.drawing = drawing;
		if (drawing) Object.assign(this._draft, { frame, isPinned: true });
		else if (!this._draft.content) this._draft.frame = null;
		this._keep();
		this._showDrawn();
		this._pin();
		this.emit("draft");
	}

	_showDrawn() {
		const { drawing } = this._draft;
		this._drawn.hidden = !drawing;
		if (!drawing) return;
		const count = drawing.shapes.length;
		const remove = iconButton("close", "Remove the drawing", () => this.setDrawing(null), null, { class: "tool small" });
		this._drawn.replaceChildren(icon("pen"), `${count} ${count === 1 ? "stroke" : "strokes"}`, remove);
	}

	get hasFrames() {
		return this._player.isMovie;
	}

	/** The number of frame *index* as people count it. */
	numberOf(index) {
		return this._player.footage.first + index;
	}

	_togglePin() {
		this._draft.isPinned = !this._draft.isPinned;
		this._draft.frame = this._draft.isPinned && (this._draft.content || this._draft.drawing) ? this._player.footage.position : null;
		this._keep();
		this._pin();
	}

	/** The frame that the comment will be about, or null. */
	get _frame() {
		if (!this.hasFrames) return this._draft.drawing ? 0 : null;
		if (!this._draft.isPinned && !this._draft.drawing) return null;
		return this._draft.frame ?? this._player.footage.position;
	}

	_pin() {
		if (!this._draft || !this._player.footage) return;
		this._pinned.hidden = !this.hasFrames;
		const frame = this._frame;
		const text = frame === null ? "Whole version" : `Frame ${this.numberOf(frame)}`;
		if (this._pinned.textContent !== text) this._pinned.replaceChildren(icon(frame === null ? "comment" : "film"), text);
		this._pinned.setAttribute("aria-pressed", String(frame !== null));
		this._pinned.title = frame === null ? "Pin the comment to the current frame" : "The comment is about this frame. Press for the whole version";
		this._pinned.disabled = Boolean(this._draft.drawing);
		this._send.disabled = this._isSending || !(this._draft.content.trim() || this._draft.drawing);
	}

	focus() {
		if (!this._composer.hidden) this._field.focus();
	}

	async submit() {
		const { _draft: draft } = this;
		const content = draft.content.trim();
		if (this._isSending || !(content || draft.drawing)) return;
		const frame = this._frame;
		this._isSending = true;
		this._wrong.hidden = true;
		this._pin();
		try {
			const picture = draft.drawing ? await this._capture(draft.drawing, frame) : null;
			await this.send({ content, frame, reply_to: null, drawing: draft.drawing, picture, client_id: draft.clientId });
			this._sent(draft);
		} catch (error) {
			this._wrong.textContent = error.message;
			this._wrong.hidden = false;
		}
		this._isSending = false;
		this._pin();
	}

	_sent(draft) {
		say("Your comment was sent.");
		if (this._draft !== draft) return;
		memory.set(this.draftKey("comment"), null);
		this._restore();
		this._list.lastElementChild?.scrollIntoView({ block: "nearest" });
	}

	// What notes ask for

	choose(note) {
		this.emit("chosen", note);
	}

	/** Show which note is chosen, and bring it into view. */
	mark(id) {
		for (const [key, view] of this._views) view.el.classList.toggle("is-active", key === id);
		const view = this._views.get(id);
		if (view) view.el.scrollIntoView({ block: "nearest" });
	}

	send(values) {
		const id = this._object.id;
		return this._perform((store) => store.comment({ object_id: id, ...values }), id);
	}

	edit(id, content) {
		return this._perform((store) => store.editComment(id, content), this._object.id);
	}

	get canRelease() {
		return Boolean(this._me.can.release);
	}

	release(id) {
		return this._perform((store) => store.releaseComment(id), this._object.id);
	}

	remove(id) {
		return this._perform((store) => store.deleteComment(id), this._object.id);
	}

	complain(text) {
		this._problem.textContent = text;
		this._problem.hidden = !text;
	}
}

review.Feedback = Feedback;
})((window.FtrackReview = window.FtrackReview || {}));
