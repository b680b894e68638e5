// The frame under the play head, shown, sought and put into a comment. Without this script the page works too.
(function () {
  "use strict";
  const player = document.getElementById("player");
  if (!player) return;
  const rate = Number(player.dataset.rate) || 24;
  const first = Number(player.dataset.first) || 0;
  const last = Number(player.dataset.last) || 0;
  const output = document.getElementById("frame");
  const field = document.getElementById("at");
  const take = document.getElementById("use-frame");

  const current = () => Math.min(first + Math.floor(player.currentTime * rate + 0.01), last || Infinity);
  const show = () => { if (output) output.textContent = String(current()); };

  // The middle of a frame: its beginning could be rounded to the frame before.
  const seek = (frame) => { player.pause(); player.currentTime = (frame - first + 0.5) / rate; };

  ["timeupdate", "seeked", "loadedmetadata"].forEach((name) => player.addEventListener(name, show));
  if ("requestVideoFrameCallback" in player) {
    const follow = () => { show(); player.requestVideoFrameCallback(follow); };
    player.requestVideoFrameCallback(follow);
  }
  document.querySelectorAll("button.frame").forEach((button) => {
    button.addEventListener("click", () => seek(Number(button.dataset.frame)));
  });
  if (take && field) {
    take.hidden = false;
    take.addEventListener("click", () => { player.pause(); field.value = String(current()); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, button, video")) return;
    if (event.key === "ArrowLeft") seek(Math.max(first, current() - 1));
    else if (event.key === "ArrowRight") seek(Math.min(last, current() + 1));
    else if (event.key === " ") player.paused ? player.play() : player.pause();
    else return;
    event.preventDefault();
  });
})();
