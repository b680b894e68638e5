// Comments with their replies, and what can be done with them.
"use strict";
{

const { el, icon, load, sync, say, when, avatar, personName, newId, Writing } = FtrackReview;

const FOLDED = 700;
const ROLES = { approver: "Approver", observer: "Observer" };

/** One comment. What is being typed into it survives an update. */
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
		if (isReply) return;
		this.el.addEventListener("click", (event) => {
			if (!event.target.closest("button, textarea, a") && !String(getSelection())) panel.choose(this.note);
		});
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
		this.el.id = `note-${note.id}`;
		this.el.setAttribute("aria-label", `${this._isReply ? "Reply" : "Comment"} by ${note.author}`);
		this._head.replaceChildren(avatar(note.author, note.author_id), personName(note.author), ...this._marks(note), when(note.created_at));
		this._body.replaceChildren(...this._words(note));
		this._foot.replaceChildren(...(canWrite ? this._actions(note) : []));
		this._foot.hidden = !this._foot.children.length;
	}

	_marks(note) {
		const marks = [
			[ROLES[note.role], "role"], [note.done && "Done", "role.good"],
			[note.version_label, "role", "Said about an earlier version"],
			[note.released === false && "Unreleased", "role.waiting", "Others see it when the owner has released it"],
		];
		return marks.filter(([text]) => text).map(([text, kind, title]) => el(`span.${kind}`, { title }, text));
	}

	_words(note) {
		const parts = [this._chip(note)];
		if (note.content) {
			const text = el("p.content", { dir: "auto" }, note.content);
			parts.push(text, note.content.length > FOLDED ? this._fold(text) : "");
		}
		if (!note.drawing && note.picture_url) {
			parts.push(fileLink("picture", note.picture_url, el("img", { src: note.picture_url, alt: "Annotated frame", loading: "lazy" })));
		}
		return [...parts, ...(note.attachments || []).map(({ name, url }) => fileLink("attachment", url, icon("download"), name))];
	}

	/** What leads to the frame or the drawing of a note. */
	_chip(note) {
		const isAtFrame = Number.isInteger(note.frame) && this._panel.hasFrames;
		if (!isAtFrame && !note.drawing) return "";
		const number = this._panel.numberOf(note.frame);
		const label = isAtFrame ? `Go to frame ${number}${note.drawing ? ", with a drawing" : ""}` : "Show the drawing";
		return el("button.chip", { "aria-label": label, title: label, onclick: () => this._panel.choose(note) },
			icon(note.drawing ? "pen" : "film"), isAtFrame ? String(number) : "Drawing");
	}

	_fold(text) {
		const more = el("button.quiet");
		const fold = (isFolded) => {
			text.classList.toggle("is-folded", isFolded);
			more.textContent = isFolded ? "Show all" : "Show less";
			more.setAttribute("aria-expanded", String(!isFolded));
		};
		more.addEventListener("click", () => fold(!text.classList.contains("is-folded")));
		fold(true);
		return more;
	}

	_actions(note) {
		const action = (label, listener, ...content) => el("button.quiet", { "aria-label": label, onclick: listener }, ...content);
		return [
			note.released === false && this._panel.canRelease && action(`Release what ${note.author} wrote`, () => this._release(), "Release"),
			!this._isReply && action(`Reply to ${note.author}`, () => this.reply(), icon("reply"), "Reply"),
			note.mine && action("Edit what you wrote", () => this._edit(), "Edit"),
			note.mine && action("Delete what you wrote", () => this._remove(), "Delete"),
		].filter(Boolean);
	}

	/** Open the place for a reply. */
	reply() {
		const { id, author } = this.note;
		const values = { reply_to: id, frame: null, drawing: null, client_id: newId() };
		this._write({ label: `Reply to ${author}`, action: "Reply", key: this._panel.draftKey(`reply:${id}`), rows: 2 },
			(content) => this._panel.send({ content, ...values }), "Your reply was sent.");
	}

	_edit() {
		const { id, content } = this.note;
		this._body.hidden = true;
		this._write({ label: "Edit what you wrote", action: "Save" },
			(changed) => this._panel.perform((store) => store.editComment(id, changed)), "Your change was saved.", content);
	}

	/** Ask for a text below the note, and close the place again once *send* is done with it. */
	_write(options, send, done, content) {
		const writing = new Writing({ ...options, send, cancel: () => this._close() });
		if (content) writing.field.value = content;
		writing.on("sent", () => {
			this._close();
			say(done);
		});
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
		this._panel.emit("writing");
	}

	_release() {
		return this._try((store) => store.releaseComment(this.note.id), "Everybody sees it now.");
	}

	async _remove() {
		const text = (this.note.replies || []).length ? "The replies go as well." : "It cannot be brought back.";
		const ask = () => FtrackReview.confirmed("Delete this?", text, "Delete");
		if (await load("about").then(ask, (error) => this._panel.complain(error.message))) await this._try((store) => store.deleteComment(this.note.id), "It was deleted.");
	}

	async _try(action, done) {
		try {
			await this._panel.perform(action);
			say(done);
		} catch (error) {
			this._panel.complain(error.message);
		}
	}
}

const fileLink = (kind, href, ...content) => el(`a.${kind}`, { href, target: "_blank", rel: "noopener" }, ...content);

/** Show *notes* in *box* by *views*, which *make* makes. What they hold is kept. */
function syncNotes(views, box, notes, make, canWrite) {
	sync(views, box, notes, make);
	for (const note of notes) views.get(note.id).update(note, canWrite);
	box.hidden = !notes.length;
}

Object.assign(FtrackReview, { NoteView, syncNotes, ROLES });
}
