// Frames and times: which frame a time shows, and which time shows a frame, by exact rates.
"use strict";
{

/** A frame rate as a fraction: "24000/1001" is not 23.976. */
class Rate {
	constructor(text) {
		const [numerator, denominator] = String(text || "24").split("/").map(Number);
		this.numerator = numerator > 0 ? numerator : 24;
		this.denominator = denominator > 0 ? denominator : 1;
	}

	get fps() {
		return this.numerator / this.denominator;
	}

	/** The time in seconds at the middle of a frame: its edge could be rounded to the frame before. */
	middle(index) {
		return ((index + 0.5) * this.denominator) / this.numerator;
	}

	/** The frame at *time*, which may be a little early, or where Firefox was sought and not where the frame begins. */
	at(time) {
		return Math.floor((time * this.numerator) / this.denominator + 0.25);
	}

	/** Hours, minutes, seconds and frames, counted without dropping numbers. */
	timecode(index) {
		const whole = Math.max(1, Math.round(this.fps));
		const seconds = Math.floor(index / whole);
		const two = (number) => String(number).padStart(2, "0");
		const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, index % whole];
		return parts.map(two).join(":");
	}

	toString() {
		return this.denominator === 1 ? `${this.numerator} fps` : `${this.fps.toFixed(3).replace(/0$/, "")} fps`;
	}
}

FtrackReview.Rate = Rate;
}
