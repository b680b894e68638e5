// The drawings over the picture: those of the comments at its frame, and the one in the making.
"use strict";
{

const { el, load, say } = FtrackReview;

/** Shows drawings on *stage*, and lets the reviewer make one for the draft in *composer*. */
class Sketching {
	constructor(player, stage, composer) {
		Object.assign(this, { _player: player, _stage: stage, _composer: composer });
		/** Where the tools stand. */
		this.el = el("div.tools");
		this.areShown = true;
		this.sketch = null;
		player.on("frame", () => this.show());
		composer.on("draft", () => this.show());
	}

	/** Show the drawings of *object*, or only that of the note with the id *active* where it is on the frame. */
	open(object, active) {
		Object.assign(this, { _object: object, _active: active });
		this.show();
	}

	/** Hide the drawings, or show them again. */
	toggle() {
		this.areShown = !this.areShown;
		this.show();
		return this.areShown;
	}

	/** The frame on the stage, as drawings know it. */
	get _frame() {
		return this._player.isMovie ? this._player.footage.position : 0;
	}

	show() {
		const { _object: object, _frame: frame } = this;
		const { footage, isMovie } = this._player;
		if (!object || !footage?.isPicture) return;
		if (this.sketch && frame !== this._begunAt) this.end(true);
		const here = ({ drawing, frame: other }) => drawing && (!isMovie || other === frame);
		const notes = object.notes.filter(here);
		const chosen = notes.filter((note) => note.id === this._active);
		const shown = chosen.length ? chosen : [...notes, ...(object.drawings || []).filter(here)];
		const { draft } = this._composer;
		this._stage.drawings = (this.areShown ? shown : []).map((note) => note.drawing);
		if (draft && !this.sketch && here(draft)) this._stage.drawings.push(draft.drawing);
		this._stage.paint();
	}

	/** Begin to draw on the frame on the stage, or go on with the drawing of the draft. */
	async begin() {
		const { _composer: composer, _player: player } = this;
		if (!composer.canDraw || !player.footage.isPicture || this.sketch) return;
		player.pause();
		const { draft } = composer;
		if (draft.drawing && draft.frame !== null && draft.frame !== this._frame) player.seek(draft.frame);
		const frame = this._frame;
		try {
			await load("tools");
		} catch (error) {
			composer.complain(error.message);
			return;
		}
		// Another object or frame may have come in between.
		if (composer.draft === draft && this._frame === frame && !this.sketch) this._begin(new FtrackReview.Sketch(draft.drawing), draft.drawing, frame);
	}

	_begin(sketch, before, frame) {
		Object.assign(this, { sketch, _begunAt: frame, _before: before });
		this._palette ??= new FtrackReview.Palette({ onDone: () => this.end(true), onDiscard: () => this.end(false) });
		this.el.replaceChildren(this._palette.el);
		sketch.on("changed", () => { if (this.sketch === sketch) this._composer.setDrawing(sketch.drawing, frame); });
		this._palette.open(sketch);
		this._stage.draw(sketch);
		document.body.classList.add("is-drawing");
		this._stage.layout();
		this.show();
		say("Drawing. Escape ends it.");
	}

	/** End drawing and keep what was drawn for the comment, or go back to what was there before. */
	end(isKept) {
		const { sketch } = this;
		if (!sketch) return;
		this._stage.draw(null);
		this.sketch = null;
		this._palette.close();
		document.body.classList.remove("is-drawing");
		this._composer.setDrawing(isKept ? sketch.drawing : this._before, this._begunAt);
		this.show();
		if (isKept && sketch.drawing) this._composer.focus();
	}

	/** Return the frame with the drawing as a picture. */
	async capture(drawing, frame) {
		this.end(true);
		this._player.pause();
		const { footage } = this._player;
		await load("tools");
		return FtrackReview.flatten(footage, drawing, frame);
	}
}

FtrackReview.Sketching = Sketching;
}
