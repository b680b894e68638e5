// The side of the page with what people say about an object: their votes, their comments, and the place to write.
"use strict";
{

const { el, listen, icon, tell, press, say, when, avatar, personName, Composer, NoteView, syncNotes, ROLES, Source } = FtrackReview;

// More votes than these, and one more, are shown when somebody asks for them.
const FEW = 4;

/** Tells "chosen" with a note, and "writing" when a text is begun, changed or done with. Its *composer* tells what happens to the draft. */
class Feedback extends Source {
	constructor({ player, perform, labelOf, capture }) {
		super();
		Object.assign(this, { _player: player, _perform: perform, _labelOf: labelOf });
		this._views = new Map();
		this._heading = el("h2");
		this._voting = el("div.voting", { role: "group", "aria-label": "Your vote" });
		this._said = el("p.said", { role: "status" });
		this._problem = el("p.problem", { role: "alert", hidden: true });
		this._votes = el("ul.votes", { "aria-label": "Votes" });
		this._reason = el("p.reason", { hidden: true });
		this._count = el("span.count");
		this._list = el("div.notes");
		this._none = el("p.none");
		this.composer = new Composer({ player, capture, send: (values) => this.send(values) });
		this.composer.on("sent", () => {
			this._list.lastElementChild?.scrollIntoView({ block: "nearest" });
			this.emit("writing");
		});
		this.el = el("aside.feedback", { "aria-label": "Feedback" },
			el("section.decision", this._heading, this._voting, this._said, this._problem, this._reason, this._votes),
			el("section.comments", el("h2", "Comments ", this._count), this._none, this._list), this.composer.el);
		const touch = ({ target }) => {
			if (!target.matches("textarea")) return;
			this._isTouched = true;
			this.emit("writing");
		};
		listen(this.el, { focusin: touch, input: touch });
	}

	/** Show *object*; *me* and *statuses* are those of the state, *reason* tells why nothing can be changed. */
	update(object, me, statuses, reason) {
		const isOther = this._object?.id !== object.id;
		Object.assign(this, { _object: object, _me: me, _statuses: statuses, _why: reason });
		if (isOther) {
			this._views.forEach((view) => view.el.remove());
			this._views.clear();
			this._pending = null;
			this._areAllShown = this._isTouched = false;
			this.complain("");
			this._said.textContent = "";
			this.composer.open(this.draftKey("comment"), object.id);
		}
		this._showVotes();
		syncNotes(this._views, this._list, object.notes, () => new NoteView(this, false), me.can.comment);
		this._count.textContent = object.notes.length || "";
		tell(this._none, object.notes.length ? "" : `No comments yet.${me.can.comment && this.hasFrames ? " Be the first: pause on a frame and write." : ""}`);
		this.composer.el.hidden = !me.can.comment;
		this.composer.canDraw = me.can.draw;
		this.composer.update();
	}

	// Votes

	_showVotes() {
		const { _object: object, _statuses: statuses } = this;
		const canVote = this._me.can.vote;
		const own = this._pending ? this._pending.status : object.my_vote;
		const isShown = Boolean(canVote || object.my_vote);
		this._heading.textContent = isShown ? "Your vote" : "Votes";
		this._voting.hidden = !isShown;
		// Where buttons stand that do nothing, it says why.
		tell(this._reason, isShown && !canVote ? this._why : "");
		// The buttons stay the same elements, so that the focus stays where it is.
		if (this._voting.children.length !== statuses.length) {
			this._voting.replaceChildren(...statuses.map(({ value, label }) =>
				el(`button.vote.${value}`, { "data-status": value, onclick: (event) => this.vote(value, event) }, icon(value), label)));
		}
		for (const button of this._voting.children) {
			press(button, button.dataset.status === own);
			button.disabled = !canVote;
		}
		const { votes } = object;
		const shown = this._areAllShown ? votes : votes.slice(0, votes.length > FEW + 1 ? FEW : votes.length);
		this._votes.replaceChildren(...shown.map((vote) => el("li", avatar(vote.person, vote.person_id),
			el("span.words", personName(vote.person), el("small", ROLES[vote.role] && el("span.role", ROLES[vote.role]), when(vote.created_at))),
			el(`span.status.${vote.status}`, this._labelOf(vote.status)))));
		if (shown.length < votes.length) this._votes.append(el("li", el("button.quiet", { onclick: () => this._showAll() }, `Show all ${votes.length} votes`)));
		this._votes.hidden = !votes.length;
		if (!votes.length && !canVote) this._said.textContent = "Nobody has voted yet.";
	}

	_showAll() {
		this._areAllShown = true;
		this._showVotes();
		this._votes.tabIndex = -1;
		this._votes.focus();
	}

	/** Record a vote: shown at once, taken back with the reason where it was refused. */
	async vote(status, event) {
		const { _object: object } = this;
		if (!this._me.can.vote || this._pending) return;
		const wanted = object.my_vote === status ? null : status;
		const pending = { status: wanted };
		const isStillShown = () => this._object.id === object.id;
		this._pending = pending;
		this.complain("");
		this._said.textContent = "Saving…";
		this._showVotes();
		try {
			await this._perform((store) => store.vote({ object_id: object.id, status: wanted }));
			if (isStillShown()) this._said.textContent = wanted ? `Saved: ${this._labelOf(wanted)}.` : "Your vote was withdrawn.";
			this.composer.ask(wanted === "require_changes" && isStillShown());
			// On a phone the keyboard would cover what was just pressed.
			if (wanted === "require_changes" && isStillShown() && event?.detail > 0 && matchMedia("(pointer: fine)").matches) this.composer.focus();
		} catch (error) {
			if (isStillShown()) {
				this._said.textContent = "";
				this.complain(`Your vote was not saved. ${error.message}`);
			} else {
				say(`Your vote on ${object.name} was not saved. ${error.message}`);
			}
		}
		if (this._pending === pending) this._pending = null;
		this._showVotes();
	}

	// What is being written

	/** The texts in the places to write. */
	get unsent() {
		return [...this.el.querySelectorAll("textarea")].map((field) => field.value).filter((text) => text.trim());
	}

	/** Whether somebody writes about the object; a draft of another day alone is no writing. */
	get isWriting() {
		return Boolean(this._isTouched && this._me.can.comment && this.unsent.length);
	}

	// What notes ask for

	get hasFrames() {
		return this._player.isMovie;
	}

	get canRelease() {
		return Boolean(this._me.can.release);
	}

	/** The number of frame *index* as people count it. */
	numberOf(index) {
		return this._player.footage.first + index;
	}

	/** The name under which a draft of *kind* is kept. */
	draftKey(kind) {
		return `draft:${this._me.id}:${this._object.id}:${kind}`;
	}

	choose(note) {
		this.emit("chosen", note);
	}

	/** Show which note is chosen, and bring it into view. */
	mark(id) {
		for (const [key, view] of this._views) view.el.classList.toggle("is-active", key === id);
		this._views.get(id)?.el.scrollIntoView({ block: "nearest" });
	}

	send(values) {
		const { id } = this._object;
		return this.perform((store) => store.comment({ object_id: id, ...values }));
	}

	perform(action) {
		return this._perform(action);
	}

	complain(text) {
		tell(this._problem, text);
	}
}

FtrackReview.Feedback = Feedback;
}
