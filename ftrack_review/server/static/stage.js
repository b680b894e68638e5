// Where the picture is shown: fitted, zoomed, moved, compared with another version and drawn on.
"use strict";
{

const { el, listen, style, clamp, paint, Source } = FtrackReview;

const CLOSEST = 32;
const CLICK_PX = 6;

/**
 * The stage holds one or two pieces of footage and a canvas over them.
 *
 * Tells "click" where nothing was dragged, and "zoom". A *border*, while two are compared, is laid out with them.
 */
class Stage extends Source {
	constructor() {
		super();
		this.zoom = 1;
		this.centre = [0.5, 0.5];
		this.mode = "off";
		this.wipe = 0.5;
		this.isSwapped = false;
		this.drawings = [];
		this.sketch = null;
		this._pointers = new Map();
		this._slot = el("div.slot");
		this._canvas = el("canvas.overlay", { "aria-hidden": "true" });
		this.el = el("div.stage", this._slot, this._canvas);
		new ResizeObserver(() => this.layout()).observe(this.el);
		this._listen();
	}

	/** Show *footage*, alone. */
	show(footage) {
		this.compare(null, "off");
		if (this.footage) this.footage.close();
		this.footage = footage;
		this._slot.replaceChildren(footage.el);
		const wait = () => this.el.classList.toggle("is-waiting", footage.isWaiting);
		footage.on("busy", wait).on("ready", wait).on("ready", () => this.layout());
		wait();
		this.fit();
	}

	/** Show *other* as well: "wipe" over the picture, "toggle" instead of it, "side" beside it; "off" ends it. */
	compare(other, mode) {
		if (this.other && this.other !== other) this.other.close();
		if (other && this.other !== other) {
			this._slot.append(other.el);
			other.on("ready", () => this.layout());
		}
		this.other = other;
		this.mode = other ? mode : "off";
		this.isSwapped = false;
		this.layout();
	}

	/** In "toggle": show the other version, or the current one again. */
	swap() {
		this.isSwapped = !this.isSwapped;
		this.layout();
	}

	fit() {
		this.zoom = 1;
		this.centre = [0.5, 0.5];
		this.layout();
		this.emit("zoom");
	}

	/** The size of a pixel of the picture on the screen. */
	get scale() {
		return this.footage && this.rect ? (this.rect.w / this.footage.width) * devicePixelRatio : 1;
	}

	/** Zoom by *factor*, so that what is at *point* (in the stage, pixels) stays there. */
	zoomBy(factor, point) {
		if (!this._canMove) return;
		const { clientWidth: width, clientHeight: height } = this.el;
		const at = point || [width / 2, height / 2];
		const other = this._pane(1);
		const isInOther = this.mode === "side" && at[0] >= other.x && at[0] <= other.x + other.w && at[1] >= other.y && at[1] <= other.y + other.h;
		const pane = isInOther ? other : this._pane(0);
		const rect = this._place(this.footage, pane);
		const here = [(at[0] - rect.x) / rect.w, (at[1] - rect.y) / rect.h];
		this.zoom = clamp(this.zoom * factor, 1, Math.max(CLOSEST / (this.scale / this.zoom), 4));
		const after = this._place(this.footage, pane);
		this.centre = [
			here[0] - (at[0] - pane.x - pane.w / 2) / after.w, here[1] - (at[1] - pane.y - pane.h / 2) / after.h,
		];
		this.layout();
		this.emit("zoom");
	}

	/** Move the picture by pixels. */
	panBy(x, y) {
		if (!this._canMove || !this.rect) return;
		this.centre = [this.centre[0] - x / this.rect.w, this.centre[1] - y / this.rect.h];
		this.layout();
	}

	get _canMove() {
		return Boolean(this.footage?.isPicture);
	}

	_pane(index) {
		const { width: w, height: h } = this.el.getBoundingClientRect();
		if (this.mode !== "side") return { x: 0, y: 0, w, h };
		if (w < h) return { x: 0, y: index ? 0 : h / 2, w, h: h / 2 };
		// The earlier version is on the left, as one reads.
		return { x: index ? 0 : w / 2, y: 0, w: w / 2, h };
	}

	/** Where *footage* stands in *pane*, zoomed and moved. */
	_place(footage, pane) {
		const fit = Math.min(pane.w / footage.width, pane.h / footage.height);
		const [w, h] = [footage.width * fit * this.zoom, footage.height * fit * this.zoom];
		const [cx, cy] = [limit(this.centre[0], pane.w / w), limit(this.centre[1], pane.h / h)];
		return { x: pane.x + pane.w / 2 - cx * w, y: pane.y + pane.h / 2 - cy * h, w, h };
	}

	layout() {
		const { footage, other, el: stage } = this;
		if (!footage || !stage.clientWidth) return;
		const pane = this._pane(0);
		this.rect = footage.isPicture ? this._place(footage, pane) : null;
		style(footage.el, box(this.rect || pane));
		if (this.rect) {
			// What was limited stays limited, so that the way back is not longer.
			this.centre = [limit(this.centre[0], pane.w / this.rect.w), limit(this.centre[1], pane.h / this.rect.h)];
			stage.classList.toggle("is-zoomed", this.zoom > 1.001);
			stage.classList.toggle("is-close", this.scale >= 3);
		}
		stage.classList.toggle("is-tall", stage.clientWidth < stage.clientHeight);
		stage.dataset.mode = this.mode;
		if (other) this._layoutOther(other);
		if (this.border) this.border.layout();
		this.paint();
	}

	_layoutOther(other) {
		const pane = this._pane(1);
		const rect = other.isPicture ? this._place(other, pane) : pane;
		const cut = Math.max(0, rect.x + rect.w - this.wipe * this.el.clientWidth);
		style(other.el, { ...box(rect), "clip-path": this.mode === "wipe" ? `inset(0 ${cut}px 0 0)` : "none" });
		other.el.classList.toggle("is-hidden", this.mode === "toggle" && !this.isSwapped);
	}

	/** Paint what is drawn over the picture. */
	paint() {
		const canvas = this._canvas;
		const ratio = Math.min(devicePixelRatio, 2);
		const [width, height] = [Math.round(this.el.clientWidth * ratio), Math.round(this.el.clientHeight * ratio)];
		if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
		const context = canvas.getContext("2d");
		context.clearRect(0, 0, width, height);
		if (!this.rect || (this.mode === "toggle" && this.isSwapped)) return;
		const rect = { x: this.rect.x * ratio, y: this.rect.y * ratio, w: this.rect.w * ratio, h: this.rect.h * ratio };
		this.drawings.forEach((drawing) => paint(context, drawing, rect));
		if (this.sketch) paint(context, this.sketch.drawing, rect);
	}

	/** Draw *sketch* from now on, or end that with null. */
	draw(sketch) {
		this.sketch = sketch;
		this.el.classList.toggle("is-drawing", Boolean(sketch));
		if (sketch) sketch.on("changed", () => this.paint());
		this.paint();
	}

	_listen() {
		const { el: stage } = this;
		listen(stage, {
			pointerdown: (event) => this._down(event), pointermove: (event) => this._move(event),
			pointerup: (event) => this._up(event, false), pointercancel: (event) => this._up(event, true),
			dblclick: () => { if (!this.sketch && this.footage?.kind === "image") this.toggleFit(); },
		});
		stage.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
	}

	/** From the whole picture to its pixels and back. */
	toggleFit() {
		if (this.zoom > 1.001) this.fit();
		else this.zoomBy(Math.max(1, this.scale * 2) / this.scale);
	}

	/** Where *event* is on the stage, in pixels. */
	point(event) {
		const box = this.el.getBoundingClientRect();
		return [event.clientX - box.left, event.clientY - box.top];
	}

	_fraction([x, y]) {
		return [(x - this.rect.x) / this.rect.w, (y - this.rect.y) / this.rect.h];
	}

	_down(event) {
		if (event.target.closest("button, a, input, [role=slider]") || !this._canMove || event.button > 1) return;
		const point = this.point(event);
		this._pointers.set(event.pointerId, point);
		this.el.setPointerCapture(event.pointerId);
		if (this._pointers.size === 2) {
			if (this.sketch) this.sketch.cancel();
			this._pinch = this._fingers();
			this._begun = null;
			return;
		}
		this._begun = { point, isDrag: false, isDrawing: false };
		if (this.sketch && event.button === 0) {
			event.preventDefault();
			this._begun.isDrawing = true;
			if (this.sketch.tool !== "text") this.sketch.begin(this._fraction(point));
		}
	}

	_move(event) {
		const before = this._pointers.get(event.pointerId);
		if (!before) return;
		const point = this.point(event);
		this._pointers.set(event.pointerId, point);
		if (this._pointers.size === 2 && this._pinch) {
			this._spread();
			return;
		}
		const begun = this._begun;
		if (!begun) return;
		if (begun.isDrawing) {
			if (this.sketch) this.sketch.trace(event, (part) => this._fraction(this.point(part)));
			return;
		}
		if (Math.hypot(point[0] - begun.point[0], point[1] - begun.point[1]) > CLICK_PX) begun.isDrag = true;
		if (begun.isDrag && this.zoom > 1) this.panBy(point[0] - before[0], point[1] - before[1]);
	}

	_up(event, isCancelled) {
		if (!this._pointers.delete(event.pointerId)) return;
		if (this._pointers.size < 2) this._pinch = null;
		const begun = this._begun;
		this._begun = null;
		if (!begun) return;
		if (begun.isDrawing) {
			if (!this.sketch) return;
			if (isCancelled) this.sketch.cancel();
			else if (this.sketch.tool === "text") this.sketch.ask(this, begun.point, this._fraction(begun.point));
			else this.sketch.finish();
		} else if (!begun.isDrag && !isCancelled && event.button === 0) {
			this.emit("click");
		}
	}

	_fingers() {
		const [a, b] = [...this._pointers.values()];
		return { middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], span: Math.hypot(a[0] - b[0], a[1] - b[1]) || 1 };
	}

	_spread() {
		const now = this._fingers();
		this.zoomBy(now.span / this._pinch.span, now.middle);
		this.panBy(now.middle[0] - this._pinch.middle[0], now.middle[1] - this._pinch.middle[1]);
		this._pinch = now;
	}

	_wheel(event) {
		if (!this._canMove || event.target.closest("input")) return;
		event.preventDefault();
		const lines = event.deltaMode === 1 ? 30 : 1;
		this.zoomBy(Math.exp(-clamp(event.deltaY * lines, -200, 200) * (event.ctrlKey ? 0.01 : 0.002)), this.point(event));
	}
}

/** Keep the centre of a view that is *part* of the whole inside it. */
function limit(centre, part) {
	return part >= 1 ? 0.5 : clamp(centre, part / 2, 1 - part / 2);
}

const box = ({ x, y, w, h }) => ({ left: x, top: y, width: w, height: h });

FtrackReview.Stage = Stage;
}
