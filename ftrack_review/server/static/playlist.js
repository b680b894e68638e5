// The list of what is to be reviewed. Rows are made once and changed in place, so that 200 of them stay quick.
"use strict";
{

const { el, listen, style, icon, iconButton, sync, clamp, Source } = FtrackReview;

const KINDS = { movie: "film", image: "still", pdf: "document" };

const FILTERS = [
	["all", "Everything", () => true],
	["open", "Without my vote", (object) => !object.my_vote],
	["require_changes", "Changes required", (object) => object.overall === "require_changes"],
	["approved", "Approved", (object) => object.overall === "approved"],
	["comments", "With comments", (object) => object.notes.length > 0],
];

/** Tells "chosen" with the id of an object, and "closed" when the drawer should close. */
class Playlist extends Source {
	constructor(labelOf) {
		super();
		this._labelOf = labelOf;
		this._rows = new Map();
		this._search = el("input.search", {
			type: "search", placeholder: "Search", "aria-label": "Search the list", dir: "auto", oninput: () => this._filter(),
		});
		this._choice = el("select", { "aria-label": "Show", onchange: () => this._filter() },
			FILTERS.map(([value, label]) => el("option", { value }, label)));
		this._done = el("p.progress");
		this._bar = el("div.bar", { "aria-hidden": "true" });
		this._list = el("ol.items");
		this._nothing = el("p.none", { hidden: true }, "Nothing fits.");
		this._close = iconButton("close", "Close the list", () => this.emit("closed"), "Esc", { class: "tool drawer-only" });
		this._tools = el("div.find", this._search, this._choice);
		this.el = el("nav.playlist", { "aria-label": "To review", id: "playlist" },
			el("header", el("h2", "To review"), this._done, this._close), this._bar, this._tools, this._list, this._nothing);
		listen(this._list, {
			keydown: (event) => this._key(event),
			click: (event) => {
				const row = event.target.closest("button");
				if (!row) return;
				this.emit("chosen", row.dataset.id);
				// After a mouse the arrows belong to the page again: they go on in the list.
				if (event.detail) row.blur();
			},
		});
	}

	/** Show *objects* in their order; *canVote* tells whether the own votes matter. */
	update(objects, current, canVote) {
		this._objects = objects;
		sync(this._rows, this._list, objects, (object) => this._make(object));
		for (const object of objects) this._fill(this._rows.get(object.id), object, canVote);
		this._progress(canVote);
		this._tools.hidden = objects.length < 6;
		this.mark(current);
		this._filter();
	}

	/** Show which object is on the stage. */
	mark(current) {
		const isNew = this._current !== current;
		this._current = current;
		for (const [id, { button }] of this._rows) {
			const isCurrent = id === current;
			button.tabIndex = isCurrent ? 0 : -1;
			if (isCurrent) button.setAttribute("aria-current", "true");
			else button.removeAttribute("aria-current");
			if (isCurrent && isNew) button.scrollIntoView({ block: "nearest" });
		}
	}

	focus() {
		const row = this._rows.get(this._current);
		if (row) row.button.focus();
	}

	_make(object) {
		const picture = el("span.thumbnail");
		const name = el("b", { dir: "auto" });
		const version = el("span.version", { dir: "auto" });
		const signs = el("span.signs");
		const button = el("button.row", { "data-id": object.id }, picture, el("span.words", name, version, signs));
		return { el: el("li", button), button, picture, name, version, signs };
	}

	_fill(row, object, canVote) {
		const signature = JSON.stringify([
			object.name, object.version, object.overall, object.my_vote, object.notes.length, object.media.thumbnail_url, object.media.state, canVote,
		]);
		if (row.signature === signature) return;
		row.signature = signature;
		row.name.textContent = object.name;
		row.version.textContent = object.version;
		const { thumbnail_url: url, kind, state } = object.media;
		const sign = icon(KINDS[kind] || "film");
		row.picture.replaceChildren(url ? el("img", {
			src: url, alt: "", loading: "lazy", decoding: "async", onerror: (event) => event.target.replaceWith(sign),
		}) : sign);
		if (state === "encoding") row.picture.append(el("span.badge", "Preparing"));
		if (state === "failed") row.picture.append(el("span.badge.failed", "Failed"));
		const signs = [this._status(object.overall)];
		if (object.notes.length) {
			const count = object.notes.length;
			signs.push(el("span.count", icon("comment"), el("span.spoken", "comments: "), String(count)));
		}
		if (canVote) signs.push(this._own(object.my_vote));
		row.signs.replaceChildren(...signs);
	}

	_status(status) {
		const label = status ? this._labelOf(status) : "Undecided";
		// There is room for one word.
		return el(`span.status.${status || "open"}`, { title: label }, label.split(" ")[0]);
	}

	_own(status) {
		const label = status ? `Your vote: ${this._labelOf(status)}` : "You have not voted";
		return el(`span.own.${status || "open"}`, { title: label }, status ? icon(status) : null, el("span.spoken", label));
	}

	_progress(canVote) {
		const total = this._objects.length;
		const done = this._objects.filter((object) => (canVote ? object.my_vote : object.overall)).length;
		this._done.textContent = total ? `${done} of ${total} ${canVote ? "voted" : "decided"}` : "";
		this._bar.hidden = !total;
		style(this._bar, { "--done": `${total ? (done / total) * 100 : 0}%` });
	}

	_filter() {
		const words = this._tools.hidden ? "" : this._search.value.trim().toLocaleLowerCase();
		const [, , fits] = FILTERS.find(([value]) => value === this._choice.value) || FILTERS[0];
		let shown = 0;
		for (const object of this._objects) {
			const isShown = fits(object) && `${object.name} ${object.version}`.toLocaleLowerCase().includes(words);
			this._rows.get(object.id).el.hidden = !isShown;
			shown += isShown ? 1 : 0;
		}
		this._nothing.hidden = shown > 0 || this._objects.length === 0;
	}

	_key(event) {
		const rows = [...this._list.children].filter((item) => !item.hidden).map((item) => item.firstChild);
		const here = rows.indexOf(document.activeElement);
		const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: rows.length - 1 }[event.key];
		if (next === undefined || here < 0) return;
		event.preventDefault();
		event.stopPropagation();
		const row = rows[clamp(next, 0, rows.length - 1)];
		rows.forEach((other) => { other.tabIndex = other === row ? 0 : -1; });
		row.focus();
	}
}

FtrackReview.Playlist = Playlist;
}
