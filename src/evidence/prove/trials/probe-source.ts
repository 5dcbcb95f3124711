/*
 * What runs inside, by the environment's own node, as text: it can be given to `node -e` in the project's folder, which is
 * read-only, and lie as a file elsewhere. Each tells what happened as lines of JSON on stream 3.
 */

/** Requires and imports the packages behind `--prove`, one after the other. */
export const IMPORTS = `"use strict";
const fs = require("node:fs");
const names = process.argv.splice(process.argv.indexOf("--prove"), 1e6).slice(1);
const tell = (value) => fs.writeSync(3, JSON.stringify(value) + "\\n");
const describe = (error) => ({ code: String((error && error.code) || ""), message: String((error && error.message) || error).slice(0, 4000), stack: String((error && error.stack) || "").slice(0, 4000) });
let current = -1;
for (const event of ["uncaughtException", "unhandledRejection"]) process.on(event, (error) => tell({ late: current, error: describe(error) }));
const attempt = async (load) => {
  const began = process.hrtime.bigint();
  const passed = () => Number(process.hrtime.bigint() - began) / 1e9;
  try {
    await load();
    return { ok: true, seconds: passed() };
  } catch (error) {
    return { ok: false, error: describe(error), seconds: passed() };
  }
};
const maps = () => {
  try {
    return [...new Set(fs.readFileSync("/proc/self/maps", "utf8").split("\\n").map((line) => line.split(/\\s+/).slice(5).join(" ")).filter((path) => path.startsWith("/")))];
  } catch {
    return [];
  }
};
(async () => {
  for (const [at, name] of names.entries()) {
    current = at;
    tell({ begin: at });
    const required = await attempt(() => require(name));
    const imported = await attempt(() => import(name));
    tell({ end: at, required, imported });
  }
  await new Promise((settle) => setTimeout(settle, 30));
  tell({ loaded: [...Object.keys(require.cache || {}), ...maps()] });
  process.reallyExit(0);
})();
`;

/**
 * Starts the command behind `--prove SECONDS PLACES`, and waits until it listens, answers at all PLACES, ends, or has stayed up
 * for SECONDS. PLACES are JSON, `[{ port, path }]`. Without any, listening to a port will do, as far as the kernel tells; alone
 * in a network, those are its own. A server that is starting answers 404 or 503 for a while; what answers 500 is given a
 * moment only, since that is what a missing file makes. What an answer in HTML names of the same server, as a browser would ask
 * for it, is asked for too and told as parts, `[{ port, path, status }]`: a page without its scripts is an answer, and no page.
 */
export const STAYS_UP = `"use strict";
const fs = require("node:fs");
const http = require("node:http");
const { spawn } = require("node:child_process");
const [seconds, asked, alone, file, ...args] = process.argv.splice(process.argv.indexOf("--prove"), 1e6).slice(1);
const places = JSON.parse(asked).map((place) => ({ ...place, status: 0, last: "no answer", body: "", broken: 0, waits: false }));
const tell = (value) => fs.writeSync(3, JSON.stringify(value) + "\\n");
const began = Date.now();
const MOST_PARTS = 50;
const parts = [];
// A tag may be longer, but one that has no end would be searched to the page's end from each of its beginnings.
const NAMES = /<(?:script|img|source|link|iframe|video|audio|base)\\b[^>]{0,1000}?\\s(?:src|href)\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))/gi;
const askParts = ({ port, path }, html) => {
  let base = "http://127.0.0.1:" + port + path;
  for (const [tag, ...values] of html.matchAll(NAMES)) {
    const name = values.find((value) => value !== undefined).trim().replace(/&amp;/g, "&");
    const url = URL.canParse(name, base) ? new URL(name, base) : null;
    if (url === null || !["127.0.0.1:" + port, "localhost:" + port].includes(url.host) || url.protocol !== "http:") continue;
    if (/^<base/i.test(tag)) base = url.href;
    else askPart({ port, path: url.pathname + url.search, status: null });
  }
};
const askPart = (part) => {
  if (parts.length === MOST_PARTS || parts.some(({ port, path }) => port === part.port && path === part.path)) return;
  parts.push(part);
  const settle = (status) => (part.status = part.status || status);
  const request = http.get({ host: "127.0.0.1", port: part.port, path: part.path, timeout: 10000, agent: false }, (response) => {
    response.resume();
    settle(response.statusCode);
  });
  request.on("timeout", () => request.destroy());
  request.on("error", () => settle(0));
};
const child = spawn(file, args, { stdio: ["ignore", "inherit", "inherit", "ignore"] });
let over = false;
const finish = (value) => {
  if (over) return;
  over = true;
  tell({ ...value, answers: places.map(({ status }) => status), parts, seconds: (Date.now() - began) / 1000 });
  child.kill("SIGKILL");
  process.exit(0);
};
child.on("error", (error) => finish({ error: error.message }));
child.on("exit", (status, signal) => finish({ status, signal }));
const listening = () => {
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    let text = "";
    try {
      text = fs.readFileSync(table, "latin1");
    } catch {
      continue;
    }
    const row = text.split("\\n").slice(1).map((line) => line.trim().split(/\\s+/)).find((fields) => fields[3] === "0A");
    if (row) return parseInt(row[1].slice(row[1].lastIndexOf(":") + 1), 16);
  }
  return 0;
};
const ask = (place) => {
  if (place.waits || place.status) return;
  place.waits = true;
  const over = () => (place.waits = false);
  const request = http.get({ host: "127.0.0.1", port: place.port, path: place.path, timeout: 10000, agent: false }, (response) => {
    over();
    if (response.statusCode < 400) {
      place.status = response.statusCode;
      if (!/html/.test(response.headers["content-type"] || "")) return response.resume();
      place.reads = true;
      let html = "";
      response.setEncoding("utf8");
      response.on("data", (text) => { if (html.length < 1e6) html += text; });
      response.on("close", () => { place.reads = false; askParts(place, html); });
    } else {
      place.last = "answered " + response.statusCode;
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text) => { if (body.length < 4096) body += text; });
      response.on("end", () => (place.body = body));
    }
    if (response.statusCode === 500 && !place.broken) place.broken = Date.now();
  });
  request.on("timeout", () => request.destroy(new Error("no answer within 10 s")));
  request.on("error", (error) => { over(); place.last = error.code || error.message; });
};
const look = () => {
  const late = Date.now() - began > Number(seconds) * 1000;
  const open = places.filter(({ status }) => status === 0);
  if (places.length === 0) {
    const found = alone === "alone" ? listening() : 0;
    if (found > 0) return finish({ listens: found });
    if (late) return finish({ up: true });
  } else if (open.length === 0) {
    const busy = places.some(({ reads }) => reads) || parts.some(({ status }) => status === null);
    if (late || !busy) return finish({ answered: true });
  } else {
    const hopeless = open.every(({ broken }) => broken > 0 && Date.now() - broken > 3000);
    if (late || hopeless) return finish({ unanswered: "on port " + open[0].port + " for " + open[0].path + " (" + open[0].last + ")", body: open[0].body });
    open.forEach(ask);
  }
  setTimeout(look, 50);
};
setTimeout(look, 50);
`;

/** Asks the dynamic loader behind `--prove` what it would load for each file, as ldd(1) does; nothing of them runs. */
export const LIBRARIES = `"use strict";
const fs = require("node:fs");
const { spawnSync } = require("node:child_process");
const [loader, ...files] = process.argv.splice(process.argv.indexOf("--prove"), 1e6).slice(1);
const musl = loader.includes("ld-musl");
files.forEach((file, at) => {
  const { stdout, stderr, error } = spawnSync(loader, musl ? ["--list", file] : [file], { env: musl ? {} : { LD_TRACE_LOADED_OBJECTS: "1" }, encoding: "utf8", timeout: 10000 });
  fs.writeSync(3, JSON.stringify({ file: at, output: String(stdout || "") + String(stderr || ""), error: error ? error.message : "" }) + "\\n");
});
`;
