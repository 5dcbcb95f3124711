/**
 * Preloaded through NODE_OPTIONS in an activated shell: scripts that live outside the environment
 * can `require` and `import` its packages. The environment's node_modules is searched last, as if it
 * stood above "/": a script's own packages win, and what is missing everywhere gives Node's own error.
 *
 * In front of everything but builtins stands what `envpack run --add` was given: it is named on the
 * command line, and so meant. ENVPACK_ADDED is its folder.
 *
 * Every node that inherits NODE_OPTIONS runs this file, of whatever version: so old syntax, nothing
 * printed, nothing thrown, and little work, since every start pays for it.
 *
 * What it cannot help: when the environment is deleted while a shell is still activated, Node refuses
 * to start because this file is missing; `deactivate`, which needs no file, sets that right. Only
 * --require works on every version: older ones refuse to start at an --import in NODE_OPTIONS.
 */
"use strict";

try {
  (function () {
    const path = require("path");
    const nodeModule = require("module");
    // Both are loaded by now in any case. What is required later passes through what is put in place here.
    const fs = require("fs");
    const url = require("url");
    const root = path.dirname(__dirname);
    // In their order: each `pnpm add -g` of newer versions has a folder of its own. Then the folders above them, as Node
    // goes on: what a workspace's member needs lies with the workspace, for the most part.
    const packages = nodeModulesOf("@RESOLVE_FROM@");

    function nodeModulesOf(folders) {
      const own = folders.map(function (folder) { return path.join(root, folder, "node_modules"); });
      folders.forEach(function (folder) {
        for (let at = path.dirname(folder); at !== "."; at = path.dirname(at)) {
          const above = path.join(root, at, "node_modules");
          if (own.indexOf(above) === -1) own.push(above);
        }
      });
      return own;
    }

    /** What Node looks up in node_modules: no path, no URL, no "#import" of a package itself. */
    const BARE = /^(?!\.{0,2}[\\/]|\.{1,2}$|#|[a-z][a-z0-9+.-]*:)./i;

    /** Whether a file lies below the root. The root itself, where `node -e` may be typed, is no folder of the environment's. */
    function isInside(file) {
      return file.indexOf(root + path.sep) === 0 && path.dirname(file) !== root;
    }

    let index = null;
    const asked = new Map();

    /**
     * Whether a file or folder below the root was brought by the archive: its index says so. Those get no
     * help, lest it hide that a dependency is missing. What else lies there (scripts in ./jobs, where an
     * archive was unpacked into the folder that one works in) is as far outside as any other script.
     * It is asked only of who did not find a package, and reads the index only then.
     */
    function isOwn(file) {
      return isInside(file) && isListed(file);
    }

    /** Whether the index has a file or a folder below the root. */
    function isListed(file) {
      let own = asked.get(file);
      if (own !== undefined) return own;
      if (index === null) index = readIndex();
      // Without an index nothing tells: then all that lies here is the environment's.
      const arcpath = file.slice(root.length + 1).split(path.sep).join("/");
      own = index.length === 0 || index.indexOf('","path":' + JSON.stringify(arcpath)) !== -1;
      asked.set(file, own);
      return own;
    }

    /** As bytes: it is searched, never decoded. */
    function readIndex() {
      try {
        return fs.readFileSync(path.join(__dirname, "index.jsonl"));
      } catch (_) {
        return Buffer.alloc(0);
      }
    }

    const added = process.env.ENVPACK_ADDED ? path.join(process.env.ENVPACK_ADDED, "node_modules") : null;

    /** Whether a package of that name was added. */
    function isAdded(request) {
      if (added === null) return false;
      const name = request.split("/", request[0] === "@" ? 2 : 1).join("/");
      return fs.existsSync(path.join(added, name));
    }

    keepCompiled("@NAME@");

    /**
     * Lets Node 22.8 and later keep what it compiles, in a folder of this user's alone: the next start need not compile it
     * again, which is much of the time of a large import. Whoever could write there could have any code run. Where the user
     * says something else, or coverage is measured (it is less exact with it), or there is no such folder, it is left alone.
     *
     * To write it, a file for each module, takes longer than one start gets back, or ten. So the first start makes the folder
     * and no more, and those of the next minute keep nothing either: what runs once, or as a wave of tasks, pays nothing.
     */
    function keepCompiled(name) {
      const env = process.env;
      if (typeof nodeModule.enableCompileCache !== "function" || env.ENVPACK_NO_COMPILE_CACHE) return;
      if (env.NODE_COMPILE_CACHE !== undefined || env.NODE_DISABLE_COMPILE_CACHE !== undefined || env.NODE_V8_COVERAGE !== undefined) return;
      try {
        const folder = compiledFolder(name);
        if (folder !== null) nodeModule.enableCompileCache(folder);
      } catch (_) {
        // No home, or none that can be written: nothing is kept.
      }
    }

    /**
     * Where it is kept: by the environment's place, since Node goes by paths, and by its records, whose times follow what is in
     * them: another environment in that place has another folder. Null where others could write there, and too early.
     */
    function compiledFolder(name) {
      const env = process.env;
      const home = env.HOME || env.USERPROFILE;
      const named = env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME);
      // A home that is not there is nobody's to make.
      if (!named && (!home || !path.isAbsolute(home) || !fs.statSync(home).isDirectory())) return null;
      const base = named ? env.XDG_CACHE_HOME : path.join(home, ".cache");
      const nearest = fs.existsSync(base) ? fs.realpathSync(base) : named ? path.resolve(base) : path.join(fs.realpathSync(home), ".cache");
      if (nearest === root || nearest.indexOf(root + path.sep) === 0) return null;
      const all = path.join(nearest, "envpack", "compiled");
      const records = [fs.statSync(path.join(__dirname, "manifest.json")), fs.statSync(path.join(__dirname, "index.jsonl"))];
      const id = [root, records[0].size, records[0].mtimeMs, records[1].size].join("\n");
      const folder = path.join(all, name + "-" + shortHash(id));
      if (isFar(folder)) return null;
      // Links are followed first: what is looked at is what is used.
      let real;
      try {
        real = fs.realpathSync(folder);
      } catch (_) {
        makeFolders(all);
        if (!isOnlyMine(fs.realpathSync(all))) return null;
        makeFolders(folder);
        real = fs.realpathSync(folder);
        forgetOthers(all);
      }
      if (!isOnlyMine(real) || real.indexOf(root + path.sep) === 0) return null;
      const now = Date.now();
      const age = now - fs.lstatSync(real).mtimeMs;
      if (age < 60000 && fs.readdirSync(real).length === 0) return null;
      // Its time tells the cleaner when it was used, to the day.
      if (age > 86400000) fs.utimesSync(real, now / 1000, now / 1000);
      return real;
    }

    /**
     * Whether a folder is, or would be, on a file system that a server or a program answers for: to open thousands of small files
     * there takes longer than to compile, and where a home is shared by all nodes of a cluster, all would write them at once.
     * Types as statfs(2) and linux/magic.h have them: NFS, SMB, CIFS, SMB2, Lustre, GPFS, BeeGFS, Ceph, AFS twice, 9P, OrangeFS,
     * PanFS, GFS2, OCFS2, Coda, FUSE.
     */
    function isFar(folder) {
      const types = [0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x0bd00bd0, 0x47504653, 0x19830326, 0x00c36400, 0x5346414f, 0x6b414653, 0x01021997, 0x20030528, 0xaad7aaea, 0x01161970, 0x7461636f, 0x73757245, 0x65735546];
      try {
        return types.indexOf(fs.statfsSync(folder).type) !== -1;
      } catch (error) {
        if (error.code !== "ENOENT" || path.dirname(folder) === folder) throw error;
        return isFar(path.dirname(folder));
      }
    }

    /** Each by itself: where a system says of a new folder that it is not there, as /proc does, Node's own way to make all never ends. */
    function makeFolders(folder) {
      if (fs.existsSync(folder) || path.dirname(folder) === folder) return;
      makeFolders(path.dirname(folder));
      try {
        fs.mkdirSync(folder, { mode: 448 });
      } catch (error) {
        // Another start made it meanwhile.
        if (error.code !== "EEXIST") throw error;
      }
    }

    /** Whether a folder is this user's with mode 0700, and no one but root could swap one of those above it. */
    function isOnlyMine(folder) {
      const user = process.getuid ? process.getuid() : null;
      if (user === null) return true;
      for (let at = folder; ; at = path.dirname(at)) {
        const stats = fs.lstatSync(at);
        const isOpen = (stats.mode & (at === folder ? 63 : 18)) !== 0 && (at === folder || (stats.mode & 512) === 0);
        if (!stats.isDirectory() || isOpen || (stats.uid !== user && (at === folder || stats.uid !== 0))) return false;
        if (at === path.dirname(at)) return true;
      }
    }

    /** Workers unpack in ever new places: just the 16 folders that were used last stay. */
    function forgetOthers(all) {
      const folders = fs.readdirSync(all).map(function (name) {
        return path.join(all, name);
      });
      const times = new Map(folders.map(function (folder) { return [folder, fs.lstatSync(folder).mtimeMs]; }));
      folders.sort(function (a, b) { return times.get(b) - times.get(a); });
      folders.slice(16).forEach(function (folder) { fs.rmSync(folder, { recursive: true, force: true }); });
    }

    /** Eight hex digits that differ for most texts (FNV-1a): the module that makes digests would take 2 ms of every start. */
    function shortHash(text) {
      let hash = 2166136261;
      for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
      return (hash >>> 0).toString(16).padStart(8, "0");
    }

    const pnp = loadPnp("@PNP@");

    /** Yarn's Plug'n'Play has no node_modules: .pnp.cjs answers for the environment's own files. */
    function loadPnp(file) {
      if (file === "") return null;
      const api = require(path.join(root, file));
      api.setup();
      return api;
    }

    /** Its answer to `import`. Hooks are for the whole process, and the thread that runs them has this file preloaded, too. */
    if (pnp !== null && "@PNP_LOADER@" !== "" && typeof nodeModule.register === "function") {
      if (require("worker_threads").isMainThread) {
        // Newer versions deprecate it; Yarn's loader has no other way, and its users cannot help it.
        const silent = process.noDeprecation;
        process.noDeprecation = true;
        nodeModule.register(url.pathToFileURL(path.join(root, "@PNP_LOADER@")).href);
        if (typeof nodeModule.registerHooks !== "function") nodeModule.register(askAgain(url.pathToFileURL(path.dirname(packages[0]) + path.sep).href));
        process.noDeprecation = silent;
      }
    }

    /** A hook in front of Yarn's, for versions that have hooks in threads alone: what a script outside does not find is asked for by the project. */
    function askAgain(project) {
      const source = [
        "export async function resolve(specifier, context, next) {",
        "  try {",
        "    return await next(specifier, context);",
        "  } catch (error) {",
        "    const parent = context.parentURL || '';",
        "    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !" + BARE + ".test(specifier) || !parent.startsWith('file:') || parent.startsWith(" + JSON.stringify(project) + ")) throw error;",
        "    try {",
        "      return await next(specifier, { ...context, parentURL: " + JSON.stringify(project) + " });",
        "    } catch (second) {",
        "      throw /NOT_FOUND/.test(second.code) ? error : second;",
        "    }",
        "  }",
        "}",
      ].join("\n");
      return "data:text/javascript," + encodeURIComponent(source);
    }

    /** The file that asks; one without (a preloaded module, require.resolve with paths) tells by where it looks first. */
    function askerOf(parent) {
      if (!parent) return null;
      return parent.filename || (parent.paths && parent.paths[0] ? path.dirname(parent.paths[0]) : null);
    }

    // require, of a script outside: one more folder to look in. No error passes through here, so they stay Node's own.
    const lookupPaths = nodeModule._resolveLookupPaths;
    nodeModule._resolveLookupPaths = function (request, parent) {
      const found = lookupPaths.apply(this, arguments);
      if (!Array.isArray(found) || !BARE.test(request)) return found;
      const asker = askerOf(parent);
      if (asker !== null && isInside(asker)) return found;
      return (added === null ? [] : [added]).concat(found, packages);
    };

    // require, of a script below the root that is none of the environment's, and everything of Plug'n'Play.
    const resolveFilename = nodeModule._resolveFilename;
    nodeModule._resolveFilename = function (request, parent) {
      const asker = askerOf(parent);
      const inside = asker !== null && isInside(asker);
      if ((!inside && pnp === null) || !BARE.test(request)) return resolveFilename.apply(this, arguments);
      if (inside && isAdded(request) && !isOwn(asker)) return resolveBelow([added], request);
      try {
        return resolveFilename.apply(this, arguments);
      } catch (error) {
        if (error.code !== "MODULE_NOT_FOUND" || (inside && isOwn(asker))) throw error;
        const found = pnp === null ? resolveHere(request) : resolveByPnp(request);
        if (found === null) throw error;
        return found;
      }
    };

    function resolveBelow(folders, request) {
      const inFolders = new nodeModule("");
      inFolders.paths = folders;
      return resolveFilename.call(nodeModule, request, inFolders, false);
    }

    function resolveHere(request) {
      try {
        return resolveBelow(packages, request);
      } catch (error) {
        // Else the package is here, but not what is asked of it.
        if (error.code !== "MODULE_NOT_FOUND") throw error;
        return null;
      }
    }

    function resolveByPnp(request) {
      try {
        return pnp.resolveRequest(request, path.dirname(packages[0]) + path.sep);
      } catch (_) {
        return null;
      }
    }

    if (typeof nodeModule.registerHooks !== "function") leadImports();
    else if (!isHooksThread()) answerImports();

    /** Whether this is the thread of hooks that a program registers: there Node 24.0 breaks at hooks like these. */
    function isHooksThread() {
      // Other threads cannot change the folder. The module that tells of threads would take 2 ms of every start.
      if (!process.chdir.disabled) return false;
      const threads = require("worker_threads");
      return !threads.isMainThread && threads.parentPort === null;
    }

    /** import, Node 22.15 and later: hooks in the same thread, which cost next to nothing. */
    function answerImports() {
      nodeModule.registerHooks({
        resolve: function (specifier, context, next) {
          const parent = context.parentURL;
          // Node 24.0 gives a Set, others an array.
          const isImport = Array.from(context.conditions).indexOf("import") !== -1;
          if (!isImport || !BARE.test(specifier) || !parent || parent.indexOf("file:") !== 0) {
            return next(specifier, context);
          }
          const asker = url.fileURLToPath(parent);
          // Node writes what next() is given into `context`, hence the copies.
          const copy = Object.assign({}, context);
          if (isAdded(specifier) && !isOwn(asker)) return next(specifier, Object.assign({}, copy, { parentURL: url.pathToFileURL(path.join(added, "_")).href }));
          try {
            return next(specifier, copy);
          } catch (error) {
            if (error.code !== "ERR_MODULE_NOT_FOUND" || isOwn(asker)) throw error;
          }
          for (let i = 0; i < packages.length; i++) {
            const here = Object.assign({}, copy, { parentURL: url.pathToFileURL(path.join(packages[i], "_")).href });
            try {
              const found = next(specifier, here);
              if (found.url.indexOf(url.pathToFileURL(root + path.sep).href) === 0) return found;
            } catch (error) {
              // The package is here, but not what is asked of it.
              if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
            }
          }
          // Not here either: ask again, so that Node throws the error that names the script.
          return next(specifier, copy);
        },
      });
    }

    /**
     * import, Node before 22.15 and 23.0 to 23.4: what Node has there for hooks takes a thread, which starts as
     * slowly as Node itself, and is not asked by require() of an ES module. But all of them look for a package
     * in the same way, and will not change any more: in the asker's folder and each one above, they make the
     * URL of "node_modules/NAME/package.json" and read its path, to see whether it is there. The last is in
     * "/node_modules". Where that is not there, its path and those of the package's files lead to the
     * environment's. Everything else, errors as well, is Node's. test/field/imports.test.ts tries every way
     * to import on the first and the last of these versions.
     */
    function leadImports() {
      const prototype = url.URL.prototype;
      const pathnameBefore = Object.getOwnPropertyDescriptor(prototype, "pathname");
      const hrefBefore = Object.getOwnPropertyDescriptor(prototype, "href");
      const read = pathnameBefore.get;
      const CANDIDATE = /^(.*)\/node_modules\/((?:@[^/]+\/)?[^/]+)\/package\.json$/;
      const TOP = /^(?:\/[a-z]:)?$/i;

      /** The walk that is going on: which package, from which folder, and where it is. As parts of paths of URLs. */
      let walk = null;
      /** The package that it found: the path that Node believes in, and where that leads. */
      let lead = null;

      const pathname = function () {
        const pathname = read.call(this);
        if (lead !== null && pathname.indexOf(lead.from) === 0) return lead.to + pathname.slice(lead.from.length);
        if (pathname.slice(-13) === "/package.json") return look(pathname);
        walk = null;
        return pathname;
      };
      // Some versions look for a package's main file by its URL.
      const href = function () {
        const href = hrefBefore.get.call(this);
        return lead !== null && href.indexOf("file://" + lead.from) === 0 ? "file://" + lead.to + href.slice(7 + lead.from.length) : href;
      };
      Object.defineProperty(prototype, "pathname", Object.assign({}, pathnameBefore, { get: pathname }));
      Object.defineProperty(prototype, "href", Object.assign({}, hrefBefore, { get: href }));

      function look(pathname) {
        const parts = CANDIDATE.exec(pathname);
        if (parts === null) {
          walk = null;
          return pathname;
        }
        const place = parts[1];
        const isFirst = walk === null || walk.name !== parts[2] || walk.place.slice(0, walk.place.lastIndexOf("/")) !== place;
        walk = { name: parts[2], first: isFirst ? place : walk.first, place: place };
        if (isFirst) lead = null;
        if ((!isFirst || added === null) && !TOP.test(place)) return pathname;
        const folder = findFor(pathOf(walk.first + "/_"), pathOf("/_/" + walk.name).slice(3), isFirst, place);
        if (folder === null) return pathname;
        const found = { from: pathname.slice(0, -12), to: read.call(url.pathToFileURL(folder + path.sep)) };
        lead = found;
        // All of a package's looking up is done before anything else may run.
        Promise.resolve().then(function () {
          if (lead === found) lead = null;
        });
        return lead.to + "package.json";
      }

      /** The folder of a package that was added, for the first folder that is looked in, or the environment's, for the last. */
      function findFor(asker, name, isFirst, place) {
        if (isFirst && isAdded(name) && !isOwnFolder(asker)) return path.join(added, name);
        if (!TOP.test(place) || fs.existsSync(pathOf(place + "/node_modules/" + walk.name)) || isOwnFolder(asker)) return null;
        for (let i = 0; i < packages.length; i++) {
          if (fs.existsSync(path.join(packages[i], name))) return path.join(packages[i], name);
        }
        return null;
      }

      /** Which file of a folder asks is not to be seen here. */
      function isOwnFolder(asker) {
        return isInside(asker) && isListed(path.dirname(asker));
      }

      function pathOf(pathname) {
        const file = decodeURIComponent(pathname);
        return path.sep === "/" ? file : file.replace(/^\/(?=[a-z]:)/i, "").replace(/\//g, path.sep);
      }
    }
  })();
} catch (_) {
  // Then a node is as it would be outside the environment.
}
