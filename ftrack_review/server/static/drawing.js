// Drawings on a picture: how they are painted, made and changed. All positions are fractions of the picture.
(function (review) {
"use strict";

const { el, iconButton, Source } = review;

const COLOURS = [
	["#ff3b30", "Red"], ["#ffcc00", "Yellow"], ["#34c759", "Green"], ["#32ade6", "Blue"], ["#ffffff", "White"], ["#111111", "Black"],
];
const WIDTHS = [[0.002, "Thin"], [0.004, "Medium"], [0.009, "Thick"]];
const TOOLS = [
	["pen", "Pen"], ["arrow", "Arrow"], ["line", "Line"], ["rectangle", "Rectangle"], ["ellipse", "Ellipse"], ["text", "Text"],
	["erase", "Eraser"],
];
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
// What the server takes at most; a hand draws less.
const MOST_SHAPES = 2000;
const MOST_POINTS = 20000;

/** Paint *drawing* over the picture that fills *rect* ({x, y, w, h}) of the canvas. */
function paint(context, drawing, rect) {
	for (const shape of (drawing && drawing.shapes) || []) {
		context.save();
		paintShape(context, shape, rect);
		context.restore();
	}
}

function paintShape(context, shape, rect) {
	const x = (point) => rect.x + point[0] * rect.w;
	const y = (point) => rect.y + point[1] * rect.h;
	context.strokeStyle = context.fillStyle = shape.colour;
	context.lineCap = context.lineJoin = "round";
	if (shape.tool === "text") {
		const size = Math.max(4, shape.size * rect.h);
		context.font = `600 ${size}px ${FONT}`;
		context.textBaseline = "top";
		context.lineWidth = size / 7;
		// A rim keeps words readable on any picture.
		context.strokeStyle = shape.colour === "#111111" ? "rgba(255,255,255,.75)" : "rgba(0,0,0,.6)";
		shape.text.split("\n").forEach((line, index) => {
			context.strokeText(line, x(shape.at), y(shape.at) + index * size * 1.2);
			context.fillText(line, x(shape.at), y(shape.at) + index * size * 1.2);
		});
		return;
	}
	context.lineWidth = Math.max(1, shape.width * rect.w);
	const points = shape.points.map((point) => [x(point), y(point)]);
	context.beginPath();
	if (shape.tool === "pen") tracePen(context, points);
	else traceFigure(context, shape.tool, points, context.lineWidth);
	context.stroke();
}

function tracePen(context, points) {
	context.moveTo(...points[0]);
	if (points.length < 3) {
		// A tap leaves a dot.
		const end = points[points.length - 1];
		context.lineTo(end[0] + 0.01, end[1]);
		return;
	}
	for (let index = 1; index < points.length - 1; index += 1) {
		const [here, next] = [points[index], points[index + 1]];
		context.quadraticCurveTo(here[0], here[1], (here[0] + next[0]) / 2, (here[1] + next[1]) / 2);
	}
	context.lineTo(...points[points.length - 1]);
}

function traceFigure(context, tool, [[x0, y0], [x1, y1]], width) {
	if (tool === "rectangle") {
		context.rect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
		return;
	}
	if (tool === "ellipse") {
		context.ellipse((x0 + x1) / 2, (y0 + y1) / 2, Math.abs(x1 - x0) / 2, Math.abs(y1 - y0) / 2, 0, 0, 2 * Math.PI);
		return;
	}
	context.moveTo(x0, y0);
	context.lineTo(x1, y1);
	if (tool !== "arrow") return;
	const angle = Math.atan2(y1 - y0, x1 - x0);
	const length = Math.min(width * 5 + 6, Math.hypot(x1 - x0, y1 - y0));
	for (const side of [-0.5, 0.5]) {
		context.moveTo(x1, y1);
		context.lineTo(x1 - length * Math.cos(angle + side), y1 - length * Math.sin(angle + side));
	}
}

/** Return the picture that *footage* shows with *drawing* on it as a PNG data URL, or null where the browser forbids it. */
function flatten(footage, drawing) {
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
		if (this._erased) {
			this.shapes = this.shapes.filter((shape) => !isNear(shape, point));
		} else if (this._current && this._current.tool === "pen") {
			const { points } = this._current;
			const last = points[points.length - 1];
			if (points.length < MOST_POINTS && Math.hypot(point[0] - last[0], point[1] - last[1]) > 0.001) points.push(rounded(point));
		} else if (this._current) {
			const start = this._current.points[0];
			this._current.points[1] = rounded(isStraight ? straight(start, point) : point);
		}
		this.emit("changed");
	}

	finish() {
		if (this._erased) {
			const before = this._erased;
			this._erased = null;
			if (before !== this.shapes && before.length !== this.shapes.length) this._remember(before);
		} else if (this._current) {
			const shape = this._current;
			this._current = null;
			const [start, end] = shape.points;
			const isDot = shape.tool !== "pen" && Math.hypot(end[0] - start[0], end[1] - start[1]) < 0.004;
			if (!isDot) this._change([...this.shapes, shape]);
		}
		this.emit("changed");
	}

	/** Forget the stroke that has begun: a second finger came down. */
	cancel() {
		this._current = this._erased = null;
		this.emit("changed");
	}

	write(at, text) {
		const words = text.trim();
		if (words) this._change([...this.shapes, { tool: "text", colour: this.colour, size: this.width * 10 + 0.01, at: rounded(at), text: words }]);
	}

	clear() {
		if (!this.isEmpty) this._change([]);
	}

	undo() {
		if (!this.canUndo) return;
		this._future.push(this.shapes);
		this.shapes = this._past.pop();
		this.emit("changed");
	}

	redo() {
		if (!this.canRedo) return;
		this._past.push(this.shapes);
		this.shapes = this._future.pop();
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

const rounded = (point) => point.map((value) => Math.round(Math.min(Math.max(value, 0), 1) * 1e5) / 1e5);

function straight([x, y], point) {
	const flat = Math.abs(point[0] - x) > Math.abs(point[1] - y);
	return flat ? [point[0], y] : [x, point[1]];
}

/** Whether the eraser at *point* touches *shape*. */
function isNear(shape, [x, y]) {
	const reach = 0.015;
	if (shape.tool === "text") {
		const [left, top] = shape.at;
		const lines = shape.text.split("\n");
		const right = left + Math.max(...lines.map((line) => line.length)) * shape.size * 0.4;
		return x > left - reach && x < right + reach && y > top - reach && y < top + shape.size * 1.2 * lines.length + reach;
	}
	const points = outline(shape);
	return points.some((point, index) => distance([x, y], point, points[index + 1] || point) < reach + shape.width / 2);
}

function outline({ tool, points }) {
	const [[x0, y0], [x1, y1]] = [points[0], points[points.length - 1]];
	if (tool === "rectangle") return [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
	if (tool !== "ellipse") return points;
	const angles = Array.from({ length: 25 }, (_, index) => (index * Math.PI) / 12);
	return angles.map((angle) => [
		(x0 + x1) / 2 + (Math.abs(x1 - x0) / 2) * Math.cos(angle), (y0 + y1) / 2 + (Math.abs(y1 - y0) / 2) * Math.sin(angle),
	]);
}

function distance([x, y], [x0, y0], [x1, y1]) {
	const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
	const along = length ? Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length)) : 0;
	return Math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0));
}

/** The tools for a sketch: buttons that stand over the picture. */
class Palette {
	constructor({ onDone, onDiscard }) {
		this._tools = TOOLS.map(([name, label]) => this._choice("tool", name, iconButton(name, label, () => this._set("tool", name))));
		this._colours = COLOURS.map(([value, label]) => {
			const button = el("button.swatch", { type: "button", "aria-label": label, onclick: () => this._set("colour", value) });
			button.title = label;
			button.style.setProperty("--swatch", value);
			return this._choice("colour", value, button);
		});
		this._widths = WIDTHS.map(([value, label], index) => {
			const button = el("button.tool.width", { type: "button", "aria-label": label, onclick: () => this._set("width", value) }, el("span"));
			button.title = label;
			button.style.setProperty("--width", `${[3, 6, 11][index]}px`);
			return this._choice("width", value, button);
		});
		this._undo = iconButton("undo", "Undo", () => this._sketch.undo(), "Ctrl+Z");
		this._redo = iconButton("redo", "Redo", () => this._sketch.redo(), "Ctrl+Shift+Z");
		this._clear = iconButton("clear", "Erase everything", () => this._sketch.clear());
		const group = (label, ...items) => el("div.group", { role: "group", "aria-label": label }, ...items);
		this.el = el("div.palette", { role: "toolbar", "aria-label": "Drawing", hidden: true },
			group("Tool", this._tools.map((choice) => choice.button)),
			group("Colour", this._colours.map((choice) => choice.button)),
			group("Width", this._widths.map((choice) => choice.button)),
			group("History", this._undo, this._redo, this._clear),
			group("End", el("button.quiet", { type: "button", onclick: onDiscard }, "Discard"),
				el("button.primary", { type: "button", onclick: onDone }, "Done")));
	}

	_choice(property, value, button) {
		return { property, value, button };
	}

	_set(property, value) {
		this._sketch[property] = value;
		review.memory.set("pen", { tool: this._sketch.tool, colour: this._sketch.colour, width: this._sketch.width });
		this.update();
	}

	/** Work on *sketch* from now on. */
	open(sketch) {
		const { tool = "pen", colour, width } = review.memory.get("pen") || {};
		Object.assign(sketch, { tool: tool === "erase" ? "pen" : tool, colour: colour || sketch.colour, width: width || sketch.width });
		this._sketch = sketch;
		this.el.hidden = false;
		sketch.on("changed", () => this.update());
		this.update();
	}

	close() {
		this.el.hidden = true;
	}

	update() {
		for (const { property, value, button } of [...this._tools, ...this._colours, ...this._widths]) {
			button.setAttribute("aria-pressed", String(this._sketch[property] === value));
		}
		this._undo.disabled = !this._sketch.canUndo;
		this._redo.disabled = !this._sketch.canRedo;
		this._clear.disabled = this._sketch.isEmpty;
	}
}

Object.assign(review, { paint, flatten, Sketch, Palette });
})((window.FtrackReview = window.FtrackReview || {}));
