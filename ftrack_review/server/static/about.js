// What the page tells when somebody asks, about the review and the keys, and what it asks itself.
"use strict";
{

const { el, avatar, personName, dialog, memory } = FtrackReview;

/** Tell about the review of *page*, who was invited, who is here, who answered. */
function tellAbout(page) {
	const { session, people } = page.state;
	const here = new Map(page.together.people.map((person) => [person.id, person]));
	const known = new Set(people.map((person) => person.id));
	const others = page.together.people.filter((person) => !known.has(person.id));
	const rows = [...people, ...others].map((person) => {
		const present = here.get(person.id);
		const signs = [
			person.role !== "reviewer" && el("span.role", person.role), person.responded && el("span.role.good", "answered"),
			present && el("span.role.here", present.leading ? "presenting" : "here now"),
		];
		return el("li", avatar(person.name, person.id), personName(person.name), signs);
	});
	const until = new Date(session.end_date).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
	const facts = [["Project", session.project], ["Invited by", session.owner], ["Open until", session.is_open && session.end_date && until]];
	dialog(session.name, session.description && el("p.description", { dir: "auto" }, session.description),
		el("dl.about", facts.filter(([, fact]) => fact).map(([name, fact]) => [el("dt", name), el("dd", { dir: "auto" }, fact)])),
		el("h3", "People"), el("ul.persons", rows));
}

/** Tell what the keys in *groups* do, as keyboard.js has them. */
function tellKeys(groups) {
	const box = el("input", { type: "checkbox", checked: memory.get("keys") !== false, onchange: () => memory.set("keys", box.checked) });
	const sign = (part) => (part === "or" ? " or " : el("kbd", part));
	dialog("Keyboard shortcuts", el("div.keys", groups.map(([title, rows]) => el("section", el("h3", title),
		el("dl", rows.map(([keys, text]) => el("div", el("dt", keys.split(" ").map(sign)), el("dd", text))))))),
	el("footer", el("label.check", box, "Keys without Ctrl work on this page")));
}

/** Ask a question with two answers. Return a promise of true or false. */
function confirmed(title, text, action) {
	return new Promise((resolve) => {
		const box = dialog(title, el("p", text), el("footer",
			el("button", { onclick: () => box.close("") }, "Cancel"), el("button.danger", { onclick: () => box.close("yes") }, action)));
		box.addEventListener("close", () => resolve(box.returnValue === "yes"));
	});
}

Object.assign(FtrackReview, { tellAbout, tellKeys, confirmed });
}
