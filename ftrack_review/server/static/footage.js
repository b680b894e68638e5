// One piece of media on the page: a movie that shows exactly the frame asked for, a still, or a document.
"use strict";
{

const { el, listen, icon, clamp, Rate } = FtrackReview;

/** Something that tells others what happens to it. */
class Source {
	constructor() {
		this._listeners = {};
	}

	on(name, listener) {
		(this._listeners[name] = this._listeners[name] || []).push(listener);
		return this;
	}

	emit(name, detail) {
		[...(this._listeners[name] || [])].forEach((listener) => listener(detail));
	}
}

/**
 * What there is to see of one version.
 *
 * *frame* is the index of the frame that the browser says it presents, *target* the one that is on its way, or null.
 * Tells "ready", "frame", "playing", "paused", "ended" and "failed", and "busy" when it may wait for its file or not any more.
 */
class Footage extends Source {
	constructor(media, { name, isMuted }) {
		super();
		this.media = media;
		this.name = name;
		this.rate = new Rate(media.fps);
		this.first = media.first_frame ?? 1;
		this.frame = 0;
		this.target = null;
		this.isReady = false;
		this.kind = media.state === "ready" && media.url ? media.kind : "none";
		this.isMovie = this.kind === "movie";
		this.isPicture = this.isMovie || this.kind === "image";
		this.frames = this.isMovie ? media.frames || 1 : 1;
		this.width = media.width || 16;
		this.height = media.height || 9;
		this._offset = this._begin = 0;
		this._sought = null;
		this.el = this._make(isMuted);
	}

	get isPlaying() {
		return this.isMovie && !this.el.paused && !this.el.ended;
	}

	/** Where a next step starts from: the frame on its way, or the one shown. */
	get position() {
		return this.target ?? this.frame;
	}

	_make(isMuted) {
		if (this.isMovie) return this._makeMovie(isMuted);
		if (this.kind === "image") return this._makeStill();
		if (this.kind === "pdf") {
			return el("iframe.document", { src: this.media.url, title: `${this.name}, document` });
		}
		return this._makeNotice();
	}

	_makeMovie(isMuted) {
		const video = el("video", { preload: "auto", playsinline: true, "aria-label": this.name, tabindex: -1 });
		video.muted = isMuted;
		video.disableRemotePlayback = true;
		const tell = (name) => () => this.emit(name);
		for (const name of ["waiting", "seeking", "seeked", "loadeddata", "canplay", "playing"]) video.addEventListener(name, tell("busy"));
		listen(video, {
			loadedmetadata: () => this._measure(), seeked: () => this._arrive(),
			suspend: () => this._rouse(), play: tell("playing"), pause: tell("paused"), ended: tell("ended"), progress: tell("progress"), error: () => this._fail(),
		});
		video.src = this.media.url;
		// Older browsers tell no frames: their clock has to do.
		this._next = (act) => video.requestVideoFrameCallback?.(act) ?? requestAnimationFrame(act);
		const follow = (_now, data = { mediaTime: video.currentTime }) => {
			if (!video.src) return;
			this._present(data.mediaTime);
			this._next(follow);
		};
		this._next(follow);
		return video;
	}

	_makeStill() {
		const image = el("img", { alt: this.name, draggable: "false", onload: () => this._sized(image.naturalWidth, image.naturalHeight), onerror: () => this._fail() });
		image.src = this.media.url;
		return image;
	}

	_fail() {
		this._hasFailed = true;
		this.emit("busy");
		this.emit("failed");
	}

	/** Whether there is nothing to see yet, or not enough to go on. */
	get isWaiting() {
		if (this._hasFailed || !this.isPicture) return false;
		return this.isMovie ? this.el.readyState < (this.isPlaying ? 3 : 2) : !this.isReady;
	}

	/** Say what there is instead of a picture, and offer the original. */
	_makeNotice() {
		const { media } = this;
		const words = {
			encoding: ["film", "Being prepared", "This page shows it as soon as it is ready."],
			failed: ["warning", "This media cannot be shown", media.message],
			missing: ["film", "No media", media.message],
			ready: ["document", "No preview", "A browser cannot show this kind of file."],
		};
		const [sign, title, text] = words[media.state] || words.missing;
		const isComing = media.state === "encoding";
		return el("div.absent", icon(sign), el("h3", title), text && el("p", { dir: "auto" }, text),
			isComing ? el("progress", { max: 1, "aria-label": "Prepared so far", value: media.progress }) : this.offer());
	}

	/** A link to the file as it was published, where there is one. */
	offer() {
		const { original_url: url, original_name: name } = this.media;
		if (!url) return [];
		return [el("a.button", { href: url, download: name || true }, icon("download"), name ? `Download ${name}` : "Download the original")];
	}

	_measure() {
		const video = this.el;
		if (!this.media.frames && Number.isFinite(video.duration)) {
			this.frames = Math.max(1, Math.round(video.duration * this.rate.fps));
		}
		this._sized(video.videoWidth, video.videoHeight);
		if (this.target !== null) this._go();
	}

	/** An iPhone loads no picture before it is asked for one. */
	_rouse() {
		if (navigator.maxTouchPoints && this.el.readyState === 1 && this.target === null) this.seek(this.frame);
	}

	_sized(width, height) {
		if (width && height) Object.assign(this, { width, height });
		this.isReady = true;
		this.emit("ready");
	}

	/** Take note of the frame that is on the screen now, by its time stamp. */
	_present(mediaTime) {
		const { currentTime, paused } = this.el;
		if (!this._isCalibrated) {
			this._isCalibrated = true;
			// Some movies begin later than 0; their first frame is shown from the start nevertheless.
			if (!currentTime) this._offset = this._begin = mediaTime;
		} else if (this._begin && paused && mediaTime > currentTime + 0.001) {
			// In WebKitGTK the stamps may begin later, and the clock does not.
			this._begin = 0;
			this._sought = null;
			this.seek(this.position);
		}
		// In Firefox time goes on where the movie begins again.
		const time = (mediaTime - this._offset + 0.001) % this.el.duration;
		this.presented = clamp(this.rate.at(time), 0, this.frames - 1);
		if (this.target === null && this.presented !== this.frame) this._show(this.presented);
	}

	_show(index) {
		this.frame = index;
		this.emit("frame");
	}

	/** Show the frame *index*. Of several calls in a row the last one counts. */
	seek(index) {
		this.target = clamp(Math.round(index), 0, this.frames - 1);
		if (!this.isMovie) {
			this.target = null;
			return this._show(0);
		}
		const isThere = this._sought === null && this.el.paused && this.presented === this.target && this.frame === this.target;
		if (isThere) this.target = null;
		else if (this._sought === null && this.el.readyState >= 1) this._go();
		return this.emit("frame");
	}

	_go() {
		this._sought = this.target;
		// Chromium would begin anew when it is sought within the last frame, even while it is paused.
		if (this.el.paused) this.el.loop = false;
		this.el.currentTime = this.rate.middle(this.target) + this._begin;
	}

	_arrive() {
		// The loop of the browser itself seeks as well.
		if (this._sought === null) return;
		if (this.target !== this._sought) {
			this._go();
			return;
		}
		const frame = this.target;
		this._sought = this.target = null;
		this._show(frame);
		this.emit("settled");
	}

	/** Resolve when the frame *index* is on the screen, or after *patience* milliseconds. */
	reach(index, patience = 4000) {
		this.seek(index);
		return new Promise((resolve) => {
			if (this.target === null) resolve();
			// One more picture, so that the frame is painted as well.
			this.on("settled", () => {
				this._next(resolve);
				setTimeout(resolve, 300);
			});
			setTimeout(resolve, patience);
		});
	}

	async play(speed) {
		if (!this.isMovie) return;
		this.el.playbackRate = speed;
		try {
			await this.el.play();
		} catch (error) {
			// Without a gesture browsers play silently only; an interrupted call needs nothing.
			if (error.name !== "NotAllowedError" || this.el.muted) return;
			this.el.muted = true;
			this.emit("muted");
			await this.el.play().catch(() => {});
		}
	}

	pause() {
		if (!this.isMovie || this.el.paused) return;
		this.el.pause();
		// It may have stopped on a frame that was not told yet.
		this.presented = null;
	}

	/** Free what a movie holds: browsers limit how many can be open. */
	close() {
		this._listeners = {};
		if (this.isMovie) {
			this.el.pause();
			this.el.removeAttribute("src");
			this.el.load();
		}
		this.el.remove();
	}
}

Object.assign(FtrackReview, { Source, Footage });
}
