// The buttons under the picture.
"use strict";
{

const { el, listen, style, tell, press, icon, iconButton, relabel, SPEEDS } = FtrackReview;

const spoken = (speed) => `${speed}×`;

/** Play, step, loop, range, speed, sound, zoom and full screen for *player*; *actions* are those of the page. */
class Controls {
	constructor(player, stage, actions) {
		this.player = player;
		this.stage = stage;
		this._actions = actions;
		this._play = iconButton("play", "Play", () => player.toggle(), "Space", { class: "tool play" });
		this._number = el("input.number", {
			type: "text", inputmode: "numeric", "aria-label": "Frame number", autocomplete: "off", spellcheck: "false",
		});
		this._total = el("span.total");
		this._timecode = el("output.timecode", { "aria-label": "Time code" });
		this._rate = el("span.rate");
		this._shuttle = el("span.shuttle", { hidden: true });
		this._loop = iconButton("loop", "Loop", () => player.setLooping(!player.isLooping), "R");
		this._in = iconButton("in", "Start the range here", () => player.setIn(player.footage.position), "I");
		this._out = iconButton("out", "End the range here", () => player.setOut(player.footage.position), "O");
		this._wide = iconButton("close", "Remove the range", () => player.setRange(null, null), "\\");
		this._speed = el("select", { "aria-label": "Speed", onchange: () => this._chooseSpeed() },
			SPEEDS.map((speed) => el("option", { value: speed }, spoken(speed))));
		this._mute = iconButton("sound", "Mute", () => player.setVolume(player.volume, !player.isMuted), "M");
		this._volume = el("input", {
			type: "range", min: 0, max: 1, step: 0.05, "aria-label": "Volume", oninput: () => player.setVolume(Number(this._volume.value)),
		});
		this._sound = el("div.sound", this._mute, this._volume);
		this._document = el("a.button", { target: "_blank", rel: "noopener", hidden: true }, icon("document"), "Open the document");
		this._full = iconButton("full", "Full screen", actions.toggleFull, "F");
		this.el = this._build();
		this._listenToNumber();
		player.on("frame", () => this._frame()).on("state", () => this.update());
		stage.on("zoom", () => this._zoomed());
		document.addEventListener("fullscreenchange", () => this.update());
	}

	_build() {
		const { player, stage, _actions: actions } = this;
		this._steps = el("div.group.steps",
			iconButton("first", "First frame", () => player.seek(player.first), "Home", { class: "tool wide-only" }),
			iconButton("back", "One frame back", () => player.step(-1), "←"),
			this._play,
			iconButton("forward", "One frame forward", () => player.step(1), "→"),
			iconButton("last", "Last frame", () => player.seek(player.last), "End", { class: "tool wide-only" }));
		this._position = el("div.group.position",
			el("label.frame", el("span.sign", { "aria-hidden": "true" }, "Frame"), this._number), this._total, this._timecode, this._rate, this._shuttle);
		this._playing = el("div.group.playing", this._loop, this._in, this._out, this._wide, this._speed, this._sound);
		this._percent = el("button.tool.percent", { onclick: () => stage.toggleFit(), title: "Fit the picture, or show its pixels (0)" }, "Fit");
		this._zoom = el("div.group.zoom",
			iconButton("minus", "Zoom out", () => stage.zoomBy(1 / 1.5), "−", { class: "tool wide-only" }), this._percent,
			iconButton("plus", "Zoom in", () => stage.zoomBy(1.5), "+", { class: "tool wide-only" }));
		this._marks = iconButton("seen", "Hide drawings", actions.toggleDrawings, "H");
		this._jump = el("div.group.jump",
			iconButton("previous", "Previous comment", () => actions.jump(-1), "P"), el("span.sign", { "aria-hidden": "true" }, icon("comment")),
			iconButton("next", "Next comment", () => actions.jump(1), "N"));
		return el("div.controls", { role: "group", "aria-label": "Player" }, this._steps, this._position,
			el("div.more", this._playing, el("div.group.end", this._document, this._jump, this._marks, this._zoom, this._full)));
	}

	_listenToNumber() {
		const field = this._number;
		listen(field, {
			focus: () => field.select(),
			change: () => this._go(),
			blur: () => this._frame(),
			keydown: (event) => {
				if (event.key === "Enter") this._go();
				if (event.key === "Escape") field.value = "";
				if (event.key === "Enter" || event.key === "Escape") field.blur();
			},
		});
	}

	_chooseSpeed() {
		this.player.setSpeed(Number(this._speed.value));
		// After a mouse the keys belong to the player again.
		if (!this._speed.matches(":focus-visible")) this._speed.blur();
	}

	_go() {
		const number = Number.parseInt(this._number.value, 10);
		const { footage } = this.player;
		if (Number.isFinite(number)) this.player.seek(number - footage.first);
	}

	focusNumber() {
		this._number.focus();
	}

	_frame() {
		const { footage } = this.player;
		if (!footage?.isMovie) return;
		const { position } = footage;
		if (document.activeElement !== this._number) this._number.value = String(footage.first + position);
		this._timecode.textContent = footage.rate.timecode(position);
	}

	_zoomed() {
		const { stage } = this;
		this._percent.textContent = stage.zoom > 1.001 ? `${Math.round(stage.scale * 100)}%` : "Fit";
	}

	showDrawings(areShown) {
		relabel(this._marks, areShown ? "seen" : "hide", areShown ? "Hide drawings" : "Show drawings", "H");
	}

	update() {
		const { player } = this;
		const { footage } = player;
		if (!footage) return;
		const { isMovie } = footage;
		for (const part of [this._steps, this._position, this._playing, this._jump]) part.hidden = !isMovie;
		this._zoom.hidden = !footage.isPicture;
		// Not every browser shows documents inside a page.
		this._document.hidden = footage.kind !== "pdf";
		this._document.href = footage.media.url || "#";
		this._marks.hidden = !footage.isPicture;
		relabel(this._play, player.isPlaying ? "pause" : "play", player.isPlaying ? "Pause" : "Play", "Space");
		press(this._loop, player.isLooping);
		this._wide.hidden = !player.range;
		this._speed.value = String(SPEEDS.includes(player.speed) ? player.speed : 1);
		this._sound.hidden = !footage.media.has_audio;
		relabel(this._mute, player.isMuted ? "mute" : "sound", player.isMuted ? "Sound on" : "Mute", "M");
		this._volume.value = String(player.isMuted ? 0 : player.volume);
		tell(this._shuttle, player.shuttle ? spoken(player.shuttle).replace("-", "−") : "");
		this._full.hidden = !(document.fullscreenEnabled || footage.el.webkitSupportsFullscreen) || !(footage.isPicture || footage.kind === "pdf");
		press(this._full, Boolean(document.fullscreenElement));
		if (isMovie) {
			const last = footage.first + footage.frames - 1;
			this._total.textContent = `/ ${last}`;
			this._rate.textContent = footage.rate.toString();
			style(this._number, { width: `${String(last).length + 2.5}ch` });
			this._frame();
		}
		this._zoomed();
	}
}

FtrackReview.Controls = Controls;
}
