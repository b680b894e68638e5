// A review that travels: the page plays from disk, and what is done there is kept until it is saved to a file.
(function (review) {
"use strict";

const { el, say, dialog, newId, StoreError } = review;

/** A review that travels: its state comes with the page, and what is done here is kept until it is saved to a file. */
class FolderStore {
	constructor(state) {
		this._state = state;
		this.canPresent = false;
		this.isFolder = true;
		this._key = `ftrack-review:${state.export_id || state.session.id}`;
		this._answers = this._read() || { person: this._known(), votes: [], notes: [] };
	}

	get person() {
		return this._answers.person;
	}

	setPerson(person) {
		this._answers.person = person;
		this._write();
	}

	get count() {
		return this._answers.votes.length + this._answers.notes.length;
	}

	/** Ask who answers: a review from disk knows nobody. */
	begin(page) {
		return this.person ? Promise.resolve() : this._ask(page);
	}

	_ask(page) {
		return new Promise((resolve) => {
			const name = el("input", { id: "my-name", type: "text", autocomplete: "name", required: true, maxlength: 200, dir: "auto" });
			const email = el("input", { id: "my-email", type: "email", autocomplete: "email", required: true, maxlength: 254 });
			const form = el("form", null, el("p", null, "Your votes and comments stay on this computer until you save them to a file."),
				el("label", { htmlFor: "my-name" }, "Your name"), name, el("label", { htmlFor: "my-email" }, "Your e-mail"), email,
				el("footer", null, el("button.primary", { type: "submit" }, "Start")));
			const box = dialog("Who are you?", form);
			form.addEventListener("submit", async (event) => {
				event.preventDefault();
				this.setPerson({ id: null, name: name.value.trim(), email: email.value.trim() });
				box.close();
				page.state = await this.state();
				page.update();
			});
			box.addEventListener("close", resolve);
		});
	}

	/** Hand out the file with the answers. */
	async save(page) {
		await this.begin(page);
		if (!this.person) return;
		const { name, text } = this.file();
		const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
		const link = el("a", { href: url, download: name });
		document.body.append(link);
		link.click();
		link.remove();
		setTimeout(() => URL.revokeObjectURL(url), 60000);
		say("Your answers were saved. Send the file to whoever gave you the review.");
	}

	/** The file that the review's owner merges, as a name and its text. */
	file() {
		const { person, votes, notes } = this._answers;
		const answers = {
			format: "ftrack-review-answers", version: 1, session_id: this._state.session.id,
			export_id: this._state.export_id || null, person, saved_at: new Date().toISOString(), votes, notes,
		};
		const name = (person ? person.name : "review").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "review";
		return { name: `answers-${name}.json`, text: JSON.stringify(answers, null, 1) };
	}

	async state() {
		const state = structuredClone(this._state);
		state.me = this._me();
		state.objects.forEach((object) => this._apply(object));
		return state;
	}

	async vote({ object_id: id, status, content, frame }) {
		this._answers.votes = this._answers.votes.filter((vote) => vote.object_id !== id);
		if (status) this._answers.votes.push({ object_id: id, status, created_at: new Date().toISOString() });
		if (content) return this.comment({ object_id: id, content, frame });
		return this._done(id);
	}

	async comment({ object_id: id, content, frame, reply_to: parent, drawing, picture }) {
		this._answers.notes.push({
			id: newId(), object_id: id, content, frame: frame ?? null, reply_to: parent || null,
			created_at: new Date().toISOString(), drawing: drawing || null, picture: picture || null,
		});
		return this._done(id);
	}

	async editComment(id, content) {
		const note = this._own(id);
		note.content = content;
		return this._done(note.object_id);
	}

	async deleteComment(id) {
		const note = this._own(id);
		this._answers.notes = this._answers.notes.filter((other) => other.id !== id && other.reply_to !== id);
		return this._done(note.object_id);
	}

	live() {
		return { send: () => false, close: () => {} };
	}

	_own(id) {
		const note = this._answers.notes.find((other) => other.id === id);
		if (!note) throw new StoreError("Only what you wrote here can be changed here.");
		return note;
	}

	_known() {
		const me = this._state.me;
		return me ? { id: me.id || null, name: me.name, email: me.email || "" } : null;
	}

	_me() {
		const person = this._answers.person;
		const role = this._state.me ? this._state.me.role : "reviewer";
		const can = role !== "observer" && this._state.session.is_open !== false;
		return {
			id: person ? person.id || "me" : null, name: person ? person.name : "", email: person ? person.email : "", role,
			can: { comment: can, draw: can, vote: can, lead: false },
		};
	}

	_apply(object) {
		const me = this._me();
		const vote = this._answers.votes.find((other) => other.object_id === object.id);
		if (vote) {
			object.my_vote = vote.status;
			object.votes = object.votes.filter((other) => other.person_id !== me.id);
			object.votes.push({
				person: me.name, person_id: me.id, role: me.role, status: vote.status, created_at: vote.created_at,
			});
		}
		for (const note of this._answers.notes.filter((other) => other.object_id === object.id)) {
			const shown = {
				...note, author: me.name, author_id: me.id, mine: true, released: true, picture_url: null, replies: [],
			};
			const parent = object.notes.find((other) => other.id === note.reply_to);
			if (parent) parent.replies.push(shown);
			else object.notes.push(shown);
		}
		return object;
	}

	_done(id) {
		this._write();
		const object = this._state.objects.find((other) => other.id === id);
		return { object: this._apply(structuredClone(object)) };
	}

	_read() {
		try {
			return JSON.parse(localStorage.getItem(this._key));
		} catch (error) {
			return null;
		}
	}

	_write() {
		try {
			localStorage.setItem(this._key, JSON.stringify(this._answers));
		} catch (error) {
			throw new StoreError("This browser keeps nothing more for pages from disk. Save your answers now.");
		}
	}
}

review.FolderStore = FolderStore;
})((window.FtrackReview = window.FtrackReview || {}));
