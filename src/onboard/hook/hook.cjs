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
    const root = path.dirname(__dirname);
    // In their order: each `pnpm add -g` of newer versions has a folder of its own.
    const packages = "@RESOLVE_FROM@".map(function (folder) {
      return path.join(root, folder, "node_modules");
    });

    /** What Node looks up in node_modules: no path, no URL, no "#import" of a package itself. */
    const BARE = /^(?!\.{0,2}[\\/]|\.{1,2}$|#|[a-z][a-z0-9+.-]*:)./i;

    /**
     * The environment's own files get no help, lest it hide that a dependency is missing; the root
     * itself, where `node -e` may be typed, is not one of their folders.
     */
    function isOutside(folder) {
      return folder === root || (folder + path.sep).indexOf(root + path.sep) !== 0;
    }

    const added = process.env.ENVPACK_ADDED ? path.join(process.env.ENVPACK_ADDED, "node_modules") : null;

    /** Whether a package of that name was added. */
    function isAdded(request) {
      if (added === null) return false;
      const name = request.split("/", request[0] === "@" ? 2 : 1).join("/");
      return require("fs").existsSync(path.join(added, name));
    }

    const pnp = loadPnp("@PNP@");

    /**
     * Yarn's Plug'n'Play has no node_modules: .pnp.cjs answers for the environment's own files, and here
     * it is asked on behalf of scripts outside as well.
     */
    function loadPnp(file) {
      if (file === "") return null;
      const api = require(path.join(root, file));
      api.setup();
      const resolveFilename = nodeModule._resolveFilename;
      nodeModule._resolveFilename = function (request, parent) {
        try {
          return resolveFilename.apply(this, arguments);
        } catch (error) {
          const asker = parent && parent.filename;
          if (error.code !== "MODULE_NOT_FOUND" || !BARE.test(request) || (asker && !isOutside(path.dirname(asker)))) throw error;
          const found = resolveInEnvironment(request);
          if (found === null) throw error;
          return found;
        }
      };
      return api;

      function resolveInEnvironment(request) {
        try {
          return api.resolveRequest(request, path.dirname(packages[0]) + path.sep);
        } catch (_) {
          return null;
        }
      }
    }

    /** Its answer to `import`. Hooks are for the whole process, and the thread that runs them has this file preloaded, too. */
    if (pnp !== null && "@PNP_LOADER@" !== "" && typeof nodeModule.register === "function") {
      if (require("worker_threads").isMainThread) {
        // Newer versions deprecate it; Yarn's loader has no other way, and its users cannot help it.
        const silent = process.noDeprecation;
        process.noDeprecation = true;
        nodeModule.register(require("url").pathToFileURL(path.join(root, "@PNP_LOADER@")).href);
        process.noDeprecation = silent;
      }
    }

    // require: one more folder to look in. No error passes through here, so they stay Node's own.
    const lookupPaths = nodeModule._resolveLookupPaths;
    nodeModule._resolveLookupPaths = function (request, parent) {
      const found = lookupPaths.apply(this, arguments);
      if (!Array.isArray(found) || !BARE.test(request)) return found;
      // A parent without a file (a preloaded module, require.resolve with paths) tells by where it looks first.
      const asker = parent && (parent.filename || (parent.paths && parent.paths[0]));
      if (asker && !isOutside(path.dirname(asker))) return found;
      return (added === null ? [] : [added]).concat(found, packages);
    };

    if (typeof nodeModule.registerHooks === "function") answerImports();
    else if (typeof nodeModule.register === "function") answerImportsLater();

    /** import, Node 22.15 and later: hooks in the same thread, which cost next to nothing. */
    function answerImports() {
      const url = require("url");
      nodeModule.registerHooks({
        resolve: function (specifier, context, next) {
          const parent = context.parentURL;
          const isImport = context.conditions.indexOf("import") !== -1;
          if (!isImport || !BARE.test(specifier) || !parent || parent.indexOf("file:") !== 0) {
            return next(specifier, context);
          }
          if (!isOutside(path.dirname(url.fileURLToPath(parent)))) return next(specifier, context);
          // Node writes what next() is given into `context`, hence the copies.
          const asked = Object.assign({}, context);
          if (isAdded(specifier)) return next(specifier, Object.assign({}, asked, { parentURL: url.pathToFileURL(path.join(added, "_")).href }));
          try {
            return next(specifier, asked);
          } catch (error) {
            if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
          }
          for (let i = 0; i < packages.length; i++) {
            const here = Object.assign({}, asked, { parentURL: url.pathToFileURL(path.join(packages[i], "_")).href });
            try {
              const found = next(specifier, here);
              if (found.url.indexOf(url.pathToFileURL(root + path.sep).href) === 0) return found;
            } catch (error) {
              // The package is here, but not what is asked of it.
              if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
            }
          }
          // Not here either: ask again, so that Node throws the error that names the script.
          return next(specifier, asked);
        },
      });
    }

    /**
     * import, Node 18.19 to 22.14: hooks live in a thread of their own, which takes as long to start
     * as Node itself. So it is started when code turns up that may import more than builtins.
     */
    function answerImportsLater() {
      const IMPORTS = /\bimport\s*(?:\(|\.\s*meta\s*\.\s*resolve)|(?:^|[;}])\s*(?:import\s*[\w$*{"']|export\s*[{*])/gm;
      const OF_BUILTINS = new RegExp(
        "(?:^|[;}])\\s*import\\s*[^\"';()]*[\"'](?:node:[\\w/]+|" + nodeModule.builtinModules.join("|") + ")[\"']",
        "gm",
      );
      const OPTIONS = /(?:^|\s)--(?:import|loader|experimental-loader|experimental-default-type)\b/;
      let started = false;

      function start() {
        if (started) return;
        started = true;
        try {
          // That thread has this file preloaded, too. Hooks that it registered for itself would stand in the
          // chain in no certain order, and of two environments the lower one might answer first.
          const threads = require("worker_threads");
          if (!threads.isMainThread && threads.parentPort === null) return;
          const url = require("url");
          nodeModule.register(url.pathToFileURL(path.join(__dirname, "hook-thread.mjs")).href, {
            data: { root: root, packages: packages, added: added, bare: BARE },
          });
        } catch (_) {
          // require still works.
        }
      }

      function mayImport(content) {
        const imports = content.match(IMPORTS);
        return imports !== null && imports.length !== (content.match(OF_BUILTINS) || []).length;
      }

      const compile = nodeModule.prototype._compile;
      nodeModule.prototype._compile = function (content) {
        if (!started && mayImport(content)) start();
        return compile.apply(this, arguments);
      };

      const runMain = nodeModule.runMain;
      nodeModule.runMain = function (main) {
        if (!started) startForFile(main || process.argv[1]);
        return runMain.apply(this, arguments);
      };

      function startForFile(file) {
        let content = "import()";
        try {
          content = require("fs").readFileSync(require.resolve(path.resolve(file)), "utf8");
        } catch (_) {
          // Whatever Node makes of it.
        }
        if (mayImport(content)) start();
      }

      const code = process._eval;
      const options = process.execArgv.concat(process.env.NODE_OPTIONS || "").join(" ");
      if (OPTIONS.test(options) || (code === undefined ? process.argv.length < 2 : mayImport(code))) start();
    }
  })();
} catch (_) {
  // Then a node is as it would be outside the environment.
}
