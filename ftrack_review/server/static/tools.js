// The tools to draw with, which come once somebody draws: a sketch with its history, and the buttons for it.
"use strict";
{

const { ICONS, el, iconButton, press, memory, paint, place, trace, LINE, Source } = FtrackReview;

const COLOURS = [
	["#ff3b30", "Red"], ["#ffcc00", "Yellow"], ["#34c759", "Green"], ["#32ade6", "Blue"], ["#ffffff", "White"], ["#111111", "Black"],
];
const WIDTHS = [[0.002, "Thin"], [0.004, "Medium"], [0.009, "Thick"]];
const TOOLS = [
	["pen", "Pen"], ["arrow", "Arrow"], ["line", "Line"], ["rectangle", "Rectangle"], ["ellipse", "Ellipse"], ["text", "Text"],
	["erase", "Eraser"],
];
Object.assign(ICONS, {
	arrow: "M5 19L19 5M10.5 5H19v8.5",
	line: "M5 19L19 5",
	rectangle: "M4.5 6h15v12h-15z",
	ellipse: "M12 6c4.5 0 8 2.7 8 6s-3.5 6-8 6-8-2.7-8-6 3.5-6 8-6z",
	text: "M5 7.5V5h14v2.5M12 5v14M9.5 19h5",
	erase: "M9 20h11M5 15.5L13.5 6l6 5.5L12 20H9z",
	undo: "M8.5 6.5L4 11l4.5 4.5M4.5 11H14a5 5 0 0 1 0 10h-2",
	redo: "<undo",
	clear: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13",
});

// What the server takes at most; a hand draws less.
const MOST_SHAPES = 2000;
const MOST_POINTS = 20000;

// The eraser reaches so far on a picture of this size.
const REACH = 15;
const GRID = { x: 0, y: 0, w: 1000, h: 1000 };
const RULER = el("canvas").getContext("2d");

/** A drawing in the making, with its history. Tells "changed". */
class Sketch extends Source {
	constructor(drawing) {
		super();
		this.shapes = (drawing && drawing.shapes) || [];
		this._past = [];
		this._future = [];
		this.tool = "pen";
		this.colour = COLOURS[0][0];
		this.width = WIDTHS[1][0];
		this._current = null;
	}

	get isEmpty() {
		return this.shapes.length === 0;
	}

	get canUndo() {
		return this._past.length > 0;
	}

	get canRedo() {
		return this._future.length > 0;
	}

	/** The drawing as it is stored; null where nothing is drawn. */
	get drawing() {
		const shapes = this._current ? [...this.shapes, this._current] : this.shapes;
		return shapes.length ? { version: 1, shapes } : null;
	}

	begin(point) {
		if (this.tool === "erase") {
			this._erased = this.shapes;
			this.extend(point);
			return;
		}
		if (this.shapes.length >= MOST_SHAPES) return;
		const points = this.tool === "pen" ? [rounded(point)] : [rounded(point), rounded(point)];
		this._current = { tool: this.tool, colour: this.colour, width: this.width, points };
		this.emit("changed");
	}

	extend(point, { isStraight = false } = {}) {
		const { _current: shape } = this;
		if (this._erased) {
			this.shapes = this.shapes.filter((other) => !isNear(other, point));
		} else if (shape && shape.tool === "pen") {
			if (shape.points.length < MOST_POINTS && distance(point, shape.points[shape.points.length - 1]) > 0.001) shape.points.push(rounded(point));
		} else if (shape) {
			shape.points[1] = rounded(isStraight ? straight(shape.points[0], point) : point);
		}
		this.emit("changed");
	}

	/** Go on to where *event* is, which *find* tells as a place in the picture. */
	trace(event, find) {
		if (this.tool === "text") return;
		// Browsers put several positions into one event; a smooth line needs them all.
		const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
		for (const part of events.length ? events : [event]) this.extend(find(part), { isStraight: event.shiftKey });
	}

	finish() {
		const { _erased: before, _current: shape } = this;
		this._erased = this._current = null;
		if (before && before.length !== this.shapes.length) this._remember(before);
		// A figure without size is a slip of the hand.
		if (shape && (shape.tool === "pen" || distance(...shape.points) >= 0.004)) this._change([...this.shapes, shape]);
		this.emit("changed");
	}

	/** Forget the stroke that has begun: a second finger came down. */
	cancel() {
		this.shapes = this._erased || this.shapes;
		this._current = this._erased = null;
		this.emit("changed");
	}

	/** Ask for words at *point* of *stage*, in pixels, which is *at* in the picture. */
	ask(stage, point, at) {
		const finish = (isKept) => {
			if (!field.isConnected) return;
			field.removeEventListener("blur", keep);
			field.remove();
			if (isKept) this.write(at, field.value);
		};
		const keep = () => finish(true);
		const field = el("input", {
			type: "text", "aria-label": "Text on the picture", maxlength: 300, dir: "auto",
			style: { left: Math.min(point[0], stage.el.clientWidth - 180), top: Math.min(point[1], stage.el.clientHeight - 40), "--ink": this.colour },
			onblur: keep,
			onkeydown: (event) => {
				event.stopPropagation();
				if (event.key === "Enter" || event.key === "Escape") finish(event.key === "Enter");
			},
		});
		stage.el.append(field);
		field.focus();
	}

	write(at, text) {
		const words = text.trim();
		if (words) this._change([...this.shapes, { tool: "text", colour: this.colour, size: this.width * 10 + 0.01, at: rounded(at), text: words }]);
	}

	clear() {
		if (!this.isEmpty) this._change([]);
	}

	undo() {
		this._go(this._past, this._future);
	}

	redo() {
		this._go(this._future, this._past);
	}

	_go(from, to) {
		if (!from.length) return;
		to.push(this.shapes);
		this.shapes = from.pop();
		this.emit("changed");
	}

	_change(shapes) {
		this._remember(this.shapes);
		this.shapes = shapes;
		this.emit("changed");
	}

	_remember(shapes) {
		this._past.push(shapes);
		this._future = [];
	}
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const rounded = (point) => point.map((value) => Math.round(Math.min(Math.max(value, 0), 1) * 1e5) / 1e5);

function straight([x, y], point) {
	const flat = Math.abs(point[0] - x) > Math.abs(point[1] - y);
	return flat ? [point[0], y] : [x, point[1]];
}

/** Whether the eraser at *point* touches *shape*. */
function isNear(shape, point) {
	const [x, y] = place(point, GRID);
	if (shape.tool === "text") {
		const lines = shape.text.split("\n");
		const [left, top] = place(shape.at, GRID);
		const [width, height] = place([Math.max(...lines.map((line) => line.length)) * shape.size * 0.4, shape.size * LINE * lines.length], GRID);
		return x > left - REACH && x < left + width + REACH && y > top - REACH && y < top + height + REACH;
	}
	RULER.lineWidth = 2 * REACH + shape.width * GRID.w;
	return RULER.isPointInStroke(trace(shape, GRID), x, y);
}

/** The tools for a sketch: buttons that stand over the picture. */
class Palette {
	constructor({ onDone, onDiscard }) {
		this._choices = [];
		this._undo = iconButton("undo", "Undo", () => this._sketch.undo(), "Ctrl+Z");
		this._redo = iconButton("redo", "Redo", () => this._sketch.redo(), "Ctrl+Shift+Z");
		this._clear = iconButton("clear", "Erase everything", () => this._sketch.clear());
		const choices = (property, entries, make) => entries.map(([value, title], index) => {
			const button = make(value, title, () => this._set(property, value), index);
			this._choices.push({ property, value, button });
			return button;
		});
		const group = (label, ...items) => el("div.group", { role: "group", "aria-label": label }, items);
		this.el = el("div.palette", { role: "toolbar", "aria-label": "Drawing", hidden: true },
			group("Tool", choices("tool", TOOLS, (tool, title, onclick) => iconButton(tool, title, onclick))),
			group("Colour", choices("colour", COLOURS, (colour, title, onclick) => el("button.swatch", { title, "aria-label": title, onclick, style: { "--swatch": colour } }))),
			group("Width", choices("width", WIDTHS, (width, title, onclick, index) =>
				el("button.tool.width", { title, "aria-label": title, onclick, style: { "--width": [3, 6, 11][index] } }, el("span")))),
			group("History", this._undo, this._redo, this._clear),
			group("End", el("button.quiet", { onclick: onDiscard }, "Discard"), el("button.primary", { onclick: onDone }, "Done")));
	}

	_set(property, value) {
		this._sketch[property] = value;
		const { tool, colour, width } = this._sketch;
		memory.set("pen", { tool: tool === "erase" ? "pen" : tool, colour, width });
		this.update();
	}

	/** Work on *sketch* from now on, with the tool that was used last. */
	open(sketch) {
		this._sketch = Object.assign(sketch, memory.get("pen"));
		this.el.hidden = false;
		sketch.on("changed", () => this.update());
		this.update();
	}

	close() {
		this.el.hidden = true;
	}

	update() {
		for (const { property, value, button } of this._choices) press(button, this._sketch[property] === value);
		this._undo.disabled = !this._sketch.canUndo;
		this._redo.disabled = !this._sketch.canRedo;
		this._clear.disabled = this._sketch.isEmpty;
	}
}

/** Resolve with *frame* of *footage* with *drawing* on it as a PNG data URL, or null where the browser forbids it. */
async function flatten(footage, drawing, frame) {
	if (footage.isMovie && footage.frame !== frame) await footage.reach(frame);
	const scale = Math.min(1, 1280 / Math.max(footage.width, footage.height));
	const canvas = el("canvas");
	canvas.width = Math.max(1, Math.round(footage.width * scale));
	canvas.height = Math.max(1, Math.round(footage.height * scale));
	const context = canvas.getContext("2d");
	const rect = { x: 0, y: 0, w: canvas.width, h: canvas.height };
	try {
		context.drawImage(footage.el, 0, 0, rect.w, rect.h);
		paint(context, drawing, rect);
		return canvas.toDataURL("image/png");
	} catch (error) {
		// Pages from disk may show their pictures but not read them.
		return null;
	}
}

Object.assign(FtrackReview, { Sketch, Palette, flatten });
}
