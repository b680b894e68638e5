// The time line: one cell for each frame, with the position, the range and a mark for every comment at a frame.
"use strict";
{

const { el, listen, style, clamp, Source } = FtrackReview;

/** Tells "mark" with the note whose mark was chosen. */
class Timeline extends Source {
	constructor(player) {
		super();
		this.player = player;
		this._loaded = el("div.loaded");
		this._range = el("div.range", { hidden: true });
		this._head = el("div.head");
		this._marks = el("div.marks");
		this._ends = ["in", "out"].map((name) => el(`div.end.${name}`, { hidden: true, title: name === "in" ? "In" : "Out" }));
		this._tip = el("output.tip", { hidden: true, "aria-hidden": "true" });
		this.el = el("div.timeline", {
			role: "slider", tabindex: 0, "aria-label": "Frame", "aria-valuemin": 1, "aria-valuemax": 1, "aria-valuenow": 1,
		}, el("div.track", this._loaded, this._range, ...this._ends, this._head), this._marks, this._tip);
		this._listen();
		player.on("frame", () => this._move()).on("state", () => this.update()).on("progress", () => this._load());
	}

	/** The frame under *x*, pixels of the page. */
	_frameAt(x) {
		const box = this.el.getBoundingClientRect();
		const { frames } = this.player.footage;
		return clamp(Math.floor(((x - box.left) / box.width) * frames), 0, frames - 1);
	}

	_listen() {
		const end = () => {
			// After a mouse the keys belong to the player again.
			if (this._dragged) this.el.blur();
			this._dragged = null;
		};
		listen(this.el, {
			pointerdown: (event) => this._down(event), pointermove: (event) => this._drag(event), pointerup: end, pointercancel: end,
			pointerleave: () => { if (!this._dragged) this._tip.hidden = true; },
		});
	}

	_down(event) {
		if (!this.player.isMovie || event.button > 0) return;
		const mark = event.target.closest(".mark");
		if (mark) {
			this.emit("mark", mark.note);
			return;
		}
		const end = event.target.closest(".end");
		this._dragged = end ? (end === this._ends[0] ? "in" : "out") : "head";
		this.el.setPointerCapture(event.pointerId);
		this._drag(event);
	}

	_drag(event) {
		const { player } = this;
		if (!player.isMovie) return;
		const frame = this._frameAt(event.clientX);
		if (this._dragged === "in") player.setRange(Math.min(frame, player.last), player.last);
		else if (this._dragged === "out") player.setRange(player.first, Math.max(frame, player.first));
		else if (this._dragged === "head" && frame !== player.footage.target) player.seek(frame);
		const box = this.el.getBoundingClientRect();
		this._tip.hidden = event.pointerType === "touch" && !this._dragged;
		this._tip.textContent = `${player.footage.first + frame} · ${player.footage.rate.timecode(frame)}`;
		style(this._tip, { left: clamp(event.clientX - box.left, 55, box.width - 55) });
	}

	/** Show range and sizes, after another movie was opened or the range changed. */
	update() {
		const { player } = this;
		const { footage } = player;
		this.el.hidden = !player.isMovie;
		if (!player.isMovie) return;
		const share = (index) => `${(index / footage.frames) * 100}%`;
		this._range.hidden = this._ends[0].hidden = this._ends[1].hidden = !player.range;
		style(this._range, { left: share(player.first), width: share(player.last + 1 - player.first) });
		style(this._ends[0], { left: share(player.first) });
		style(this._ends[1], { left: share(player.last + 1) });
		style(this._head, { width: share(1) });
		style(this.el, { "--cell": share(1) });
		// Lines between frames help only while they can be told apart.
		this.el.classList.toggle("has-cells", this.el.clientWidth / footage.frames >= 7);
		this.el.setAttribute("aria-valuemin", footage.first);
		this.el.setAttribute("aria-valuemax", footage.first + footage.frames - 1);
		this._move();
		this._load();
	}

	_move() {
		const { footage } = this.player;
		if (!footage?.isMovie) return;
		const { position } = footage;
		style(this._head, { left: `${(position / footage.frames) * 100}%` });
		this.el.setAttribute("aria-valuenow", footage.first + position);
		this.el.setAttribute("aria-valuetext", `Frame ${footage.first + position}, ${footage.rate.timecode(position)}`);
	}

	_load() {
		const { footage } = this.player;
		if (!footage?.isMovie || !footage.el.buffered.length || !footage.el.duration) return;
		const end = footage.el.buffered.end(footage.el.buffered.length - 1);
		style(this._loaded, { width: `${Math.min(1, end / footage.el.duration) * 100}%` });
	}

	/** Show a mark for each of *notes* that is about a frame; *active* is the id of the chosen one. */
	setNotes(notes, active) {
		const { footage } = this.player;
		const marks = notes.filter((note) => note.frame !== null && note.frame < footage.frames).map((note) => {
			const kinds = ["mark", note.drawing && "has-drawing", note.id === active && "is-active", note.mine && "is-mine"];
			const mark = el("span", {
				class: kinds.filter(Boolean).join(" "), title: `${note.author}: ${note.content.slice(0, 80)}`,
				style: { left: `${((note.frame + 0.5) / footage.frames) * 100}%` },
			});
			return Object.assign(mark, { note });
		});
		this._marks.replaceChildren(...marks);
	}
}

FtrackReview.Timeline = Timeline;
}
