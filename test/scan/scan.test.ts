import { describe, expect, it } from "vitest";
import { spellingsOf } from "../../src/scan/spelling.js";
import { compileRoots, isBinary, narrowNeedles, scanContent, type ScanRoot } from "../../src/scan/scan.js";

const ROOT: ScanRoot = { path: "/opt/x", arcpath: "app" };

function find(text: string, ...roots: ScanRoot[]): string[] {
  const bytes = Buffer.from(text);
  const places = scanContent(bytes, compileRoots(roots.length === 0 ? [ROOT] : roots));
  return places.map((place) => `${place.spelling} ${place.root} ${bytes.subarray(place.at, place.at + place.length).toString()}`);
}

describe("a root is found", () => {
  it.each([
    ["alone", "/opt/x"],
    ["with a path below it", "/opt/x/lib/a.js"],
    ["in a string", '{"dir":"/opt/x"}'],
    ["in a list of paths", "PATH=/bin:/opt/x:/usr/bin"],
    ["before an escape of a string literal", '"in /opt/x\\n"'],
    ["behind an escape of a string literal", '"\\n/opt/x/a", "\\u0000/opt/x"'.slice(0, 13)],
    ...["I", "L", "F", "R", "B", "isystem", "iquote", "idirafter"].map((flag): [string, string] => [
      `behind a compiler's flag -${flag}`,
      `cc -${flag}/opt/x/include`,
    ]),
    ["before a loader's mark", "/opt/x!./style.css"],
    ["behind Windows line ends", "a\r\n/opt/x\r\n"],
  ])("%s", (_, text) => {
    expect(find(text)).toEqual(["plain app /opt/x"]);
  });

  it("as a file: URL, whose text is that of the path", () => {
    expect(find("import 'file:///opt/x/a.mjs'; file:/opt/x")).toEqual(["url app /opt/x", "plain app /opt/x"]);
  });

  it("with escaped slashes", () => {
    expect(find('"dir":"\\/opt\\/x\\/lib", "\\/opt\\/x"')).toEqual(["escaped app \\/opt\\/x", "escaped app \\/opt\\/x"]);
    expect(find('"file:\\/\\/\\/opt\\/x\\/lib"')).toEqual(["escaped app \\/opt\\/x"]);
  });

  it("with escaped slashes in upper and lower hex, and with the leading slash left alone", () => {
    expect(find("?p=%2Fopt%2Fx%2Fa&q=%2fopt%2fx&r=/opt%2Fx%2Fa s=file%3A%2F%2F%2Fopt%2Fx")).toEqual([
      "percent app %2Fopt%2Fx",
      "percent app %2fopt%2fx",
      "percent app /opt%2Fx",
      "percent app %2Fopt%2Fx",
    ]);
  });

  it("in the spellings of a path with spaces, letters and quotes", () => {
    const root = { path: '/home/ü b/a"c', arcpath: "" };
    expect(find('file:///home/%C3%BC%20b/a%22c/x.js "/home/ü b/a\\"c" "/home/\\u00fc b/a\\"c" %2Fhome%2F%C3%BC%20b%2Fa%22c', root)).toEqual(
      [
        "url  /home/%C3%BC%20b/a%22c",
        'escaped  /home/ü b/a\\"c',
        'escaped  /home/\\u00fc b/a\\"c',
        "percent  %2Fhome%2F%C3%BC%20b%2Fa%22c",
      ],
    );
  });

  it("as the longest where roots nest, and as the outer one where the inner one's name goes on", () => {
    const inner = { path: "/opt/x/store", arcpath: "store" };
    expect(find("/opt/x/store/a /opt/x/store2 /opt/x/storefront/b", ROOT, inner)).toEqual([
      "plain store /opt/x/store",
      "plain app /opt/x",
      "plain app /opt/x",
    ]);
  });

  it("many times, in ascending order", () => {
    const bytes = Buffer.from("/opt/x /opt/x2 %2Fopt%2Fx /opt/x/a");
    const places = scanContent(bytes, compileRoots([ROOT]));
    expect(places.map((place) => place.at)).toEqual([0, 15, 26]);
  });
});

describe("another path is left alone", () => {
  it.each([
    "/opt/x2",
    "/opt/x-y",
    "/opt/x.bak",
    "/opt/x_y/a",
    "/opt/x~",
    "/opt/x~1/a",
    "x-idirafter/opt/x",
    "/opt/x@2",
    "/opt/xé",
    "/opt/x\\u00e9",
    "/opt/x\\ y",
    "/opt/x%20y",
    "/opt/x$SUFFIX",
    "/opt/x${suffix}",
    "/mnt/opt/x",
    "/mnt/opt/x/a",
    "../opt/x",
    "./opt/x",
    "~/opt/x",
    "${root}/opt/x",
    "$(pwd)/opt/x",
    "**/opt/x",
    "é/opt/x",
    "http://host/opt/x",
    "//opt/x",
    "\\/opt\\/x2",
    "\\/mnt\\/opt\\/x",
    "\\/opt\\/x/mixed",
    "%2Fopt%2Fx2",
    "%2Fmnt%2Fopt%2Fx",
    "mnt%2Fopt%2Fx",
    "%2Fopt%2Fx%C3%A9",
    "%2Fopt%2Fx/mixed",
    "/OPT/X",
    "opt/x",
  ])("%s", (text) => {
    expect(find(text)).toEqual([]);
  });
});

describe("a root that is too general", () => {
  it.each(["/", "/app", "/srv/", "/root", "/usr/local", "/home/node", "/usr/src/app"])("%s is not searched for", (path) => {
    expect(find(`${path} ${path}/node_modules/a`, { path, arcpath: "app" })).toEqual([]);
  });
});

describe("a long file", () => {
  it("is scanned in pieces with the result of the whole, wherever the cut falls", () => {
    const text = `${"-".repeat(40)} /opt/x/a /mnt/opt/x file:///opt/x \\/opt\\/x\\/ /opt/x2 x-idirafter/opt/x ${"-".repeat(40)}`;
    const bytes = Buffer.from(text);
    const needles = compileRoots([ROOT]);
    const whole = scanContent(bytes, needles);
    expect(whole).toHaveLength(3);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const head = scanContent(bytes.subarray(0, Math.min(bytes.length, cut + needles.reach)), needles, 0, cut);
      const start = Math.max(0, cut - needles.reach);
      const tail = scanContent(bytes.subarray(start), needles, cut - start);
      expect([...head, ...tail.map((place) => ({ ...place, at: place.at + start }))]).toEqual(whole);
    }
  });

  it("is binary where it holds a NUL byte", () => {
    expect(isBinary(Buffer.from("a\0b"))).toBe(true);
    expect(isBinary(Buffer.from("ab"))).toBe(false);
  });
});

describe("needles are narrowed to those that may stand in many contents behind each other", () => {
  const roots = ["/opt/x", "/home/ü b/shop-1.4", "/srv/zq_long_name/project", "/Q/bb/cc"].map((path) => ({ path, arcpath: path }));

  it.each(roots)("$path is kept in every spelling", ({ path }) => {
    for (const text of spellingsOf(path).keys()) {
      const kept = narrowNeedles(Buffer.from(`${"x".repeat(50)}"${text}/a"`), compileRoots(roots));
      expect(
        kept.roots.map(({ arcpath }) => arcpath),
        text,
      ).toContain(path);
    }
  });

  it("and none is kept where a part of its name is missing", () => {
    const text = "/srv/zq_long_nam/project /opt-x /home/shop-1 /Q/bb";
    expect(narrowNeedles(Buffer.from(text), compileRoots(roots.slice(1))).roots).toEqual([]);
  });
});
