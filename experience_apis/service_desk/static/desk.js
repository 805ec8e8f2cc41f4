// The console's own script: says when live data stopped, and the keys. Every page works without it.

const live = () => document.querySelector(".live");

document.addEventListener("htmx:after:request", (event) => {
  const { response } = event.detail.ctx;
  if (live() && response && response.status < 400) {
    live().classList.remove("paused");
    live().textContent = `Live · ${new Date().toISOString().slice(11, 19)} UTC`;
  }
});

document.addEventListener("htmx:error", () => {
  if (live() && !live().classList.contains("paused")) {
    const stamp = (live().textContent.match(/\d\d:\d\d:\d\d/) || [""])[0];
    live().classList.add("paused");
    live().textContent = `Paused, data of ${stamp} UTC`;
  }
});

let going = 0;
const places = { n: "/desk", c: "/desk/cases", t: "/desk/trace", o: "/desk/connections" };

document.addEventListener("keydown", (event) => {
  const find = document.getElementById("q");
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    find.focus();
    find.select();
    return;
  }
  const typing = event.target.closest && event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    find.focus();
  } else if (event.key === "g") {
    going = Date.now();
  } else if (Date.now() - going < 1500 && places[event.key]) {
    location.href = places[event.key];
  }
});
