// Writing: a text that is kept until it has arrived, and the comment about a frame, with a drawing on it.
"use strict";
{

const { el, listen, icon, iconButton, tell, press, say, memory, newId, Source } = FtrackReview;

const LONGEST = 20000;

/** A form for a text. *send* gets the text, *key* names the draft, *cancel* is called when nothing is wanted. */
class Writing extends Source {
	constructor({ label, placeholder, action, send, cancel, key, rows = 3 }) {
		super();
		this._send = send;
		this.field = el("textarea", { rows, maxlength: LONGEST, dir: "auto", "aria-label": label, placeholder: placeholder || label, value: key && memory.get(key) });
		this._problem = el("p.problem", { role: "alert", hidden: true });
		this._button = el("button.primary", { type: "submit", title: "Ctrl+Enter" }, action);
		this._buttons = el("div.buttons", cancel && el("button.quiet", { onclick: cancel }, "Cancel"), this._button);
		const onsubmit = (event) => {
			event.preventDefault();
			this.submit();
		};
		this.el = el("form.writing", { onsubmit }, this.field, this._problem, this._buttons);
		listen(this.field, {
			input: () => this._typed(),
			keydown: (event) => {
				if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.submit();
				if (event.key === "Escape") (cancel || (() => this.field.blur()))();
			},
		});
		if (key) {
			this._typed = () => memory.set(key, this.field.value || null);
			this.on("sent", () => memory.set(key, null));
		}
	}

	_typed() {}

	/** The text to send. */
	get content() {
		return this.field.value.trim();
	}

	get canSend() {
		return Boolean(this.content) && !this._isSending;
	}

	async submit() {
		if (!this.canSend) return;
		this._isSending = this._button.disabled = this._button.ariaBusy = true;
		tell(this._problem, "");
		try {
			await this._send(this.content);
			this.emit("sent");
		} catch (error) {
			tell(this._problem, error.message);
		}
		this._isSending = this._button.disabled = this._button.ariaBusy = false;
	}
}

/**
 * The place for a comment on the object on the stage. Its draft is about a frame, or the whole version, and may hold a
 * drawing. *capture* gives the picture with it.
 *
 * Tells "draw" when the reviewer wants to, and "draft" when the drawing changed.
 */
class Composer extends Writing {
	constructor({ player, send, capture }) {
		super({ label: "Your comment", placeholder: "Write a comment", action: [icon("send"), "Send"], rows: 2 });
		this._player = player;
		this._send = async (content) => {
			// Another object may be on the stage before the answer comes.
			const { draft, frame, _key: key, _objectId: object_id } = this;
			const { drawing, clientId } = draft;
			const picture = drawing ? await capture(drawing, frame) : null;
			await send({ object_id, content, frame, reply_to: null, drawing, picture, client_id: clientId });
			say("Your comment was sent.");
			if (this._key !== key) memory.set(key, null);
			else if (this.field.value.trim() === content) this._clear();
		};
		this._pinned = el("button.chip.pin", { onclick: () => this._togglePin() });
		this._drawn = el("span.drawn", { hidden: true });
		this._draw = el("button.quiet", { onclick: () => this.emit("draw"), title: "Draw on the picture (D)" }, icon("pen"), "Draw");
		this._buttons.prepend(this._pinned, this._drawn, this._draw);
		this.el.classList.add("composer");
		this.el.setAttribute("aria-label", "Write a comment");
		this.field.addEventListener("focus", () => { if (player.isPlaying) player.pause(); });
		player.on("frame", () => this.update());
	}

	/** Take up the draft about an object that is kept under *key*. */
	open(key, objectId) {
		this._key = key;
		this._objectId = objectId;
		this.draft = { content: "", frame: null, isPinned: true, drawing: null, ...memory.get(key), clientId: newId() };
		this.field.value = this.draft.content;
		tell(this._problem, "");
		this.ask(false);
		this._showDrawn();
		this.emit("draft");
	}

	_clear() {
		memory.set(this._key, null);
		this.open(this._key, this._objectId);
	}

	_keep() {
		const { content, frame, isPinned, drawing } = this.draft;
		memory.set(this._key, content || drawing ? { content, frame, isPinned, drawing } : null);
		this.update();
	}

	_typed() {
		const { draft } = this;
		draft.content = this.field.value;
		// A comment is about the frame on which it was begun.
		if (draft.isPinned) draft.frame ??= this._player.footage.position;
		if (!draft.content && !draft.drawing) draft.frame = null;
		// Another text is another comment, whatever became of the first attempt.
		if (!this._problem.hidden) draft.clientId = newId();
		this._keep();
	}

	get canSend() {
		return Boolean(this.content || this.draft.drawing) && !this._isSending;
	}

	async submit() {
		await super.submit();
		this.update();
	}

	/** Let the draft hold *drawing*, made at *frame*; null takes it away. */
	setDrawing(drawing, frame) {
		this.draft.drawing = drawing;
		if (drawing) Object.assign(this.draft, { frame, isPinned: true });
		else if (!this.draft.content) this.draft.frame = null;
		this._showDrawn();
		this._keep();
		this.emit("draft");
	}

	_showDrawn() {
		const { drawing } = this.draft;
		const count = drawing ? drawing.shapes.length : 0;
		this._drawn.hidden = !drawing;
		this._drawn.replaceChildren(el("button.quiet", { title: "Go on drawing (D)", onclick: () => this.emit("draw") }, icon("pen"), `${count} ${count === 1 ? "stroke" : "strokes"}`),
			iconButton("close", "Remove the drawing", () => this.setDrawing(null), null, { class: "tool small" }));
	}

	_togglePin() {
		const { draft } = this;
		draft.isPinned = !draft.isPinned;
		draft.frame = draft.isPinned && (draft.content || draft.drawing) ? this._player.footage.position : null;
		this._keep();
	}

	/** The frame that the comment will be about, or null. */
	get frame() {
		const { draft, _player: player } = this;
		if (!player.isMovie) return draft.drawing ? 0 : null;
		if (!draft.isPinned && !draft.drawing) return null;
		return draft.frame ?? player.footage.position;
	}

	/** Show what the draft is about. */
	update() {
		const { footage, isMovie } = this._player;
		if (!this.draft || !footage) return;
		const { frame } = this;
		const isWhole = frame === null;
		const text = isWhole ? "Whole version" : `Frame ${footage.first + frame}`;
		this._draw.hidden = !this.canDraw || !footage.isPicture || Boolean(this.draft.drawing);
		this._pinned.hidden = !isMovie;
		if (this._pinned.textContent !== text) this._pinned.replaceChildren(icon(isWhole ? "comment" : "film"), text);
		press(this._pinned, !isWhole);
		this._pinned.title = isWhole ? "Pin the comment to the current frame" : "The comment is about this frame. Press for the whole version";
		this._pinned.disabled = Boolean(this.draft.drawing);
		this._button.disabled = !this.canSend;
	}

	complain(text) {
		tell(this._problem, text);
	}

	/** Ask what should change, or for any comment. */
	ask(isChange) {
		this.field.placeholder = isChange ? "What should change? (optional)" : "Write a comment";
	}

	focus() {
		if (!this.el.hidden) this.field.focus();
	}
}

Object.assign(FtrackReview, { Writing, Composer });
}
