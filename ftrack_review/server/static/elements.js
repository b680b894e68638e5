// Making elements: every text becomes a text node, so that what people typed can never be markup.
"use strict";

// What the scripts of the page share.
window.FtrackReview = {};

{

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["textContent", "value", "checked", "disabled", "hidden", "tabIndex", "htmlFor"]);

/**
 * Return a new element: "button.primary" is a tag with classes. Of the attributes, which may be left out, names that
 * begin with "on" are listeners, and those of *style* are written one by one, as the policy of the page wants it.
 */
function el(selector, attributes, ...children) {
	const [tag, ...classes] = selector.split(".");
	const node = document.createElement(tag);
	if (classes.length) node.className = classes.join(" ");
	// What is no form's button must not send one.
	if (tag === "button") node.type = "button";
	if (isAttributes(attributes)) for (const [name, value] of Object.entries(attributes)) set(node, name, value);
	else children.unshift(attributes);
	node.append(...children.flat(2).filter((child) => (child ?? false) !== false));
	return node;
}

const isAttributes = (value) => Boolean(value) && Object.getPrototypeOf(value) === Object.prototype;

function set(node, name, value) {
	if ((value ?? null) === null) return;
	if (name === "style") style(node, value);
	else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
	else if (PROPERTIES.has(name)) node[name] = value;
	else if (value !== false) node.setAttribute(name, value === true ? "" : value);
}

/** Have *listeners*, by the names of their events, told what happens to *target*. */
function listen(target, listeners) {
	for (const [name, listener] of Object.entries(listeners)) target.addEventListener(name, listener);
}

/** Set several properties of the style of *node*; numbers are pixels. */
function style(node, values) {
	for (const [name, value] of Object.entries(values)) node.style.setProperty(name, typeof value === "number" ? `${value}px` : value);
}

/** Show *text* in *node*, or hide the node where there is none. */
function tell(node, text) {
	node.hidden = !text;
	if (node.textContent !== text) node.textContent = text || "";
}

/** Show whether a button that stays down is down. */
const press = (button, isPressed) => button.setAttribute("aria-pressed", String(isPressed));

// Strokes on a grid of 24; what begins with "!" is filled, and "<" means: the mirror image of another one.
const ICONS = {
	play: "!M7.5 4.8v14.4L19 12z",
	pause: "!M7 5h3.6v14H7zM13.4 5H17v14h-3.6z",
	back: "!M17 5.5v13L8.5 12zM6 5.5h2v13H6z",
	forward: "<back",
	first: "!M19 6v12l-6.5-6zM12.5 6v12L6 12zM4 6h2v12H4z",
	last: "<first",
	loop: "M4 11.5V10a3.5 3.5 0 0 1 3.5-3.5H19M16 3.5l3 3-3 3M20 12.5V14a3.5 3.5 0 0 1-3.5 3.5H5M8 20.5l-3-3 3-3",
	sound: "M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
	mute: "M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM16 9.5l5 5M21 9.5l-5 5",
	full: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
	pen: "M4 20l1-4.5L16.5 4 20 7.5 8.5 19zM14 6.5l3.5 3.5",
	compare: "M12 3v18M4 6.5h5v11H4zM15 6.5h5v11h-5z",
	list: "M4 6h16M4 12h16M4 18h16",
	close: "M6 6l12 12M18 6L6 18",
	approved: "M5 12.5l4.5 4.5L19 7.5",
	require_changes: "M4 20l1-4.5L16.5 4 20 7.5 8.5 19zM13 20h7",
	seen: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
	hide: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6zM4 20L20 4",
	lead: "M4 5h16v10H4zM12 15v4.5M8 20h8",
	people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.5 3-5.5 6.5-5.5s6.5 2 6.5 5.5M16 4.8a3.5 3.5 0 0 1 0 6.4M18 15c2.2.7 3.5 2.5 3.5 5",
	light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
	dark: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
	plus: "M12 5v14M5 12h14",
	minus: "M5 12h14",
	download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
	reply: "M8.5 6.5L4 11l4.5 4.5M4.5 11H13a6 6 0 0 1 6 6v2",
	send: "M4 12l16-7-5.5 15-3-6.5zM11.5 13.5L20 5",
	previous: "M15 5l-7 7 7 7",
	next: "<previous",
	comment: "M4 5h16v11h-9l-4.5 4v-4H4z",
	warning: "M12 4L2.5 20h19zM12 10v4.5M12 17v.6",
	film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.7h4M4 14.3h4M16 9.7h4M16 14.3h4",
	still: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 8.5h.1",
	document: "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 15.5h6",
	in: "M9 5H6v14h3M12 12h7M16 9l3 3-3 3",
	out: "<in",
};

/** Return a picture from the table above, for the eye only. */
function icon(name) {
	const make = (tag, attributes, ...children) => {
		const node = document.createElementNS(SVG, tag);
		for (const attribute of Object.entries(attributes)) node.setAttribute(...attribute);
		node.append(...children);
		return node;
	};
	const isMirrored = ICONS[name].startsWith("<");
	const shape = isMirrored ? ICONS[ICONS[name].slice(1)] : ICONS[name];
	const path = make("path", { d: shape.replace("!", ""), class: shape.startsWith("!") ? "filled" : "", transform: isMirrored ? "matrix(-1 0 0 1 24 0)" : "" });
	return make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" }, path);
}

/** Return a button that shows an icon and is called *label*; *key* is its shortcut. */
function iconButton(name, label, onclick, key, attributes) {
	const button = el("button.tool", { onclick, ...attributes });
	relabel(button, name, label, key);
	return button;
}

/** Change icon and label of a button made by iconButton. */
function relabel(button, name, label, key) {
	const title = key ? `${label} (${key})` : label;
	if (button.dataset.icon === name && button.title === title) return;
	button.dataset.icon = name;
	button.replaceChildren(icon(name));
	button.setAttribute("aria-label", label);
	button.title = title;
}

/** Bring the *views* in *box* to *items*, by their ids: made, moved and removed, never built anew. */
function sync(views, box, items, make) {
	const ids = new Set(items.map(({ id }) => id));
	for (const [id, view] of views) {
		if (ids.has(id)) continue;
		view.el.remove();
		views.delete(id);
	}
	items.forEach((item, index) => {
		if (!views.has(item.id)) views.set(item.id, make(item));
		const { el: node } = views.get(item.id);
		if (box.children[index] !== node) box.insertBefore(node, box.children[index] || null);
	});
}

/** Say *text* to screen readers. */
function say(text) {
	const region = document.getElementById("spoken");
	if (!region) return;
	// The same sentence twice would not be read: a space makes it another one.
	region.textContent = region.textContent === text ? `${text} ` : text;
}

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "narrow" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

/** Return a <time> for an ISO date, relative while it is young. */
function when(text) {
	const date = new Date(text);
	if (Number.isNaN(date.getTime())) return el("time", text || "");
	return el("time", { datetime: text, title: date.toLocaleString("en-GB", { dateStyle: "full", timeStyle: "short" }) }, ago(date));
}

function ago(date) {
	const past = (date.getTime() - Date.now()) / 1000;
	const unit = UNITS.find(([, seconds]) => Math.abs(past) >= seconds);
	if (!unit) return "now";
	return Math.abs(past) > 6 * 86400
		? date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" })
		: RELATIVE.format(Math.round(past / unit[1]), unit[0]);
}

// What was "now" is a minute old later.
setInterval(() => {
	for (const time of document.querySelectorAll("time[datetime]")) time.textContent = ago(new Date(time.dateTime));
}, 30000);

const HUES = [212, 268, 322, 12, 36, 88, 152, 186];

/** Return a round sign with the initials of *name*; people keep their colour. */
function avatar(name, key) {
	const words = String(name || "?").trim().split(/\s+/);
	const letters = [words[0], ...words.slice(1).slice(-1)].map((word) => Array.from(word)[0] || "");
	let sum = 0;
	for (const letter of String(key || name)) sum = (sum * 31 + letter.codePointAt(0)) % 65536;
	return el("span.avatar", { "aria-hidden": "true", style: { "--hue": String(HUES[sum % HUES.length]) } }, letters.join("").toUpperCase());
}

/** Return the name of a person, in the direction in which it is written. */
const personName = (name) => el("b", { dir: "auto" }, name || "Someone");

/** Show a dialog that takes the focus and gives it back. Return the element. */
function dialog(title, ...children) {
	const heading = el("h2", { id: `dialog-${Math.random().toString(36).slice(2)}` }, title);
	const close = iconButton("close", "Close", () => box.close(), "Esc");
	const box = el("dialog", { "aria-labelledby": heading.id }, el("header", heading, close), ...children);
	box.addEventListener("close", () => box.remove());
	box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
	document.body.append(box);
	box.showModal();
	return box;
}

const FOLDER = document.currentScript.src;
const parts = new Map();

/** Load the part *name* of this page, a script and a style sheet, when it is needed first. Return a promise. */
function load(name) {
	const add = (tag, extension, attribute, more) => new Promise((resolve, reject) => {
		const onerror = () => reject(new Error("This part of the page could not be loaded. Try again in a moment."));
		document.head.append(el(tag, { [attribute]: new URL(`${name}.${extension}`, FOLDER).href, onload: resolve, onerror, ...more }));
	});
	if (!parts.has(name)) parts.set(name, Promise.all([add("script", "js", "src"), add("link", "css", "href", { rel: "stylesheet" })]));
	parts.get(name).catch(() => parts.delete(name));
	return parts.get(name);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

Object.assign(FtrackReview, { ICONS, el, listen, style, tell, press, icon, iconButton, relabel, sync, say, when, avatar, personName, dialog, load, clamp });
}
