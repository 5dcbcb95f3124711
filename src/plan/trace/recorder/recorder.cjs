"use strict";
/*
 * Loaded by node before anything else (--require), in every process and thread of a command that `envpack record` starts: notes
 * the files that are resolved, asked about, opened and loaded, a line each, in a file of this process's own. It is to change
 * nothing of what the program sees: wrapped functions keep their names, properties and results.
 */
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { fileURLToPath, pathToFileURL } = require("node:url");
const childProcess = require("node:child_process");

const FOLDER = process.env.ENVPACK_RECORD;
const ROOTS = (process.env.ENVPACK_RECORD_ROOTS || "").split("\n").filter((root) => root !== "");
if (FOLDER !== undefined && ROOTS.length > 0 && !globalThis[Symbol.for("envpack.recorder")]) start();

function start() {
  globalThis[Symbol.for("envpack.recorder")] = true;
  const { appendFileSync, realpathSync } = fs;
  const out = path.join(FOLDER, `${process.pid}-${process.hrtime.bigint()}.txt`);
  const seen = new Set();

  const note = (how, file) => {
    try {
      const text = file instanceof URL ? fileURLToPath(file) : Buffer.isBuffer(file) ? file.toString() : file;
      if (typeof text !== "string" || text === "" || text.includes("\0")) return;
      const full = path.resolve(text);
      if (seen.has(how + full)) return;
      seen.add(how + full);
      // A link counts with what it leads to.
      let real = full;
      try {
        real = realpathSync.native(full);
      } catch {
        return;
      }
      for (const one of new Set([full, real])) {
        if (ROOTS.some((root) => one.startsWith(`${root}/`))) appendFileSync(out, `${JSON.stringify([how, one])}\n`);
      }
    } catch {
      // What cannot be noted must not trouble the program.
    }
  };

  const wrap = (object, name, how) => {
    const original = object[name];
    if (typeof original !== "function") return;
    const wrapped = function (first, ...rest) {
      note(how, first);
      return Reflect.apply(original, this, [first, ...rest]);
    };
    Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
    object[name] = wrapped;
  };
  const ASKED = ["stat", "lstat", "access", "exists", "readdir", "opendir", "realpath", "readlink"];
  const OPENED = ["open", "readFile", "copyFile", "cp", "openAsBlob", "createReadStream", "ReadStream"];
  for (const [how, names] of [
    ["asked", ASKED],
    ["opened", OPENED],
  ]) {
    for (const name of names) {
      if (name !== "ReadStream") wrap(fs, name, how);
      wrap(fs, `${name}Sync`, how);
      wrap(fs.promises, name, how);
    }
  }
  wrap(fs.realpath, "native", "asked");
  wrap(fs.realpathSync, "native", "asked");

  const dlopen = process.dlopen;
  process.dlopen = function (module, file, ...rest) {
    note("opened", file);
    return Reflect.apply(dlopen, this, [module, file, ...rest]);
  };

  const resolveFilename = Module._resolveFilename;
  Module._resolveFilename = function (...args) {
    const found = Reflect.apply(resolveFilename, this, args);
    if (path.isAbsolute(found)) note("resolved", found);
    return found;
  };
  recordImports(note, out);
  recordChildren(note);
  Module.syncBuiltinESMExports();
}

/** `import` is resolved by a loader of its own: by hooks in this thread (Node 22.15), else by hooks in a thread beside it. */
function recordImports(note, out) {
  if (typeof Module.registerHooks === "function") {
    Module.registerHooks({
      resolve: (specifier, context, next) => {
        const found = next(specifier, context);
        if (typeof found.url === "string" && found.url.startsWith("file:")) note("resolved", fileURLToPath(found.url));
        return found;
      },
    });
    return;
  }
  if (typeof Module.register !== "function" || !require("node:worker_threads").isMainThread) return;
  const hooks = `import { appendFileSync } from "node:fs"; import { fileURLToPath } from "node:url";
let out, roots; export const initialize = (data) => { out = data.out; roots = data.roots; };
export const resolve = async (specifier, context, next) => { const found = await next(specifier, context);
try { if (found.url.startsWith("file:")) { const file = fileURLToPath(found.url); if (roots.some((root) => file.startsWith(root + "/"))) appendFileSync(out, JSON.stringify(["resolved", file]) + "\\n"); } } catch {}
return found; };`;
  Module.register(`data:text/javascript,${encodeURIComponent(hooks)}`, pathToFileURL(__filename), {
    data: { out: `${out}.imports`, roots: ROOTS },
  });
}

/** Children that are given variables of their own are given these as well. */
function recordChildren(note) {
  const own = {};
  for (const name of ["NODE_OPTIONS", "ENVPACK_RECORD", "ENVPACK_RECORD_ROOTS"]) own[name] = process.env[name];
  const extend = (env) => {
    const given = { ...env };
    if (!(given.NODE_OPTIONS || "").includes(__filename))
      given.NODE_OPTIONS = [given.NODE_OPTIONS, `--require ${JSON.stringify(__filename)}`].filter(Boolean).join(" ");
    return { ...own, ...given };
  };
  for (const name of ["spawn", "spawnSync", "execFile", "execFileSync", "exec", "execSync", "fork"]) {
    const original = childProcess[name];
    const wrapped = function (file, ...rest) {
      if (typeof file === "string" && path.isAbsolute(file)) note("started", file);
      const at = rest.findIndex((one) => typeof one === "object" && one !== null && !Array.isArray(one));
      if (at !== -1 && rest[at].env) rest[at] = { ...rest[at], env: extend(rest[at].env) };
      return Reflect.apply(original, this, [file, ...rest]);
    };
    Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
    childProcess[name] = wrapped;
  }
}
