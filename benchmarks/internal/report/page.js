"use strict";

// Shows the layer that is chosen in the pattern's picture. Without this script
// all layers are shown.
function showLayer() {
  const chosen = document.querySelector("#layers input:checked");
  for (const panel of document.querySelectorAll(".panel")) panel.hidden = !chosen || panel.id !== chosen.value;
}

// Emphasises the lines of a chart's legend that are pressed.
function press(button) {
  button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
  const chart = button.closest(".chart");
  const pressed = [...chart.querySelectorAll("[aria-pressed=true]")].map(b => "s" + b.dataset.style);
  chart.classList.toggle("chosen", pressed.length > 0);
  for (const path of chart.querySelectorAll(".plot path")) path.classList.toggle("chosen", pressed.some(s => path.classList.contains(s)));
}

document.addEventListener("change", e => { if (e.target.name === "layer") showLayer(); });
document.addEventListener("click", e => {
  const button = e.target.closest(".legend button");
  if (button) press(button);
});

// Chooses the layer with the given id, if there is one.
function choose(id) {
  const input = document.getElementById(id);
  if (input) input.checked = true;
  showLayer();
}
showLayer();

// While the run goes on, its program says what it does, and when there is
// something new to show.
const status = document.getElementById("status");
if (status) {
  const events = new EventSource("events");
  let shown = "";
  events.onmessage = e => {
    const news = JSON.parse(e.data);
    const texts = news.ended ? ["The run has ended. Its folder has this page as report.html."] : news.lines;
    const lines = texts.map(text => { const p = document.createElement("p"); p.textContent = text; return p; });
    const bar = document.createElement("progress");
    bar.value = news.ended ? 1 : news.done;
    bar.setAttribute("aria-label", "share of the run that is done");
    status.replaceChildren(bar, ...lines);
    if (news.version !== shown) { shown = news.version; refresh().catch(() => {}); }
    if (news.ended) events.close();
  };
  events.onerror = () => {
    const p = document.createElement("p");
    p.textContent = "The program does not answer; it has ended or is paused.";
    status.replaceChildren(p);
  };
}

// Takes over those parts of the page that have changed.
async function refresh() {
  const text = await (await fetch(location.pathname)).text();
  const next = new DOMParser().parseFromString(text, "text/html");
  const chosen = document.querySelector("#layers input:checked")?.id;
  const focused = document.activeElement?.id;
  const open = [...document.querySelectorAll("details[open]")].map(d => d.id);
  for (const part of next.querySelectorAll("#head, main > section")) {
    const old = document.getElementById(part.id);
    if (old.dataset.text !== part.innerHTML) {
      old.replaceChildren(...part.cloneNode(true).childNodes);
      old.dataset.text = part.innerHTML;
    }
  }
  choose(chosen);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({preventScroll: true});
}
