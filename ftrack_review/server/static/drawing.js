// Drawings on a picture: how they are painted. All positions are fractions of the picture.
"use strict";
{

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const LINE = 1.2;

/** Paint *drawing* over the picture that fills *rect* ({x, y, w, h}) of the canvas. */
function paint(context, drawing, rect) {
	for (const shape of drawing?.shapes || []) {
		context.strokeStyle = context.fillStyle = shape.colour;
		context.lineCap = context.lineJoin = "round";
		if (shape.tool === "text") {
			paintText(context, shape, rect);
		} else {
			context.lineWidth = Math.max(1, shape.width * rect.w);
			context.stroke(trace(shape, rect));
		}
	}
}

function paintText(context, shape, rect) {
	const size = Math.max(4, shape.size * rect.h);
	const [x, y] = place(shape.at, rect);
	context.font = `600 ${size}px ${FONT}`;
	context.textBaseline = "top";
	context.lineWidth = size / 7;
	// A rim keeps words readable on any picture.
	context.strokeStyle = shape.colour === "#111111" ? "rgba(255,255,255,.75)" : "rgba(0,0,0,.6)";
	shape.text.split("\n").forEach((line, index) => {
		context.strokeText(line, x, y + index * size * LINE);
		context.fillText(line, x, y + index * size * LINE);
	});
}

const place = ([x, y], rect) => [rect.x + x * rect.w, rect.y + y * rect.h];

/** Return the path of *shape* over the picture that fills *rect*. */
function trace(shape, rect) {
	const path = new Path2D();
	const points = shape.points.map((point) => place(point, rect));
	const [[x0, y0], [x1, y1]] = [points[0], points[points.length - 1]];
	if (shape.tool === "rectangle") {
		path.rect(x0, y0, x1 - x0, y1 - y0);
	} else if (shape.tool === "ellipse") {
		path.ellipse((x0 + x1) / 2, (y0 + y1) / 2, Math.abs(x1 - x0) / 2, Math.abs(y1 - y0) / 2, 0, 0, 2 * Math.PI);
	} else {
		path.moveTo(x0, y0);
		points.slice(1, -1).forEach(([x, y], index) => {
			// Through the middle of each two points, which makes a smooth line of what a hand leaves.
			const next = points[index + 2];
			path.quadraticCurveTo(x, y, (x + next[0]) / 2, (y + next[1]) / 2);
		});
		// A tap leaves a dot.
		path.lineTo(x1 + 0.01, y1);
	}
	if (shape.tool === "arrow") {
		const angle = Math.atan2(y1 - y0, x1 - x0);
		const length = Math.min(Math.max(1, shape.width * rect.w) * 5 + 6, Math.hypot(x1 - x0, y1 - y0));
		for (const side of [-0.5, 0.5]) {
			path.moveTo(x1, y1);
			path.lineTo(x1 - length * Math.cos(angle + side), y1 - length * Math.sin(angle + side));
		}
	}
	return path;
}

Object.assign(FtrackReview, { paint, place, trace, LINE });
}
