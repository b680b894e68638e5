// A review that travels: the page plays from disk, and what is done there is kept until it is saved to a file.
(function (review) {
"use strict";

const { el, say, dialog, newId, StoreError } = review;

// The work that it takes to try an address on those of the invited (packing.py has the same number).
const ROUNDS = 20000;

/** A review that travels: its state comes with the page, and what is done here is kept until it is saved to a file. */
class FolderStore {
	constructor(state) {
		this._state = state;
		this.canPresent = false;
		this.isFolder = true;
		this._key = `ftrack-review:${state.export_id || state.session.id}`;
		// Several people may answer on one computer, one after the other.
		const { whose, all } = this._read() || {};
		this._all = all || {};
		this._begin(whose && this._all[whose] ? this._all[whose].person : this._known());
	}

	get person() {
		return this._answers.person;
	}

	get _answers() {
		return this._all[this._whose];
	}

	_begin(person) {
		this._whose = keyOf(person);
		this._all[this._whose] = { votes: [], notes: [], edits: [], ...this._all[this._whose], person };
	}

	/** Let *person* answer, with *isSame* what was answered so far under another name or address. */
	setPerson(person, isSame) {
		const before = this._answers;
		const former = this._whose;
		this._begin(person);
		if (former !== this._whose && (isSame || !before.person)) {
			const { votes, notes } = this._answers;
			const voted = new Set(votes.map((vote) => vote.object_id));
			votes.push(...before.votes.filter((vote) => vote.status && !voted.has(vote.object_id)));
			notes.push(...before.notes);
			delete this._all[former];
		}
		this._write();
	}

	get count() {
		const { votes, notes, edits } = this._answers;
		return votes.length + notes.length + edits.length;
	}

	/** Ask who answers: a review from disk knows nobody. */
	begin(page) {
		return this.person ? Promise.resolve() : this._ask(page);
	}

	/** Ask who answers from now on: somebody else, or the same with another name or address. */
	change(page) {
		return this._ask(page);
	}

	_ask(page) {
		return new Promise((resolve) => {
			const { people } = this._state;
			const name = el("input", { id: "my-name", type: "text", autocomplete: "name", list: "invited", required: true, maxlength: 200, dir: "auto" });
			const email = el("input", { id: "my-email", type: "email", autocomplete: "email", required: true, maxlength: 254 });
			const same = el("input", { type: "checkbox" });
			const known = el("p.known", { role: "status" });
			const form = el("form", null, el("p", null, "Your votes and comments stay on this computer until you save them to a file."),
				el("label", { htmlFor: "my-name" }, "Your name"), name, el("label", { htmlFor: "my-email" }, "Your e-mail"), email,
				el("datalist", { id: "invited" }, ...people.map((person) => el("option", { value: person.name }))), known,
				this.person && this.count ? el("label.check", null, same, `I am still ${this.person.name}: take my answers along`) : null,
				el("footer", null, el("button.primary", { type: "submit" }, "Start")));
			const box = dialog("Who are you?", form);
			form.addEventListener("change", async () => {
				const invitee = await this.invitee(name.value, email.value);
				known.textContent = invitee ? `You are invited as ${invitee.name}, ${invitee.role}.` : "";
			});
			form.addEventListener("submit", async (event) => {
				event.preventDefault();
				const invitee = await this.invitee(name.value, email.value);
				const { id, name: called } = invitee || { id: null, name: name.value.trim() };
				this.setPerson({ id, name: called, email: email.value.trim() }, same.checked);
				box.close();
				page.state = await this.state();
				page.update();
			});
			box.addEventListener("close", resolve);
		});
	}

	/** The one of the invited who goes by this address or, where nobody does, alone by this name; null for others. */
	async invitee(name, email) {
		const { people } = this._state;
		const proof = people.some((person) => person.email_proof) ? await this._prove(email) : null;
		const found = people.filter((person) => proof && person.email_proof === proof);
		if (found.length) return found[0];
		const called = people.filter((person) => plain(person.name) && plain(person.name) === plain(name));
		return called.length === 1 ? called[0] : null;
	}

	/** What an address comes to in the list of the invited, which does not hold the addresses themselves. */
	async _prove(email) {
		// Pages from disk have it in the browsers of today; elsewhere the name has to do.
		if (!window.crypto.subtle || !email.trim()) return null;
		const encoder = new TextEncoder();
		const key = await crypto.subtle.importKey("raw", encoder.encode(email.trim().toLowerCase()), "PBKDF2", false, ["deriveBits"]);
		const salt = encoder.encode(this._state.export_id);
		const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS }, key, 256);
		return Array.from(new Uint8Array(bits), (byte) => byte.toString(16).padStart(2, "0")).join("");
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
		const { person, votes, notes, edits } = this._answers;
		const answers = {
			// Programs that know no edits and withdrawn votes must not take the file for whole.
			format: "ftrack-review-answers", version: edits.length || votes.some((vote) => !vote.status) ? 2 : 1, session_id: this._state.session.id,
			export_id: this._state.export_id || null, person, saved_at: new Date().toISOString(), votes, notes, edits,
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
		const { votes } = this._answers;
		const me = this._me().id;
		const given = [...votes, ...this._state.objects.find((object) => object.id === id).votes.map((vote) => ({ ...vote, object_id: id }))];
		this._answers.votes = votes.filter((vote) => vote.object_id !== id);
		// A vote that is withdrawn may be on the server already: from before, or from an earlier file.
		if (status || given.some((vote) => vote.object_id === id && (!vote.person_id || vote.person_id === me))) {
			this._answers.votes.push({ object_id: id, status, created_at: new Date().toISOString() });
		}
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
		const note = this._answers.notes.find((other) => other.id === id);
		if (!note) return this._edit(id, content);
		note.content = content;
		return this._done(note.object_id);
	}

	async deleteComment(id) {
		const note = this._answers.notes.find((other) => other.id === id);
		this._answers.notes = this._answers.notes.filter((other) => other.id !== id && other.reply_to !== id);
		return note ? this._done(note.object_id) : this._edit(id, null);
	}

	live() {
		return { send: () => false, close: () => {} };
	}

	/** Change, or with null delete, what the person had said before the review travelled. */
	_edit(id, content) {
		const me = this._me();
		for (const object of this._state.objects) {
			const note = flat(object.notes).find((other) => other.id === id && me.id && other.author_id === me.id);
			if (!note) continue;
			if (content === null && (note.replies || []).some((reply) => reply.author_id !== me.id)) {
				throw new StoreError("Others have replied to this. Edit it instead.");
			}
			const before = this._answers.edits.find((edit) => edit.id === id);
			this._answers.edits = this._answers.edits.filter((edit) => edit !== before);
			// What it said so far, as an earlier file may have been brought back already.
			const was = before ? [...before.was, before.content] : [note.content];
			const edit = { id, object_id: object.id, content, was, created_at: new Date().toISOString() };
			if (before || content !== note.content) this._answers.edits.push(edit);
			return this._done(object.id);
		}
		throw new StoreError("Only what you wrote can be changed.");
	}

	_known() {
		const me = this._state.me;
		return me ? { id: me.id || null, name: me.name, email: me.email || "" } : null;
	}

	_me() {
		const { person } = this._answers;
		const invitee = person && this._state.people.find((other) => other.id === person.id);
		const role = (invitee || this._state.me || {}).role || "reviewer";
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
			object.votes = object.votes.filter((other) => other.person_id !== me.id);
			if (vote.status) object.votes.push({
				person: me.name, person_id: me.id, role: me.role, status: vote.status, created_at: vote.created_at,
			});
		}
		object.overall = overall(object.votes);
		object.my_vote = (object.votes.find((other) => other.person_id === me.id) || {}).status || null;
		object.notes = this._edited(object.notes, me.id);
		for (const note of this._answers.notes.filter((other) => other.object_id === object.id)) {
			const shown = {
				...note, author: me.name, author_id: me.id, role: me.role, mine: true, released: true, picture_url: null, replies: [],
			};
			const parent = object.notes.find((other) => other.id === note.reply_to);
			if (parent) parent.replies.push(shown);
			else object.notes.push(shown);
		}
		return object;
	}

	/** *notes* from before the review travelled, as the person whose id is *me* has left them. */
	_edited(notes, me) {
		const edits = new Map(this._answers.edits.map((edit) => [edit.id, edit.content]));
		return notes.filter((note) => edits.get(note.id) !== null).map((note) => ({
			...note, mine: note.author_id === me, content: edits.get(note.id) ?? note.content,
			replies: this._edited(note.replies || [], me),
		}));
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
			localStorage.setItem(this._key, JSON.stringify({ whose: this._whose, all: this._all }));
		} catch (error) {
			throw new StoreError("This browser keeps nothing more for pages from disk. Save your answers now.");
		}
	}
}

/** What votes come to: the newest decision of approvers, else that of all (protocol/role.py). */
function overall(votes) {
	const by = (role) => votes.filter((vote) => vote.role === role);
	const approving = by("approver");
	if (approving.length) {
		const decisions = approving.filter((vote) => vote.status !== "seen");
		const newest = decisions.reduce((best, vote) => (!best || String(vote.created_at) >= String(best.created_at) ? vote : best), null);
		return newest ? newest.status : "seen";
	}
	const given = votes.filter((vote) => vote.role !== "observer").map((vote) => vote.status);
	if (given.includes("require_changes")) return "require_changes";
	if (given.length && given.every((status) => status === "approved")) return "approved";
	return votes.length ? "seen" : null;
}

const keyOf = (person) => (person ? person.id || person.email.toLowerCase() || person.name : "");
const plain = (name) => name.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean).join(" ");
const flat = (notes) => notes.flatMap((note) => [note, ...flat(note.replies || [])]);

review.FolderStore = FolderStore;
})((window.FtrackReview = window.FtrackReview || {}));
