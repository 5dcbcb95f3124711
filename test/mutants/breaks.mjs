/**
 * Breaks of src/ that tests have to notice: each a text of one file and what becomes of it. Where a file lies is said
 * once, in FILES, and where its tests lie in TESTS: whoever moves a file changes one line here.
 */
const FILES = {
  pathRules: "src/archive/path-rules.ts",
  zipHeaders: "src/archive/zip/headers.ts",
  hdfsPut: "src/deliver/hdfs-put.ts",
  webHdfs: "src/deliver/webhdfs.ts",
  webHdfsAnswer: "src/deliver/webhdfs-answer.ts",
  largeFile: "src/engine/write/large-file.ts",
  packFrame: "src/engine/write/pack-frame.ts",
  frameKey: "src/engine/reuse/frame-key.ts",
  lock: "src/support/lock.ts",
  secretAddresses: "src/plan/secret-addresses.ts",
  secretContent: "src/plan/secret-content.ts",
  secretFiles: "src/plan/secret-files.ts",
  secretNames: "src/plan/secret-names.ts",
  secretSearch: "src/plan/secret-search.ts",
  walkedFolder: "src/plan/walked-folder.ts",
  collisions: "src/plan/collisions.ts",
  closure: "src/environment/closure.ts",
  packReuse: "src/verbs/pack/reuse.ts",
  boundary: "src/scan/boundary.ts",
  quoting: "src/scan/quoting.ts",
  scan: "src/scan/scan.ts",
  searchPaths: "src/native/search-paths.ts",
  segments: "src/scan/segments.ts",
  shellQuotes: "src/scan/shell-quotes.ts",
  onto: "src/restore/apply-layer.ts",
  publish: "src/restore/publish.ts",
  ontoReuse: "src/restore/reuse.ts",
  share: "src/restore/share.ts",
  run: "src/verbs/run/run.ts",
  proveCommands: "src/evidence/prove/trials/commands.ts",
  proveLinks: "src/evidence/prove/trials/links.ts",
  proveOpened: "src/evidence/prove/opened.ts",
  proveLimited: "src/evidence/prove/start-limited.ts",
  emulator: "src/verbs/prove/emulator.ts",
  traceMissing: "src/plan/trace/missing.ts",
  tracePlan: "src/plan/trace/trace-plan.ts",
  touchedFiles: "src/plan/trace/touched-files.ts",
  recordFile: "src/plan/trace/record-file.ts",
  slimReferences: "src/plan/slim/references.ts",
  slimUnits: "src/plan/slim/units.ts",
  installRecord: "src/evidence/sbom/install-record.ts",
  credentials: "src/image/registry/credentials.ts",
  reportDuplicates: "src/evidence/report/duplicates.ts",
  reportWays: "src/evidence/report/ways.ts",
};

const TESTS = {
  archive: ["test/archive"],
  address: ["test/plan/secrets.test.ts"],
  boundaries: ["test/scan/scan.test.ts"],
  closure: ["test/environment/closure.test.ts"],
  earlyDigests: ["test/verbs/pack/early-digests.test.ts"],
  command: ["test/field/run.test.ts"],
  frameKey: ["test/engine/frame-key.test.ts"],
  hdfs: ["test/deliver/hdfs-put.test.ts", "test/deliver/webhdfs.test.ts"],
  locks: ["test/support/lock.test.ts"],
  onto: ["test/restore/apply-layer.test.ts"],
  pieces: ["test/scan/scan.test.ts", "test/engine/pieces.test.ts"],
  plan: ["test/plan"],
  publish: ["test/restore/publish.test.ts"],
  reuse: ["test/engine/reuse.test.ts"],
  rewriting: ["test/relocate/shell-words.test.ts", "test/scan/segments.test.ts", "test/relocate/apply.test.ts"],
  roundTrip: ["test/engine/round-trip.test.ts", "test/engine/damage.test.ts", "test/engine/faults.test.ts"],
  searchPaths: ["test/relocate/search-paths.test.ts"],
  secrets: ["test/plan/secret-table.test.ts"],
  share: ["test/faults/places.test.ts"],
  zip: ["test/engine/zip.test.ts"],
  trials: ["test/evidence/prove/trials.test.ts"],
  emulator: ["test/evidence/prove/emulator.test.ts"],
  trace: ["test/field/trace-parts.test.ts"],
  slim: ["test/plan/slim-parts.test.ts"],
  report: ["test/evidence/report"],
  bill: ["test/evidence/sbom/sbom.test.ts"],
  logins: ["test/image/registry/credentials.test.ts"],
};

/**
 * @typedef {object} Break
 * @property {string} name
 * @property {string} file
 * @property {string} text stands once in the file
 * @property {string} becomes
 * @property {readonly string[]} tests
 */

/** @type {(name: string, file: keyof typeof FILES, tests: keyof typeof TESTS, text: string, becomes: string) => Break} */
const broken = (name, file, tests, text, becomes) => ({ name, file: FILES[file], text, becomes, tests: TESTS[tests] });

/** @type {readonly Break[]} */
export const BREAKS = [
  // Where a path begins and ends in a text.
  broken("a name may end before a tilde", "boundary", "boundaries", "GOES_ON = /^(?:[A-Za-z0-9_.~+@", "GOES_ON = /^(?:[A-Za-z0-9_.+@"),
  broken("no folder behind -F", "boundary", "boundaries", "-(?:[ILFRB]|", "-(?:[ILRB]|"),
  broken("pieces overlap by the path alone", "scan", "pieces", "reach: longest + CONTEXT", "reach: longest"),
  broken("a piece is scanned without what stands before it", "packFrame", "pieces", "Math.min(at, this.#needles.reach)", "0"),

  // What is written in a path's place.
  broken(
    "a first line of any length",
    "segments",
    "rewriting",
    "return Buffer.byteLength(folder) <= LONGEST_INTERPRETER ? null :",
    "return true ? null :",
  ),
  broken(
    "a first line with spaces",
    "segments",
    "rewriting",
    'if (/\\s/.test(folder)) return "is a script whose',
    'if (/\\t/.test(folder)) return "is a script whose',
  ),
  broken("the NUL that ends a string is spare", "segments", "rewriting", "content[end + spare + 1] === 0", "content[end + spare] === 0"),
  broken("any path is a plain word", "quoting", "rewriting", "if (PLAIN.test(folder) && NOT_PLAIN", 'if (folder !== "" && NOT_PLAIN'),
  broken("batch files take every plain character", "quoting", "rewriting", '["batch", /[%=,^!]/],', ""),
  broken(
    "a string that a shell is given to run is a path's",
    "quoting",
    "rewriting",
    "if (RUNS_STRING.test(start) || RUNS_STRING.test(after)) return false;",
    "",
  ),
  broken("a string that exec is called with is a path's", "quoting", "rewriting", " && !CALLS_SHELL.test(near)", ""),
  broken(
    "strings of scripts are trusted line by line",
    "quoting",
    "rewriting",
    '=== quote && quoteAt(content.toString("latin1", 0, at), language) === quote',
    "=== quote",
  ),
  broken(
    "quotes in comments open strings",
    "shellQuotes",
    "rewriting",
    'else if (character === "#" && language',
    'else if (character === "\\0" && language',
  ),
  broken(
    "a shared name's bytes are written over",
    "searchPaths",
    "searchPaths",
    "if (other > offset && other < end) first",
    "if (other > end) first",
  ),
  broken(
    "a path that ends another name is rewritten",
    "searchPaths",
    "searchPaths",
    "if (other < offset && other >= start) return null;",
    "",
  ),
  broken("$ORIGIN is used without its flag", "searchPaths", "searchPaths", "if (left.length < changes.length) setFlags(image);", ""),

  // Secrets.
  broken("tokens before a host are long", "secretAddresses", "address", "/^[A-Za-z0-9_-]{20,}$/", "/^[A-Za-z0-9_-]{60,}$/"),
  broken("addresses in addresses are not read", "secretAddresses", "address", "return findEncoded(text, rules);", "return null;"),
  broken("short parameters are no secrets", "secretAddresses", "address", "value.length >= 4", "value.length >= 16"),
  broken("escaped slashes hide an address", "secretSearch", "address", 'given.includes(":\\\\/\\\\/")', 'given.includes("::::")'),
  broken("pieces of a large lockfile lose their lines", "secretSearch", "address", "lines += countLines(text, length - OVERLAP);", ""),
  broken("a key's mark between two pieces", "secretContent", "secrets", "at += length - KEY_MARK.length;", "at += length;"),
  broken("keys in DER", "secretContent", "secrets", "(/\\.(?:key|der|p8|pk8)$/i.test(name) && isBinaryKey(content))", "false"),
  broken("any trust store is a key store", "secretContent", "secrets", "if (content.readUInt32BE(at) !== 2) return true;", "return true;"),
  broken("any program is a core", "secretContent", "secrets", "return type === 4 ?", "return type !== 0 ?"),
  broken("programs that hold keys go in", "secretFiles", "secrets", "if (!isProject) return null;", "if (isProject) return null;"),
  broken(
    "the search goes on after an interrupt",
    "secretFiles",
    "secrets",
    "if (signal?.aborted === true) throw",
    "if (signal === null) throw",
  ),
  broken("copies are no secrets", "secretNames", "secrets", 'const shorter = rest.replace(COPY, "")', "const shorter = rest"),
  broken("public keys are private", "secretNames", "secrets", "|\\.pub$/", "/"),

  // HDFS.
  broken("what was written is not read back", "hdfsPut", "hdfs", "await assertDigest(store, aside, delivery);", ""),
  broken(
    "a quicker one's file is not compared",
    "hdfsPut",
    "hdfs",
    "await store.remove(aside);\n    await assertSame(store, other, delivery);",
    "await store.remove(aside);",
  ),
  broken("folders are open by their read bit", "hdfsPut", "hdfs", "isFile ? 0o004 : 0o001", "isFile ? 0o004 : 0o004"),
  broken(
    "a file without an end is read to its end",
    "hdfsPut",
    "hdfs",
    "if (done > bytes) throw",
    "if (done > bytes + 1e5) return; else if (done < 0) throw",
  ),
  broken("WebHDFS writes over files", "webHdfs", "hdfs", 'overwrite: "false"', 'overwrite: "true"'),
  broken(
    "an answer of any kind is done",
    "webHdfsAnswer",
    "hdfs",
    'if (typeof done !== "boolean") throw notWebHdfs(path);\n  return done;',
    "return done === true;",
  ),

  // Names, records, frames.
  broken("C1 characters in names", "pathRules", "archive", "/[\\u0000-\\u001f\\u007f-\\u009f]/", "/[\\u0000-\\u001f\\u007f]/"),
  broken("seconds of a zip are not halved", "zipHeaders", "zip", "date.getUTCSeconds() >> 1", "date.getUTCSeconds()"),
  broken("places that reach over one another are kept", "largeFile", "pieces", "place.at >= last.at + last.length", "place.at > last.at"),
  broken("frames do not depend on the roots", "frameKey", "frameKey", "level ?? null, shape, roots]", "level ?? null, shape]"),
  broken("an emptied folder's parent stays", "walkedFolder", "plan", "    parent.kept--;\n", ""),
  broken("names that differ in case are looked for in folders beside alone", "collisions", "plan", "own?.twins === false && ", ""),
  broken("a package below a link is taken for its own place", "closure", "closure", "return isReal;", "return true;"),
  broken("files are digested that an earlier archive may give", "packReuse", "earlyDigests", " || !existsSync(previous)", " || true"),

  // Locks, restoring, running.
  broken("a lock is not kept fresh", "lock", "locks", "utimes(path, now, now).catch(() => undefined);", ""),
  broken(
    "the records are moved at any time",
    "publish",
    "publish",
    ".sort((a, b) => Number(a === META.folder) - Number(b === META.folder))",
    "",
  ),
  broken("another user's environment is shared", "share", "share", "if (isTrusted(stats)) return", "if (isTrusted(stats) || true) return"),
  broken("a layer's manifest is not listed", "onto", "onto", "isListed(META.manifest, records.manifest, entries) &&", ""),
  broken("the umask of --onto", "ontoReuse", "onto", "(executable ? 0o755 : 0o644) & ~this.#mask", "(executable ? 0o755 : 0o644)"),
  broken("a signal's status", "run", "command", "status ?? 128 + (signal === null ? 0 : constants.signals[signal])", "status ?? 1"),

  // Proofs, traces, slim archives and reports.
  broken("an absolute link leads nowhere else", "proveLinks", "trials", ' || readlinkSync(link).startsWith("/")', ""),
  broken("a silent command did start", "proveCommands", "trials", ' && `${ended.stdout}${ended.stderr}`.trim() !== ""', ""),
  broken("a command is not asked for --help", "proveCommands", "trials", "if (version.status === 0 ||", "if (version.status !== null ||"),
  broken("what no package declares is not started", "proveCommands", "trials", "...namesIn(folder).filter(isStarted).sort()", ""),
  broken("a conda prefix's own programs are started", "proveCommands", "trials", 'manifest.kind !== "conda" || ', "true || "),
  broken("any manager's lockfile counts", "installRecord", "bill", "(own === null || own === manager) && ", ""),
  broken(
    "the last of two integrities counts",
    "installRecord",
    "bill",
    "known === undefined || isDeepStrictEqual(known, origin) ? origin : null",
    "origin",
  ),
  broken("a token may hold a line break", "credentials", "logins", "/^[\\x21-\\x7e]+$/.test(token)", "true"),
  broken("what was refused was looked for", "proveOpened", "trials", 'match[3] === "ENOENT" && ', ""),
  broken(
    "what strace saw is not kept",
    "proveOpened",
    "trials",
    "if (Number(match[2]) >= 0) this.#add(path);",
    "if (Number(match[2]) >= 0) continue;",
  ),
  broken("what a command left running stays", "proveLimited", "trials", "if (this.#line.mark === undefined) return;", "return;"),
  broken("an emulator need not be open", "emulator", "emulator", 'field("flags").includes("F")', "true"),
  broken("the first name of an inode is every name", "tracePlan", "trace", "heirs.set(entry.target, entry.path);", ""),
  broken("a folder is no missing file", "traceMissing", "trace", " || path.includes(`/${name}/`)", ""),
  broken("octal paths of strace stay as they are", "touchedFiles", "trace", "String.fromCharCode(parseInt(octal, 8))", "octal"),
  broken("a record of another name is as good", "recordFile", "trace", "if (same && name === environment.name)", "if (same)"),
  broken("a joined word is no path", "slimReferences", "slim", " || isJoined()", ""),
  broken("a licence in a folder is the package's", "slimUnits", "slim", 'if (!level.inside.includes("/")) this.licensed', "this.licensed"),
  broken("two copies are none", "reportDuplicates", "report", "copies.length > 1", "copies.length > 2"),
  broken("who asks is told in any order", "reportWays", "report", "[...places].sort(compare)", "[...places].reverse()"),
];
