// What the keys do: one table, from which they work and which is shown to who asks for it.
"use strict";
{

const { memory } = FtrackReview;

const LONG_STEP = 10;
const PAN_PX = 60;

/** The keys of *page*: groups of [as they are shown, what they do, {key: action}]. Actions return false where there is nothing to do. */
function table(page) {
	const { player, stage, feedback } = page;
	const movie = (action) => () => {
		if (!player.isMovie) return false;
		page.together.unfollow();
		return action();
	};
	const pan = (x, y, otherwise) => () => (stage.zoom > 1.001 ? stage.panBy(x * PAN_PX, y * PAN_PX) : otherwise());
	const step = (count) => movie(() => player.step(count));
	const [back, forward] = [() => page.move(-1), () => page.move(1)];
	const [earlier, later] = [-1, 1].map((way) => movie(() => page.jump(way)));
	const [closer, wider] = [() => stage.zoomBy(1.5), () => stage.zoomBy(1 / 1.5)];
	return [
		["Play", [
			["Space", "Play or pause", { " ": movie(() => player.toggle()) }],
			["K", "Pause", { k: movie(() => player.pause()) }],
			["L", "Forwards, again for faster", { l: movie(() => player.faster()) }],
			["J", "Backwards, again for faster", { j: movie(() => player.backwards()) }],
			["← →", "One frame back, forward", { arrowleft: step(-1), arrowright: step(1) }],
			["Shift ← →", "Ten frames; moves the picture when zoomed", {
				"shift arrowleft": pan(1, 0, step(-LONG_STEP)), "shift arrowright": pan(-1, 0, step(LONG_STEP)),
				"shift arrowup": pan(0, 1, back), "shift arrowdown": pan(0, -1, forward),
			}],
			["Home End", "First, last frame", { home: movie(() => player.seek(player.first)), end: movie(() => player.seek(player.last)) }],
			["G", "Go to a frame number", { g: movie(() => page.controls.focusNumber()) }],
		]],
		["Range and sound", [
			["I O", "Start, end of the range", { i: movie(() => player.setIn(player.footage.position)), o: movie(() => player.setOut(player.footage.position)) }],
			["\\", "Remove the range", { "\\": movie(() => player.setRange(null, null)) }],
			["R", "Loop", { r: movie(() => player.setLooping(!player.isLooping)) }],
			["M", "Sound", { m: movie(() => player.setVolume(player.volume, !player.isMuted)) }],
			["F", "Full screen", { f: () => page.toggleFull() }],
		]],
		["Go", [
			["↑ ↓ or [ ]", "Previous, next in the list", { arrowup: back, arrowdown: forward, "[": back, "]": forward }],
			["P N or , .", "Previous, next comment on the time line", { p: earlier, ",": earlier, n: later, ".": later }],
		]],
		["Look", [
			["+ −", "Zoom", { "+": closer, "=": closer, "-": wider }],
			["0", "Fit, or show pixels", { 0: () => stage.toggleFit() }],
			["C", "Compare with the previous version: wipe, side by side, off", { c: () => page.compare((comparing) => comparing.next()) }],
			["X", "Switch between the versions", { x: () => page.compare((comparing) => comparing.swap()) }],
			["H", "Hide or show drawings", { h: () => page.toggleDrawings() }],
		]],
		["Say", [
			["Shift A", "Approve", { "shift a": () => feedback.vote("approved") }],
			["Shift C", "Require changes", { "shift c": () => feedback.vote("require_changes") }],
			["T", "Write a comment", { t: () => feedback.composer.focus() }],
			["D", "Draw", { d: () => page.draw() }],
			["Ctrl Z", "Undo a stroke"],
			["Ctrl Enter", "Send"],
			["Esc", "Leave drawing, comparing, writing"],
			["?", "This list", { "?": () => page.keyboard.help() }],
		]],
	];
}

/** Listens to the keys, and shows what they do. */
class Keyboard {
	constructor(page) {
		this._page = page;
		this._groups = table(page);
		this._actions = Object.assign({}, ...this._groups.flatMap(([, rows]) => rows.map(([, , actions]) => actions)));
		document.addEventListener("pointerdown", () => { this._isByMouse = true; }, true);
		document.addEventListener("keydown", (event) => { if (event.key === "Tab") this._isByMouse = false; }, true);
		document.addEventListener("keydown", (event) => this._key(event));
	}

	_key(event) {
		const { target, key, ctrlKey, metaKey, altKey, shiftKey } = event;
		if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
		if (key === "Escape") this._page.escape();
		if (key === "Escape" || target.closest("input, textarea, select")) return;
		const name = key.toLowerCase();
		if (ctrlKey || metaKey || altKey) {
			if (altKey || name !== "z" || !this._page.undo(shiftKey)) return;
		} else {
			// A button with the focus is pressed by the space bar, unless a mouse left the focus there.
			if (name === " " && target.closest("button, a") && !this._isByMouse) return;
			const isLetter = name.length === 1 && name !== " " && name !== "?";
			if (isLetter && memory.get("keys") === false) return;
			const action = (shiftKey && this._actions[`shift ${name}`]) || this._actions[name];
			if (!action || !(this._page.current || name === "?") || action() === false) return;
		}
		event.preventDefault();
	}

	/** Show what the keys do. */
	help() {
		this._page.tell("tellKeys", this._groups);
	}
}

FtrackReview.Keyboard = Keyboard;
}
