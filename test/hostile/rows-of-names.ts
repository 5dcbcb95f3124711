import { fileLine, file, folder, folderLine, hardlink, linkLine, symlink, type RawEntry } from "./raw-archive.js";
import { longEntry, pax, paxRecord, rawEntry, rawHeader } from "./raw-tar.js";
import { CORRUPT, hidden, listed, type Row } from "./rows.js";

/** Names, links and kinds: rows 1 to 18. */
const names = (number: number, ...paths: string[]): Row[] =>
  paths.map((path) => listed(number, JSON.stringify(path), { inside: [file(path)] }));
const smuggled = (tar: Buffer, path: string): readonly RawEntry[] => [{ tar, line: fileLine(path) }];
const garbled = (bytes: string): Buffer => Buffer.concat([Buffer.from("app/"), Buffer.from(bytes, "hex")]);
const long = (path: string): readonly RawEntry[] => [{ tar: longEntry(path), line: fileLine(path) }];

export function rowsOfNames(canary: string): Row[] {
  return [
    ...names(
      1,
      "../evil",
      "app/../../evil",
      canary,
      `/${canary}`,
      "..\\evil",
      "C:evil",
      "\\\\host\\share\\evil",
      "app/..",
      "app/../app/b.js",
    ),
    hidden(2, "../evil in a pax path only", {
      inside: smuggled(Buffer.concat([pax([paxRecord("path", "../evil")]), rawEntry({ name: "app/b.js" }, "x")]), "app/b.js"),
    }),
    listed(2, "../evil in a pax path and the index", {
      inside: smuggled(Buffer.concat([pax([paxRecord("path", "../evil")]), rawEntry({ name: "app/b.js" }, "x")]), "../evil"),
    }),
    hidden(2, "../evil in a global pax path", {
      inside: smuggled(Buffer.concat([pax([paxRecord("path", "../evil")], "g"), rawEntry({ name: "app/b.js" }, "x")]), "app/b.js"),
    }),
    hidden(2, "../evil in a GNU long name", {
      inside: smuggled(
        Buffer.concat([rawEntry({ name: "././@LongLink", type: "L" }, "../evil\0"), rawEntry({ name: "app/b.js" }, "x")]),
        "app/b.js",
      ),
    }),
    hidden(2, ".. in the ustar prefix", { inside: smuggled(rawEntry({ name: "evil", prefix: ".." }, "x"), "evil") }),
    ...names(2, "../target-evil"),
    hidden(3, "NUL in a pax path", {
      inside: smuggled(Buffer.concat([pax([paxRecord("path", "app/b.js\0.txt")]), rawEntry({ name: "app/b.js" }, "x")]), "app/b.js"),
    }),
    listed(3, "NUL in an indexed path", { inside: smuggled(rawEntry({ name: "app/b.js" }, "x"), "app/b.js\0.txt") }),
    hidden(3, "NUL in a pax linkpath", {
      inside: [
        {
          tar: Buffer.concat([pax([paxRecord("linkpath", "a.js\0/etc")]), rawHeader({ name: "app/l", type: "2", link: "a.js" })]),
          line: linkLine("app/l", "a.js"),
        },
      ],
    }),
    ...names(3, "app/new\nline", "app/\u001b[31mred", "app/\u009bdel\u007f"),
    listed(4, "invalid UTF-8", {
      inside: [
        {
          tar: rawEntry({ name: garbled("ff") }, "x"),
          line: Buffer.concat([
            Buffer.from('{"type":"file","path":"'),
            garbled("ff"),
            Buffer.from(fileLine("").slice('{"type":"file","path":"'.length)),
          ]),
        },
      ],
    }),
    listed(4, "two names that decode to the same", {
      inside: ["ff", "fe"].map((bytes) => ({ tar: rawEntry({ name: garbled(bytes) }, "x"), line: fileLine("app/\ufffd") })),
    }),
    listed(4, "half a surrogate pair", { inside: smuggled(rawEntry({ name: garbled("eda080") }, "x"), "app/\ud800") }),
    ...names(5, "", "."),
    listed(5, "a name of 256 bytes", { inside: long(`app/${"n".repeat(256)}`) }),
    listed(5, "a path of 5,000 bytes", { inside: long(`app/${"deep/".repeat(1000)}x`) }),
    listed(5, "20,000 levels", { inside: long(`${"d/".repeat(20_000)}x`) }),
    listed(5, "a name of 1 MiB", { inside: long("n".repeat(1 << 20)) }, CORRUPT),
    listed(6, "one name twice", { inside: [file("app/a.js", "y")] }),
    ...names(6, "app//b.js", "./app/b.js", "app/./b.js", "app/b.js/"),
    listed(6, "a file, then its child", { inside: [file("app/a.js/b.js")] }),
    listed(6, "a folder, then a file of its name", { inside: [file("app")] }),
    listed(6, "a child without its folder", { inside: [file("lib/b.js")] }),
    listed(
      8,
      "names that Windows reserves",
      { inside: ["app/CON", "app/a.", "app/f:x", "app/nul.txt"].map((path) => file(path)) },
      "accept",
    ),
    listed(9, "a link to an absolute path", { inside: [symlink("app/l", canary)] }),
    listed(9, "a link out of the root", { inside: [symlink("app/l", "../../evil")] }),
    listed(10, "a link, then a write through it", { inside: [symlink("app/l", "../.."), file("app/l/evil")] }),
    listed(10, "a link inside, then a write through it", { inside: [symlink("app/l", "../bin"), file("app/l/b.js")] }),
    listed(10, "a link, then a file of its name", { inside: [symlink("app/l", "a.js"), file("app/l")] }),
    listed(10, "a link, then a folder of its name", { inside: [symlink("app/l", "../bin"), folder("app/l")] }),
    listed(10, "a folder replaced by a link", { inside: [symlink("bin", "app"), file("bin/evil")] }),
    listed(11, "inside by its text, outside through another", {
      inside: [folder("a"), folder("a/b"), folder("a/b/c"), symlink("a/b/c/up", "../.."), symlink("a/b/e", "c/up/../..")],
    }),
    listed(12, "two links in a circle", { inside: [symlink("app/l", "m"), symlink("app/m", "l")] }),
    listed(12, "a link to itself", { inside: [symlink("app/l", "l")] }),
    listed(
      12,
      "the root folder as a link",
      { frames: ([first = [], ...rest]) => [[symlink(".envpack", "app"), ...first.slice(1)], ...rest] },
      CORRUPT,
    ),
    listed(13, "a hard link to an absolute path", { inside: [hardlink("app/h", canary)] }),
    listed(13, "a hard link out of the root", { inside: [hardlink("app/h", "../evil")] }),
    listed(13, "a hard link through a link", { inside: [symlink("app/l", "../bin"), file("bin/b.js"), hardlink("app/h", "app/l/b.js")] }),
    listed(13, "a hard link to a link", { inside: [hardlink("app/h", "app/way")] }),
    listed(13, "a hard link forward", { inside: [hardlink("app/h", "app/z.js"), file("app/z.js")] }),
    listed(13, "a hard link to nothing", { inside: [hardlink("app/h", "app/none")] }),
    listed(13, "a hard link to itself", { inside: [hardlink("app/h", "app/h")] }),
    listed(13, "a hard link to a folder", { inside: [hardlink("app/h", "bin")] }),
    listed(13, "a hard link, then a file of its name", { inside: [hardlink("app/h", "app/a.js"), file("app/h", "y")] }),
    listed(
      14,
      "a tree as pnpm makes it, dangling links, .bin",
      {
        inside: [
          ...["app/node_modules", "app/node_modules/.pnpm", "app/node_modules/.pnpm/x@1", "app/node_modules/.bin"].map(folder),
          file("app/node_modules/.pnpm/x@1/cli.js"),
          symlink("app/node_modules/x", ".pnpm/x@1"),
          symlink("app/node_modules/.bin/x", "../x/cli.js"),
          symlink("app/node_modules/gone", ".pnpm/gone@1/none"),
        ],
      },
      "accept",
    ),
    ...["3", "4", "6", "7"].map((type) =>
      hidden(15, `a special file of type ${type}`, {
        inside: smuggled(rawHeader({ name: "app/dev", type, devmajor: "000001 \0" }), "app/dev"),
      }),
    ),
    hidden(15, "a named pipe, then a file of its name", {
      inside: smuggled(Buffer.concat([rawHeader({ name: "app/p", type: "6" }), rawEntry({ name: "app/p" }, "x")]), "app/p"),
    }),
    listed(15, "a device that the index lists", {
      inside: [{ tar: rawHeader({ name: "app/dev", type: "3" }), line: '{"type":"device","path":"app/dev"}' }],
    }),
    ...["Z", "M", "V", "S", "D", "\0"].map((type) =>
      hidden(16, `an entry of type ${JSON.stringify(type)}`, { inside: smuggled(rawEntry({ name: "app/b.js", type }, "x"), "app/b.js") }),
    ),
    hidden(16, "a sparse file of 1 TiB", {
      inside: smuggled(
        Buffer.concat([
          pax([paxRecord("GNU.sparse.major", "1"), paxRecord("GNU.sparse.minor", "0"), paxRecord("GNU.sparse.realsize", "1099511627776")]),
          rawEntry({ name: "app/b.js" }, "x"),
        ]),
        "app/b.js",
      ),
    }),
    hidden(16, "a link with a body", {
      inside: [{ tar: rawEntry({ name: "app/l", type: "2", link: "a.js" }, "body"), line: linkLine("app/l", "a.js") }],
    }),
    hidden(16, "a folder with a body", { inside: [{ tar: rawEntry({ name: "app/d/", type: "5" }, "body"), line: folderLine("app/d") }] }),
    ...["004755 \0", "002755 \0", "001755 \0", "000666 \0", "000777 \0"].map((mode) =>
      hidden(17, `a file of mode ${mode.slice(0, 6)}`, { inside: smuggled(rawEntry({ name: "app/b.js", mode }, "x"), "app/b.js") }),
    ),
    listed(17, "a mode of its own in the index", {
      inside: [{ tar: rawEntry({ name: "app/b.js" }, "x"), line: fileLine("app/b.js", "x", "4755") }],
    }),
    hidden(17, "a folder of mode 0", {
      inside: [{ tar: rawHeader({ name: "app/d/", type: "5", mode: "000000 \0" }), line: folderLine("app/d") }],
    }),
    hidden(18, "an owner", { inside: smuggled(rawEntry({ name: "app/b.js", uid: "001750 \0", uname: "root" }, "x"), "app/b.js") }),
    listed(50, "a staging folder with a journal", {
      inside: [folder(".envpack-1-0123456789ab"), file(".envpack-1-0123456789ab/moving.json", '["app","precious"]')],
    }),
    listed(50, "a staging folder with a target to put back", {
      inside: [folder("app/.t.envpack-1-0123456789ab"), folder("app/.t.envpack-1-0123456789ab/old")],
    }),
    ...names(
      50,
      ".envpack-lock",
      "app/.t.envpack-lock",
      "app/.envpack-output-1-01234567",
      ".ENVPACK-LOCK",
      "app/.Envpac\u212a-lock",
      "app/.env\u200cpack-lock",
      ".envpack/relocating-lock",
      ".envpack/repairing-1",
    ),
    listed(50, "a link of a staging folder's name", { inside: [symlink(".envpack-1-0123456789ab", "app")] }),
    listed(65, "a record of relocations", { inside: [file(".envpack/relocated.json", "{}")] }),
    listed(65, "a record of relocations further down", { inside: [folder("app/.envpack"), file("app/.envpack/relocated.json", "{}")] }),
    listed(65, "a folder in the place of that record", { inside: [folder(".envpack/relocated.json"), file(".envpack/relocated.json/x")] }),
    listed(
      65,
      "names that only look like envpack's own",
      { inside: ["app/envpack-lock", "app/.envpack.js", "app/relocated.json", "app/x.envpack-y"].map((path) => file(path)) },
      "accept",
    ),
    hidden(18, "an xattr and a capability", {
      inside: smuggled(
        Buffer.concat([
          pax([paxRecord("SCHILY.xattr.security.capability", Buffer.from("0100000200040000", "hex"))]),
          rawEntry({ name: "app/b.js" }, "x"),
        ]),
        "app/b.js",
      ),
    }),
  ];
}
