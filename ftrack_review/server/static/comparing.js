// Comparing what is under review with an earlier version: which one, and how. It comes once somebody compares.
"use strict";
{

const { el, style, tell, iconButton, press, say, clamp } = FtrackReview;

const MODES = [["wipe", "Wipe"], ["side", "Side by side"], ["toggle", "Switch"]];

/** What stands over the picture meanwhile: the border between the versions, and their names. */
class Border {
	constructor(stage) {
		this._stage = stage;
		this._names = [el("span.label.left"), el("span.label.right")];
		this._handle = el("div.wipe", {
			role: "slider", tabindex: 0, "aria-label": "Border between the versions", "aria-valuemin": 0, "aria-valuemax": 100,
			onpointerdown: (event) => {
				this._handle.setPointerCapture(event.pointerId);
				event.stopPropagation();
			},
			onpointermove: (event) => { if (this._handle.hasPointerCapture(event.pointerId)) this._move(stage.point(event)[0] / stage.el.clientWidth); },
			onkeydown: (event) => {
				const steps = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, Home: -1, End: 1 };
				if (!(event.key in steps)) return;
				event.preventDefault();
				event.stopPropagation();
				this._move(stage.wipe + steps[event.key]);
			},
		}, el("span.grip"));
		stage.el.append(this._handle, ...this._names);
		/** What the earlier version is called, and the one under review. */
		this.names = [];
		stage.border = this;
	}

	_move(wipe) {
		this._stage.wipe = clamp(wipe, 0, 1);
		this._stage.layout();
	}

	layout() {
		const { wipe, mode, isSwapped } = this._stage;
		const share = Math.round(wipe * 100);
		style(this._handle, { left: `${wipe * 100}%` });
		this._handle.hidden = mode !== "wipe";
		this._handle.setAttribute("aria-valuenow", share);
		this._handle.setAttribute("aria-valuetext", `${share} percent previous version`);
		const isShown = { off: [false, false], toggle: [isSwapped, !isSwapped] }[mode] || [true, true];
		this._names.forEach((name, index) => tell(name, isShown[index] ? this.names[index] : ""));
	}
}

/** The choice of a version and of a mode: "wipe", "side", "toggle" or "off". *begin* is the button that stands for it meanwhile. */
class Comparing {
	constructor(player, stage, begin) {
		Object.assign(this, { _player: player, _stage: stage, _begin: begin, mode: "off" });
		this._border = new Border(stage);
		this._versions = el("select", { "aria-label": "Compare with", onchange: () => this.show(this.mode) });
		this._modes = MODES.map(([mode, label]) => el("button.mode", { "data-mode": mode, onclick: () => this._choose(mode) }, label));
		this.el = el("div.modes", { role: "group", "aria-label": "Compare", hidden: true }, this._versions, this._modes,
			iconButton("close", "Stop comparing", () => this.show("off"), "Esc"));
	}

	/** Offer the earlier versions of *object*, which is on the stage. */
	open(object) {
		this._object = object;
		this._versions.replaceChildren(...object.previous.map((other) => el("option", { value: other.version_id, disabled: !isReady(other) }, other.label)));
		// The newest that can be shown; the very first one may be one that cannot.
		this._versions.value = (object.previous.find(isReady) || {}).version_id;
		if (this.mode !== "off") this.show("off");
	}

	/** Show the chosen version in *mode*; "off" ends it. */
	show(mode) {
		const chosen = this._object.previous.find((other) => other.version_id === this._versions.value);
		const isOn = mode !== "off" && isReady(chosen);
		const hadFocus = this.el.contains(document.activeElement) || document.activeElement === this._begin;
		this.mode = isOn ? mode : "off";
		this._border.names = isOn ? [chosen.label, this._object.version || this._object.name] : [];
		if (isOn) this._player.compare(chosen.media, chosen.label, mode);
		else this._player.compare(null);
		if (this.mode === "toggle") this._stage.swap();
		this.el.hidden = !isOn;
		this._begin.classList.toggle("is-gone", isOn);
		for (const button of this._modes) press(button, button.dataset.mode === this.mode);
		if (hadFocus) (this._modes.find((button) => button.dataset.mode === this.mode) || this._begin).focus();
	}

	_choose(mode) {
		if (mode === "toggle" && this.mode === "toggle") this.swap();
		else this.show(mode);
	}

	/** Show the other one of the two versions. */
	swap() {
		if (this.mode === "toggle") this._stage.swap();
		else this.show("toggle");
		say(this._stage.isSwapped ? this._versions.selectedOptions[0].textContent : this._object.version);
	}

	/** From one mode to the next. */
	next() {
		this.show({ off: "wipe", wipe: "side" }[this.mode] || "off");
	}
}

const isReady = (version) => Boolean(version) && version.media.state === "ready";

FtrackReview.Comparing = Comparing;
}
