// Playing: forwards, backwards, in a range, at any speed, and a second version in step with the first.
"use strict";
{

const { clamp, memory, Footage, Source } = FtrackReview;

const SPEEDS = [0.25, 0.5, 1, 1.5, 2, 4];
const FASTEST = 4;
const ALIGN_MS = 250;

/** Tells "frame" when another frame is shown or on its way, and "state" when anything else changed. */
class Player extends Source {
	constructor(stage) {
		super();
		this.stage = stage;
		this.speed = 1;
		this.shuttle = 0;
		this.isLooping = memory.get("loop") ?? true;
		this.volume = memory.get("volume") ?? 1;
		this.isMuted = memory.get("muted") ?? false;
		this.range = null;
		this._ranges = new Map();
	}

	get isPlaying() {
		return Boolean(this.footage && (this._backwards || this.footage.isPlaying));
	}

	get isMovie() {
		return Boolean(this.footage?.isMovie);
	}

	get first() {
		return this.range ? this.range[0] : 0;
	}

	get last() {
		return this.range ? this.range[1] : this.footage.frames - 1;
	}

	/** Show *media*; *key* names it, so that its range is found again. */
	open(media, name, key) {
		this.pause();
		this._key = key;
		this.range = this._ranges.get(key) || null;
		const footage = new Footage(media, { name, isMuted: this.isMuted });
		this.footage = footage;
		this.other = null;
		this.stage.show(footage);
		footage.on("frame", () => this._follow()).on("ended", () => { if (this._isRunning) this._wrap(); });
		footage.on("ready", () => this._state()).on("progress", () => this.emit("progress"));
		footage.on("playing", () => this._state()).on("paused", () => this._state());
		footage.on("muted", () => { this.isMuted = true; this._state(); });
		footage.on("failed", () => this.emit("failed", footage));
		if (footage.isMovie) footage.el.volume = this.volume;
		this._state();
		this.emit("frame");
	}

	/** Show the version *media* as well, in one of the modes of the stage; null ends it. */
	compare(media, name, mode) {
		if (!media) {
			this.other = null;
			this.stage.compare(null, "off");
		} else {
			if (this.other?.media !== media) {
				this.other = new Footage(media, { name, isMuted: true });
				this.other.on("ready", () => this._align(true));
			}
			const { other } = this;
			this.stage.compare(other, mode);
			this._align(true);
			if (this.footage.isPlaying) other.play(this.footage.el.playbackRate);
		}
		this._state();
	}

	_state() {
		if (this.isMovie) this.footage.el.loop = this.isLooping && !this.range && this.footage.isPlaying;
		if (this.other?.isMovie) {
			if (!this.footage.isPlaying) this.other.pause();
			this._align(true);
		}
		this.emit("state");
	}

	toggle() {
		if (this.isPlaying) this.pause();
		else this.play();
	}

	play(speed = this.speed) {
		if (!this.isMovie) return;
		this._backwards = null;
		this.shuttle = speed === this.speed ? 0 : speed;
		const { position } = this.footage;
		if (position < this.first || position >= this.last) this.footage.seek(this.first);
		this._isRunning = true;
		this.footage.play(speed);
		if (this.other) this.other.play(speed);
		this._state();
	}

	pause() {
		// A seek to the end of a paused movie "ends" it as well.
		this._isRunning = false;
		this._backwards = null;
		this.shuttle = 0;
		if (!this.footage) return;
		const wasPlaying = this.footage.isPlaying;
		this.footage.pause();
		if (this.other) this.other.pause();
		// Between two frames browsers may stop on either: settle on the one that is seen.
		if (wasPlaying && this.footage.target === null) this.footage.seek(this.footage.frame);
		this._state();
	}

	/** L: forwards, faster with every call. */
	faster() {
		const now = this.isPlaying && !this._backwards ? this.shuttle || this.speed : 0;
		this.play(now ? Math.min(FASTEST, now * 2) : this.speed);
	}

	/** J: backwards, faster with every call, one frame after the other, as browsers cannot play so. */
	backwards() {
		if (!this.isMovie) return;
		const speed = this._backwards ? Math.min(FASTEST, this._backwards.speed * 2) : 1;
		this._isRunning = false;
		this.footage.pause();
		if (this.other) this.other.pause();
		this._rewind(speed, this.footage.position);
	}

	_rewind(speed, from) {
		const run = { speed, from: from <= this.first ? this.last : from, since: performance.now() };
		this._backwards = run;
		this.shuttle = -speed;
		const turn = (now) => {
			if (this._backwards !== run) return;
			const passed = Math.floor((Math.max(0, now - run.since) / 1000) * this.footage.rate.fps * speed);
			const target = run.from - passed;
			if (target < this.first) {
				if (this.isLooping) this._rewind(speed, this.last);
				else this.seek(this.first);
				return;
			}
			if (this.footage.target === null && target !== this.footage.frame) this.footage.seek(target);
			requestAnimationFrame(turn);
		};
		requestAnimationFrame(turn);
		this._state();
	}

	/** Stop on the frame *index*. */
	seek(index) {
		if (this.isPlaying) this.pause();
		this.footage.seek(index);
	}

	/** Stop *count* frames away, or at the end of the movie. */
	step(count) {
		if (!this.isMovie) return;
		this.seek(this.footage.position + count);
	}

	setSpeed(speed) {
		this.speed = clamp(speed, SPEEDS[0], FASTEST);
		this.shuttle = 0;
		for (const footage of [this.footage, this.other]) if (footage?.isMovie) footage.el.playbackRate = this.speed;
		this.emit("state");
	}

	setLooping(isLooping) {
		this.isLooping = isLooping;
		memory.set("loop", isLooping);
		this._state();
	}

	setVolume(volume, isMuted = false) {
		this.volume = clamp(volume, 0, 1);
		this.isMuted = isMuted;
		memory.set("volume", this.volume);
		memory.set("muted", isMuted);
		if (this.isMovie) Object.assign(this.footage.el, { volume: this.volume, muted: isMuted });
		this.emit("state");
	}

	/** Play only from *first* to *last*, indices of frames; null stands for the end of the movie. */
	setRange(first, last) {
		if (!this.isMovie) return;
		const end = this.footage.frames - 1;
		const low = clamp(first ?? 0, 0, end);
		const high = clamp(last ?? end, 0, end);
		this.range = low === 0 && high === end ? null : [Math.min(low, high), Math.max(low, high)];
		this._ranges.set(this._key, this.range);
		this._state();
	}

	setIn(index) {
		this.setRange(index, this.range?.[1] >= index ? this.range[1] : null);
	}

	setOut(index) {
		this.setRange(this.range?.[0] <= index ? this.range[0] : null, index);
	}

	_follow() {
		const { footage } = this;
		if (this.range && footage.isPlaying && footage.target === null && footage.frame >= this.last) {
			this._wrap();
		}
		this._align(false);
		this.emit("frame");
	}

	/** At the end: from the beginning again, or stop there. */
	_wrap() {
		if (this.isLooping) {
			this.footage.seek(this.first);
			if (!this.footage.isPlaying) this.play(this.shuttle || this.speed);
		} else {
			this._isRunning = false;
			this.footage.pause();
			this.footage.seek(this.last);
			this._state();
		}
	}

	/** The frame of the other version that carries the same number. */
	get otherFrame() {
		return clamp(this.footage.position + this.footage.first - this.other.first, 0, this.other.frames - 1);
	}

	/** Bring the other version to the same frame: at once when stopped, gently while playing. */
	_align(isForced) {
		const { footage, other } = this;
		if (!other?.isMovie) return;
		if (!footage.isPlaying) {
			if (other.position !== this.otherFrame || !other.isReady) other.seek(this.otherFrame);
			return;
		}
		if (!other.isPlaying) other.play(footage.el.playbackRate);
		const now = performance.now();
		if (!isForced && now - (this._alignedAt || 0) < ALIGN_MS) return;
		this._alignedAt = now;
		const ahead = other.position - this.otherFrame;
		if (Math.abs(ahead) > 3) other.seek(this.otherFrame);
		other.el.playbackRate = footage.el.playbackRate * (1 - clamp(ahead, -2, 2) * 0.04);
	}
}

Object.assign(FtrackReview, { Player, SPEEDS });
}
