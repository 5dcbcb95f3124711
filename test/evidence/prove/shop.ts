import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes files below a folder, by their paths. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: path.includes("cli.js") ? 0o755 : 0o644 });
  }
}

/** A project with two packages, one of them for import only, a command and a server. */
export function writeShop(folder: string): void {
  writeFiles(folder, {
    "package.json": JSON.stringify({
      name: "shop",
      version: "1.4.0",
      dependencies: { part: "1.0.0", "esm-part": "1.0.0" },
      optionalDependencies: { absent: "1.0.0" },
      scripts: { start: "node server.js" },
    }),
    "node_modules/part/package.json": JSON.stringify({ name: "part", version: "1.0.0", bin: { "part-cli": "cli.js" } }),
    "node_modules/part/index.js": "module.exports = 'part';\n",
    "node_modules/part/cli.js": "#!/usr/bin/env node\nconsole.log(process.argv[2] === '--version' ? '1.0.0' : 'usage');\n",
    "node_modules/esm-part/package.json": JSON.stringify({
      name: "esm-part",
      version: "1.0.0",
      type: "module",
      exports: { import: "./index.js" },
    }),
    "node_modules/esm-part/index.js": "export default 'esm';\n",
    "server.js":
      "require('node:http').createServer((request, response) => response.writeHead(request.url === '/health' ? 200 : 500).end('ok')).listen(Number(process.env.PORT ?? 3000));\n",
    // Says what it sees of the machine, and fails where it should not.
    "look.js": `const fs = require("node:fs"), os = require("node:os"), net = require("node:net");
// A program that is covered is a device that holds nothing.
const seen = process.argv.slice(2).filter((path) => fs.existsSync(path) && !fs.statSync(path).isCharacterDevice());
const wrote = [__dirname, "/usr", "/etc", "/"].filter((folder) => { try { fs.writeFileSync(folder + "/written", ""); return true; } catch { return false; } });
const extra = Object.keys(process.env).filter((name) => !/^(PATH|HOME|NODE_OPTIONS|ENVPACK_\\w+|PORT|PWD|LANG|SHLVL|OLDPWD|_)$/.test(name));
const sockets = Object.keys(os.networkInterfaces()).filter((name) => name !== "lo");
console.error(JSON.stringify({ seen, wrote, extra, sockets, uid: process.getuid(), home: process.env.HOME }));
process.exitCode = seen.length + wrote.length + extra.length + sockets.length;
`,
  });
}
