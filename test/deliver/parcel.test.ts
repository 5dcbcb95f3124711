import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { create } from "tar";
import { beforeEach, describe, expect, it } from "vitest";
import { distroOf, folderOfParcelFile, parcelFile, plainParcelName } from "../../src/deliver/parcel/parcel-name.js";
import { parcelFiles } from "../../src/deliver/parcel/descriptor.js";
import { parcelManifest } from "../../src/verbs/parcel-manifest.js";
import { checkRepository } from "./parcel-rules.js";
import { scratchFolder } from "../scratch.js";

let folder: string;

beforeEach(() => {
  folder = scratchFolder("parcels");
});

/** A parcel of the files that a real one has in its meta folder, made by node-tar. */
async function makeParcel(file: string, top: string, files: Readonly<Record<string, string>>): Promise<string> {
  const scratch = mkdtempSync(join(folder, "scratch-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(scratch, top, name)), { recursive: true });
    writeFileSync(join(scratch, top, name), text);
  }
  await create({ file: join(folder, file), cwd: scratch, gzip: true }, [top]);
  rmSync(scratch, { recursive: true });
  return join(folder, file);
}

function metaOf(name: string, version: string): Record<string, string> {
  const files = parcelFiles({ parcel: { name, version, distro: "el8" }, environment: "shop", node: "20.20.2" });
  return Object.fromEntries(files.map(({ path, source }) => [path, source.kind === "bytes" ? Buffer.from(source.bytes).toString() : ""]));
}

describe("a parcel's name", () => {
  it("is taken apart at its first and last dash", () => {
    expect(parcelFile({ name: "SHOP", version: "1.4.0-rc.1", distro: "el8" })).toBe("SHOP-1.4.0-rc.1-el8.parcel");
    expect(folderOfParcelFile("SHOP-1.4.0-rc.1-el8.parcel")).toBe("SHOP-1.4.0-rc.1");
    expect(folderOfParcelFile("SHOP.parcel")).toBeNull();
  });

  it("comes from a package's name without its scope's mark and dashes", () => {
    expect(plainParcelName("@acme/web-shop")).toBe("acme_web_shop");
  });

  it.each([
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.9"\n', "el8"],
    ['ID="rhel"\nVERSION_ID="9.4"\n', "el9"],
    ['NAME="SLES"\nID="sles"\nVERSION_ID="15.5"\n', "sles15"],
    ['ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n', "bookworm"],
    ["ID=alpine\nVERSION_ID=3.20\n", null],
  ])("ends in what Cloudera Manager calls the system (%#)", (text, distro) => {
    expect(distroOf(text)).toBe(distro);
  });
});

describe("parcel-manifest", () => {
  it("writes what a repository needs, by name, with the digest of each file", async () => {
    const b = await makeParcel("SHOP-1.4.0-el8.parcel", "SHOP-1.4.0", metaOf("SHOP", "1.4.0"));
    await makeParcel("API-2-rc.1-el8.parcel", "API-2-rc.1", { ...metaOf("API", "2-rc.1"), "meta/release-notes.txt": "new\n" });
    utimesSync(b, 2_000_000_000, 2_000_000_000);
    const result = await parcelManifest({ path: folder });
    const written: unknown = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
    expect(checkRepository(written)).toEqual([]);
    expect(result.parcels.map(({ parcelName }) => parcelName)).toEqual(["API-2-rc.1-el8.parcel", "SHOP-1.4.0-el8.parcel"]);
    expect(result.parcels[1]?.hash).toBe(createHash("sha1").update(readFileSync(b)).digest("hex"));
    expect(result.parcels[0]?.releaseNotes).toBe("new\n");
    expect(result.lastUpdated).toBe(2_000_000_000_000);
  });

  it.each([
    ["a name that tells no version", "SHOP.parcel", "SHOP", "SHOP", "1.4.0", /its name is not/],
    ["another folder inside", "SHOP-1.4.0-el8.parcel", "SHOP-1.3.0", "SHOP", "1.4.0", /holds no SHOP-1\.4\.0\/meta\/parcel\.json/],
    ["another name in its parcel.json", "SHOP-1.4.0-el8.parcel", "SHOP-1.4.0", "API", "1.4.0", /names "API-1\.4\.0"/],
  ])("refuses %s, and leaves an older manifest as it was", async (_, file, top, name, version, message) => {
    writeFileSync(join(folder, "manifest.json"), "old");
    await makeParcel(file, top, metaOf(name, version));
    await expect(parcelManifest({ path: folder })).rejects.toMatchObject({
      code: "NOT_A_PARCEL",
      path: join(folder, file),
      message: expect.stringMatching(message),
    });
    expect(readFileSync(join(folder, "manifest.json"), "utf8")).toBe("old");
  });

  it.each([
    ["a text", Buffer.from("hello")],
    ["nothing", Buffer.alloc(0)],
  ])("refuses a parcel that is %s", async (_, bytes) => {
    writeFileSync(join(folder, "SHOP-1.4.0-el8.parcel"), bytes);
    await expect(parcelManifest({ path: folder })).rejects.toMatchObject({ code: "NOT_A_PARCEL" });
  });

  it("refuses one that was cut off", async () => {
    const file = await makeParcel("SHOP-1.4.0-el8.parcel", "SHOP-1.4.0", metaOf("SHOP", "1.4.0"));
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, whole.length - 40));
    await expect(parcelManifest({ path: folder })).rejects.toMatchObject({ code: "NOT_A_PARCEL" });
  });

  it("does not wait for a pipe of a parcel's name", async () => {
    execFileSync("mkfifo", [join(folder, "SHOP-1.4.0-el8.parcel")]);
    await expect(parcelManifest({ path: folder })).rejects.toMatchObject({ code: "NOT_A_PARCEL", message: "not a parcel: it is no file" });
  });

  it("says so of a folder without parcels, and of none", async () => {
    await expect(parcelManifest({ path: folder })).rejects.toMatchObject({ code: "NOT_A_PARCEL", path: folder });
    await expect(parcelManifest({ path: join(folder, "no") })).rejects.toMatchObject({ code: "IO" });
  });
});
