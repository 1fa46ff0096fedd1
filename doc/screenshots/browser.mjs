// Opens reports in a headless Chromium, without any library: the browser is
// driven through a pipe.
//
//   node browser.mjs test REPORT            what a reader does: see make.sh
//   node browser.mjs live URL               the same for a dashboard
//   node browser.mjs pictures REPORT DIR    report-*.png
//   node browser.mjs terminal TEXT PNG      what tmux captured, as a picture
//
// CHROMIUM names the browser if it is not "chromium".
import {spawn} from "node:child_process";
import {readFileSync, writeFileSync, mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {dirname, join, resolve} from "node:path";
import {pathToFileURL} from "node:url";
import assert from "node:assert/strict";

const profile = mkdtempSync(join(tmpdir(), "browser-"));
const browser = spawn(process.env.CHROMIUM || "chromium",
  ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir=" + profile, "about:blank"],
  {stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"]});
const [, , , input, output] = browser.stdio;
const waiting = new Map(), listeners = [];
let last = 0, rest = "";
output.on("data", data => {
  const messages = (rest + data).split("\0");
  rest = messages.pop();
  for (const message of messages.map(m => JSON.parse(m))) {
    const {id, result, error} = message;
    if (!id) { listeners.forEach(hear => hear(message)); continue; }
    const {resolve, reject} = waiting.get(id);
    waiting.delete(id);
    error ? reject(new Error(error.message)) : resolve(result);
  }
});

function send(method, params = {}, sessionId) {
  return new Promise((resolve, reject) => {
    waiting.set(++last, {resolve, reject});
    input.write(JSON.stringify({id: last, method, params, sessionId}) + "\0");
  });
}

const sleep = ms => new Promise(done => setTimeout(done, ms));

// open returns a tab that shows a page, and collects what goes wrong in it and
// every address it asks for.
async function open(url, {width = 1100, height = 900, dark = false, mobile = false} = {}) {
  const {targetId} = await send("Target.createTarget", {url: "about:blank"});
  const {sessionId} = await send("Target.attachToTarget", {targetId, flatten: true});
  const tab = {problems: [], asked: [], call: (method, params) => send(method, params, sessionId)};
  const loaded = new Promise(done => listeners.push(m => {
    if (m.sessionId !== sessionId) return;
    if (m.method === "Page.loadEventFired") done();
    if (m.method === "Runtime.exceptionThrown") tab.problems.push(m.params.exceptionDetails.text);
    if (m.method === "Log.entryAdded" && m.params.entry.level === "error") tab.problems.push(m.params.entry.text);
    if (m.method === "Network.requestWillBeSent") tab.asked.push(m.params.request.url);
  }));
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await tab.call(domain + ".enable");
  await tab.call("Emulation.setDeviceMetricsOverride", {width, height, deviceScaleFactor: 1, mobile});
  await tab.call("Emulation.setEmulatedMedia", {features: [{name: "prefers-color-scheme", value: dark ? "dark" : "light"}]});
  await tab.call("Page.navigate", {url});
  await loaded;
  tab.run = async expression => {
    const {result, exceptionDetails} = await tab.call("Runtime.evaluate", {expression, returnByValue: true, awaitPromise: true});
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
    return result.value;
  };
  tab.press = async (key, code) => {
    for (const type of ["keyDown", "keyUp"]) {
      await tab.call("Input.dispatchKeyEvent", {type, key, code: key === " " ? "Space" : key, windowsVirtualKeyCode: code, text: type === "keyDown" && code === 13 ? "\r" : undefined});
    }
    await sleep(50);
  };
  tab.shot = async (path, clip) => {
    const {data} = await tab.call("Page.captureScreenshot", {format: "png", captureBeyondViewport: true, clip: {...clip, scale: 1}});
    writeFileSync(path, Buffer.from(data, "base64"));
  };
  // box returns where the elements from one selector to another are.
  tab.box = (from, to = from, margin = 24) => tab.run(`(() => {
    const a = document.querySelector(${JSON.stringify(from)}).getBoundingClientRect(), b = document.querySelector(${JSON.stringify(to)}).getBoundingClientRect();
    const y = Math.max(0, a.top + scrollY - ${margin});
    return {x: 0, y, width: innerWidth, height: b.bottom + scrollY + ${margin} - y};
  })()`);
  return tab;
}

const address = path => pathToFileURL(resolve(path)).href;
const visible = `[...document.querySelectorAll(".panel")].filter(p => p.checkVisibility()).map(p => p.id)`;

// What is wider than the screen and cannot be scrolled by itself.
const outside = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, svg, pre, .skip, .hidden")).map(e => e.tagName + " " + e.className)`;

// The names of stages whose text ends less than 8 pixels before another's in their line begins.
const touching = `(() => {
  const boxes = [...document.querySelectorAll(".stage-name")].map(e => { const r = document.createRange(); r.selectNodeContents(e); return {name: e.innerText, box: r.getBoundingClientRect()}; });
  return boxes.filter((a, i) => boxes.some((b, j) => i < j && b.box.top < a.box.bottom && a.box.top < b.box.bottom && b.box.left < a.box.right + 8)).map(a => a.name);
})()`;

// reads checks that the table has what result.json says.
async function reads(tab, result) {
  const rows = await tab.run(`[...document.querySelectorAll("#results tbody tr")].map(tr => [...tr.cells].map(c => c.innerText.trim()))`);
  assert.equal(rows.length, result.rows.length, "rows of the table");
  for (const [i, row] of result.rows.entries()) {
    assert.equal(rows[i][0], row.method);
    if (row.mean !== null) assert.ok(rows[i].some(cell => cell.startsWith(row.mean.toFixed(2))), `the mean of ${row.method} is not in ${rows[i]}`);
  }
  return rows.length;
}

// tabTo presses Tab until the focus is where it is wanted.
async function tabTo(tab, selector) {
  for (let i = 0; i < 200; i++) {
    if (await tab.run(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    await tab.press("Tab", 9);
  }
  assert.fail(`the keyboard does not reach ${selector}`);
}

// test does with a report what a reader does, on a wide and on a narrow screen.
async function test(path) {
  const result = JSON.parse(readFileSync(join(dirname(path), "result.json"), "utf8"));
  for (const screen of [{width: 1280}, {width: 390, mobile: true, dark: true}]) {
    const tab = await open(address(path), screen);
    const rows = await reads(tab, result);
    assert.ok((await tab.run("document.body.innerText")).replaceAll("\u00a0", " ").includes(result.summary.split(". ")[0]), "the summary is not shown");
    assert.ok(await tab.run("document.documentElement.scrollWidth") <= screen.width, "the page is wider than the screen");

    assert.deepEqual(await tab.run(outside), [], "what reaches beyond the screen");
    assert.deepEqual(await tab.run(touching), [], "names of stages that touch the next one's");

    await tabTo(tab, ".legend button");
    await tab.press("Enter", 13);
    assert.equal(await tab.run(`document.activeElement.getAttribute("aria-pressed")`), "true", "Enter does not choose a line");
    assert.ok(await tab.run(`document.querySelectorAll(".plot .chosen").length`) > 0, "no line is emphasised");

    await tabTo(tab, "#trials > summary");
    await tab.press("Enter", 13);
    assert.ok(await tab.run(`document.querySelector("#trials table").checkVisibility()`), "the trials do not open");

    await tabTo(tab, "#layers input");
    const layers = await tab.run(`[...document.querySelectorAll("#layers input")].map(i => i.value)`);
    const first = layers.indexOf(await tab.run(`document.querySelector("#layers input:checked").value`));
    assert.deepEqual(await tab.run(visible), [layers[first]], "at first");
    for (let i = 1; i <= layers.length; i++) {
      await tab.press("ArrowRight", 39);
      assert.deepEqual(await tab.run(visible), [layers[(first + i) % layers.length]], "after the right arrow");
    }
    await tab.press("ArrowLeft", 37);
    assert.deepEqual(await tab.run(visible), [layers.at(first - 1)], "after the left arrow");
    const cells = await tab.run(`[...document.querySelectorAll("#layers .mask path")].map(p => p.getAttribute("d").length)`);
    assert.ok(cells.some(n => n > 0), "no mask drops anything");
    assert.deepEqual(tab.problems, []);
    assert.deepEqual(tab.asked.filter(url => !/^(file|data):/.test(url)), [], "the page asks the network");
    console.log(`${screen.width} pixels: read ${rows} rows, went through ${layers.length} layers by keyboard`);
  }
}

// live waits until a dashboard has shown by itself what it did not show at first.
async function live(url) {
  const tab = await open(url);
  const rows = () => tab.run(`document.querySelectorAll("#results tbody tr").length`);
  const state = () => tab.run(`document.getElementById("status").innerText`);
  const first = await rows();
  for (let i = 0; await rows() <= first; i++) {
    assert.ok(i < 6000, "the dashboard shows no new row within ten minutes");
    await sleep(100);
  }
  const text = await state();
  assert.match(text, /whole run: .* left/);
  assert.deepEqual(tab.problems, []);
  console.log(`the dashboard went from ${first} to ${await rows()} rows by itself, and says: ${text.split("\n")[0]}`);
}

async function pictures(path, folder) {
  const wide = await open(address(path));
  await wide.shot(join(folder, "report-desktop.png"), await wide.box("#head", "#training .chart"));
  await wide.shot(join(folder, "report-pattern.png"), await wide.box("#pattern", ".panel:not([hidden])", 0));
  const phone = await open(address(path), {width: 375, height: 812, mobile: true, dark: true});
  await phone.shot(join(folder, "report-phone.png"), await phone.box("#results", "#training .chart"));
}

// terminal draws what tmux's capture-pane -e gave.
async function terminal(text, picture) {
  const escape = s => s.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  const colours = {36: "#5fc9d8", 90: "#55534e"};
  let html = "";
  for (const part of readFileSync(text, "utf8").trimEnd().split(/\x1b\[/)) {
    const [, codes, shown] = part.match(/^([\d;]*)m([^]*)$/) || [null, "", part];
    html += `<span style="color:${colours[codes] || "inherit"}">${escape(shown)}</span>`;
  }
  const page = join(profile, "terminal.html");
  writeFileSync(page, `<!DOCTYPE html><meta charset="utf-8"><body style="margin:0;background:#171715;color:#e3e0d8;width:max-content">
    <pre style="margin:0;padding:18px 22px;font:14px/1.35 'DejaVu Sans Mono',monospace">${html}</pre>`);
  const tab = await open(address(page), {width: 1400});
  const box = await tab.run(`(() => { const b = document.querySelector("pre").getBoundingClientRect(); return {x: 0, y: 0, width: b.width, height: b.height}; })()`);
  await tab.shot(picture, box);
}

const [what, ...args] = process.argv.slice(2);
try {
  await {test, live, pictures, terminal}[what](...args);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  const gone = new Promise(done => browser.on("exit", done));
  send("Browser.close").catch(() => {});
  await Promise.race([gone, sleep(5000)]);
  browser.kill();
  rmSync(profile, {recursive: true, force: true, maxRetries: 5});
}
