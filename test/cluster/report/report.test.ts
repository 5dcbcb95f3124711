import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderPage } from "../../../src/evidence/report/page.js";
import { pack } from "../../../src/verbs/pack/pack.js";
import { envpack, has, makeScratch } from "../../real/commands.js";
import { largeFacts } from "../../evidence/report/made-up.js";
import { openPage, type Page } from "./browser.js";

const built = (name: string): string => readFileSync(join(import.meta.dirname, "../../../dist/evidence/report", name), "utf8");
const scratch = makeScratch();
const at = (name: string): string => join(scratch, name);
const noBrowser = has("chromium") ? false : "chromium is not here";

/** Names that would do harm where they were not escaped, or would turn the text around them. */
const HOSTILE = "</script><img src=x onerror=alert(1)>.js";
const TURNED = "\u202Egnp.exe";

const ASSETS = { style: built("page.css"), script: built("page.js") };

/** Each with its name, the window's width, and what it shows. */
const PICTURES = [
  ["wide-light", 1280, "light", "package"],
  ["wide-dark", 1280, "dark", "kind"],
  ["narrow-light", 400, "light", "kind"],
  ["narrow-dark", 400, "dark", "package"],
] as const;

function write(folder: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = at(join(folder, name));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

const packageJson = (name: string, version: string, more: object = {}): string =>
  JSON.stringify({ name, version, license: "MIT", ...more });

function writeShop(folder: string, partVersion: string): void {
  write(folder, {
    "package.json": packageJson("shop", "1.0.0", { dependencies: { part: "1", other: "1" } }),
    ".env": "TOKEN=hush-hush\n",
    "node_modules/part/package.json": packageJson("part", partVersion, { dependencies: { deep: "2" } }),
    "node_modules/part/node_modules/deep/package.json": packageJson("deep", "2.0.0"),
    "node_modules/part/node_modules/deep/index.js": "module.exports = 2;\n".repeat(400),
    "node_modules/other/package.json": packageJson("other", "1.0.0", { dependencies: { deep: "1" }, license: "see <b>LICENSE</b>" }),
    "node_modules/deep/package.json": packageJson("deep", "1.0.0"),
    "node_modules/deep/index.js": "module.exports = 1;\n".repeat(500),
    [`node_modules/other/${HOSTILE}`]: "x".repeat(9e6),
    "node_modules/other/</script><script>alert(1)<": "y".repeat(2000),
    [`node_modules/other/${TURNED}`]: "z".repeat(1000),
  });
}

let page: Page;
let html = "";

describe.skipIf(noBrowser)(`a report in Chromium${noBrowser === false ? "" : ` (skipped: ${noBrowser})`}`, () => {
  beforeAll(async () => {
    writeShop("shop", "1.0.0");
    const packing = envpack(["pack", at("shop"), "-o", at("shop.tar.zst"), "--ignore-lock", "--json"]);
    writeFileSync(at("pack.json"), packing.stdout);
    writeShop("shop", "1.1.0");
    write("shop", { "node_modules/fresh/package.json": packageJson("fresh", "3.0.0"), "node_modules/fresh/index.js": "//\n".repeat(9000) });
    await pack({ path: at("shop"), output: at("shop-2.tar.zst"), ignoreLock: true });
    const made = envpack(["report", at("shop.tar.zst"), "--packed", at("pack.json"), "-o", at("shop 1.html")]);
    expect(made.stderr).toContain("shop 1.html");
    html = readFileSync(at("shop 1.html"), "utf8");
    page = await openPage(at("shop 1.html"), at("profile"));
  });
  afterAll(async () => {
    await page.close();
  });

  test("asks for nothing but itself, and nothing of it is refused by its own policy", () => {
    expect(page.requests).toHaveLength(1);
    expect(page.complaints).toEqual([]);
    expect(html).not.toMatch(/\b(?:src|href)="(?!#)/);
  });

  test("lets no name of a file out of where it stands", async () => {
    expect(await page.evaluate("document.images.length + document.querySelectorAll('script').length")).toBe(2);
    expect(await page.evaluate("document.getElementById('treemap').textContent")).toContain("other");
    expect(html).not.toContain("<img");
    expect(html).not.toContain("\u202E");
    expect(html).not.toContain("<b>LICENSE</b>");
    await page.evaluate("[...document.querySelectorAll('#treemap button')].find((cell) => cell.textContent.startsWith('other')).click()");
    const details = await page.evaluate<string>("document.getElementById('details').textContent");
    expect(details).toContain("</script><script>alert(1)<");
    expect(details).toContain("\\u202egnp.exe");
    expect(await page.evaluate("document.images.length + document.querySelectorAll('script').length")).toBe(2);
  });

  test("a script that gets into the page is not run: its policy names the page's own by its digest", async () => {
    const hostile = html.replace("<main", "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\"><main");
    writeFileSync(at("hostile.html"), hostile);
    const taken = await openPage(at("hostile.html"), at("profile-2"));
    expect(await taken.evaluate("document.title")).toBe("shop 1.0.0: what is inside");
    expect(await taken.evaluate("document.querySelectorAll('#treemap button').length > 2")).toBe(true);
    await taken.close();
  });

  test("tells why a package is here, and which are here twice", async () => {
    const text = await page.evaluate<string>("document.querySelector('main').textContent.replace(/\\s+/g, ' ')");
    expect(text).toContain("shop → part → deep");
    expect(text).toContain("shop → other → deep");
    const copies = await page.evaluate<string>("document.getElementById('duplicates').parentElement.innerText.replace(/\\s+/g, ' ')");
    expect(copies).toMatch(/deep 2 .*1\.0\.0.*for other.*2\.0\.0.*for part/);
  });

  test("names secrets that were left out, and holds nothing of what is in them", async () => {
    const left = await page.evaluate<string>("document.getElementById('left-out').parentElement.textContent.replace(/\\s+/g, ' ')");
    expect(left).toMatch(/app\/\.env\s*secret/);
    expect(html).not.toContain("hush");
  });

  test("tells the runtime's C library by its own header", async () => {
    const natives = await page.evaluate<string>("document.getElementById('natives').parentElement.innerText.replace(/\\s+/g, ' ')");
    expect(natives).toMatch(/bin\/node Node\.js.* linux-\w+ (?:glibc \d+\.\d+ or later|musl)/);
  });

  test("is used by the keyboard: one stop for the map, arrows in it, Enter tells", async () => {
    expect(await page.evaluate("document.querySelectorAll('#treemap button[tabindex=\"0\"]').length")).toBe(1);
    await page.evaluate("document.querySelector('#treemap button[tabindex=\"0\"]').focus()");
    await page.press("Home");
    const first = await page.evaluate<string>("document.activeElement.getAttribute('aria-label')");
    expect(first).toMatch(/^Node\.js/);
    await page.press("ArrowRight");
    const second = await page.evaluate<string>("document.activeElement.getAttribute('aria-label')");
    expect(second).not.toBe(first);
    await page.press("Enter");
    expect(await page.evaluate("document.activeElement.getAttribute('aria-pressed')")).toBe("true");
    expect(await page.evaluate("document.querySelector('#details h3').textContent")).toBe(second.split(",")[0]);
    expect(await page.evaluate("document.querySelectorAll('#treemap button[tabindex=\"0\"]').length")).toBe(1);
  });

  test("is told to those who do not see: headings, tables with names and row headings, labelled fields", async () => {
    const nodes = await page.accessible();
    const named = (role: string): string[] => nodes.filter((node) => node.role === role).map(({ name }) => name);
    expect(named("heading")).toEqual(expect.arrayContaining(["At a glance", "Map of sizes", "What is inside, and why", "Licences"]));
    expect(named("table")).toContain("Packages by size");
    expect(named("rowheader").join("\n")).toContain("part");
    const fields = named("button").filter((name) => /, \d.*of all/.test(name));
    expect(fields.length).toBeGreaterThan(4);
    expect(nodes.filter(({ role, name }) => role === "button" && name === "")).toEqual([]);
  });

  test("is readable in light and in dark: every text stands out by 4.5 to 1 at least", async () => {
    for (const scheme of ["light", "dark"]) {
      await page.prefer(scheme);
      const weak = await page.evaluate<string[]>(CONTRAST);
      expect(weak, scheme).toEqual([]);
    }
  });

  test("fits a narrow screen without scrolling sideways, and the map is drawn for it", async () => {
    for (const width of [360, 1280]) {
      await page.resize(width, 900);
      expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
      const right = await page.evaluate<number>(
        "Math.max(...[...document.querySelectorAll('#treemap button')].map((cell) => cell.offsetLeft + cell.offsetWidth)) - document.getElementById('treemap').clientWidth",
      );
      expect(Math.abs(right)).toBeLessThan(4);
    }
  });

  test("has pictures to be looked at: ENVPACK_TEST_PICTURES=FOLDER keeps them", async () => {
    const folder = process.env.ENVPACK_TEST_PICTURES;
    for (const [name, width, scheme, mode] of PICTURES) {
      await page.resize(width, 1000);
      await page.prefer(scheme);
      await page.evaluate(`document.querySelector("input[value=${mode}]").click()`);
      await page.evaluate("document.querySelector('#treemap button').click()");
      await page.evaluate("document.documentElement.style.scrollBehavior = 'auto', document.getElementById('map').scrollIntoView()");
      const picture = await page.picture();
      expect(picture.length).toBeGreaterThan(10_000);
      if (folder !== undefined) writeFileSync(join(folder, `${name}.png`), picture);
    }
  });

  test("sorts a table by a column", async () => {
    const names = "[...document.querySelectorAll('#packages ~ .scroll tbody th > bdi')].map((cell) => cell.textContent)";
    await page.evaluate("document.querySelector('#packages ~ .scroll thead button').click()");
    const sorted = await page.evaluate<string[]>(names);
    expect(sorted).toEqual([...sorted].sort(new Intl.Collator("en", { numeric: true }).compare));
  });

  test("of 75,000 files is drawn and answers within seconds", async () => {
    writeFileSync(at("large.html"), renderPage({ facts: largeFacts(1500, 50), compared: null, packing: null }, ASSETS));
    const began = performance.now();
    const large = await openPage(at("large.html"), at("profile-4"));
    expect(await large.evaluate<number>("document.querySelectorAll('#treemap button').length")).toBeGreaterThan(100);
    const drawn = await large.evaluate<number>(
      "(() => { const began = performance.now(); document.querySelector('input[value=kind]').click(); return performance.now() - began; })()",
    );
    expect(drawn).toBeLessThan(2000);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(large.complaints).toEqual([]);
    await large.close();
  });

  test("of two archives tells what changed", async () => {
    const made = envpack(["report", at("shop.tar.zst"), at("shop-2.tar.zst"), "-o", at("changes.html")]);
    expect(made.stderr).toContain("not as before");
    const changes = await openPage(at("changes.html"), at("profile-3"));
    const rows = await changes.evaluate<string[]>(
      "[...document.querySelectorAll('#changes ~ .scroll')].flatMap((table) => [...table.querySelectorAll('tbody tr')]).map((row) => row.innerText.replace(/\\s+/g, ' '))",
    );
    expect(rows.join("\n")).toMatch(/fresh added – 3\.0\.0/);
    expect(rows.join("\n")).toMatch(/part other version 1\.0\.0 1\.1\.0/);
    expect(rows.join("\n")).not.toMatch(/^deep /m);
    await changes.evaluate("document.querySelector('input[value=change]').click()");
    expect(await changes.evaluate("document.querySelectorAll('#treemap .change-added').length")).toBe(1);
    expect(changes.complaints).toEqual([]);
    await changes.close();
  });
});

describe("what envpack report refuses", () => {
  test("what pack printed of another archive, with the way to have the right one", () => {
    writeShop("plain", "1.0.0");
    const packed = envpack(["pack", at("plain"), "-o", at("plain.tar.zst"), "--ignore-lock", "--node", "none", "--json"]);
    writeFileSync(at("other.json"), packed.stdout.replace(/"sha256": *"[0-9a-f]{64}"/, `"sha256":"${"0".repeat(64)}"`));
    const refused = envpack(["report", at("plain.tar.zst"), "--packed", at("other.json"), "-o", at("no.html")]);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^envpack: error\[REPORT_INVALID\][^\n]*another one[^\n]*\nhint: [^\n]*pack --json/);
    expect(() => statSync(at("no.html"))).toThrow("ENOENT");
    writeFileSync(at("own.json"), packed.stdout);
    expect(envpack(["report", at("plain.tar.zst"), "--packed", at("own.json"), "-o", at("yes.html")]).status).toBe(0);
    expect(envpack(["report", at("plain.tar.zst"), "-o", at("yes.html")]).stderr).toContain("OUTPUT_EXISTS");
  });
});

/** Texts of the page with what they stand on, by the contrast that WCAG 2.2 asks for. */
const CONTRAST = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const groundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const element of document.querySelectorAll("main *")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "") || element.offsetParent === null) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(groundOf(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) weak.push(element.outerHTML.slice(0, 120));
  }
  return weak;
})()`;
