import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SystemEntry } from "./raw-tar.js";

const file = (path: string, bytes: Uint8Array): SystemEntry => ({ path, mode: 0o644, bytes });

/**
 * What tells of the packages that files of this system came with: their licence texts, and the records by which
 * scanners know their versions, where distroless images have them too. Empty on a system whose packages cannot be told.
 *
 * @param files absolute, in every form under which a record may list them
 * @param also packages that go in without a file
 */
export function packageRecords(files: readonly (readonly string[])[], also: readonly string[], root = "/"): readonly SystemEntry[] {
  if (existsSync(join(root, "var/lib/dpkg/status"))) return debianRecords(files, also, root);
  if (existsSync(join(root, "lib/apk/db/installed"))) return alpineRecords(files, also, root);
  return ["glibc", "libgcc", "libstdc++"].flatMap((name) => licenceFolder(`usr/share/licenses/${name}`, root));
}

function licenceFolder(folder: string, root: string): SystemEntry[] {
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : [];
  return names.map((name) => file(`${folder}/${name}`, readFileSync(join(root, folder, name))));
}

/** dpkg(1): info/NAME.list has a path a line, status a paragraph a package. */
function debianRecords(files: readonly (readonly string[])[], also: readonly string[], root: string): SystemEntry[] {
  const info = join(root, "var/lib/dpkg/info");
  const owners = new Set(also);
  const names = new Set(files.flat().map((path) => path.slice(path.lastIndexOf("/") + 1)));
  // One look at the text spares taking apart the lists of all that has nothing of it.
  const hasAny = new RegExp(`/(?:${[...names].map((one) => one.replaceAll(/\W/g, "\\$&")).join("|")})$`, "m");
  for (const name of readdirSync(info).filter((one) => one.endsWith(".list"))) {
    const text = readFileSync(join(info, name), "utf8");
    if (!hasAny.test(text)) continue;
    const listed = new Set(text.split("\n"));
    if (files.some((forms) => forms.some((form) => listed.has(form)))) owners.add(name.slice(0, -".list".length).replace(/:.*/, ""));
  }
  const paragraphs = readFileSync(join(root, "var/lib/dpkg/status"), "utf8").split("\n\n");
  const entries = [...owners].sort().flatMap((owner) => {
    const paragraph = paragraphs.find((one) => one.startsWith(`Package: ${owner}\n`) && /^Status: .* installed$/m.test(one));
    if (paragraph === undefined) return [];
    const copyright = join(root, "usr/share/doc", owner, "copyright");
    const licence = existsSync(copyright) ? [file(`usr/share/doc/${owner}/copyright`, readFileSync(copyright))] : [];
    return [file(`var/lib/dpkg/status.d/${owner}`, Buffer.from(`${paragraph.trim()}\n`)), ...licence];
  });
  return [...entries, ...commonLicences(entries, root)];
}

/** Copyright files refer to the texts that many packages share. */
function commonLicences(entries: readonly SystemEntry[], root: string): SystemEntry[] {
  const named = new Set(
    entries.flatMap(({ bytes }) =>
      [
        ...Buffer.from(bytes ?? [])
          .toString("utf8")
          .matchAll(/\/usr\/share\/common-licenses\/([A-Za-z]+(?:-\d+(?:\.\d+)?)?)/g),
      ].map((match) => match[1] ?? ""),
    ),
  );
  return [...named].sort().flatMap((name) => {
    const text = join(root, "usr/share/common-licenses", name);
    return existsSync(text) ? [file(`usr/share/common-licenses/${name}`, readFileSync(text))] : [];
  });
}

/** apk(5): a paragraph a package, with F: a folder and R: a file in it. */
function alpineRecords(files: readonly (readonly string[])[], also: readonly string[], root: string): SystemEntry[] {
  const wanted = new Set(files.flat());
  const kept = readFileSync(join(root, "lib/apk/db/installed"), "utf8")
    .split("\n\n")
    .filter((paragraph) => {
      let folder = "";
      for (const line of paragraph.split("\n")) {
        if (line.startsWith("P:") && also.includes(line.slice(2))) return true;
        if (line.startsWith("F:")) folder = line.slice(2);
        if (line.startsWith("R:") && wanted.has(`/${folder}/${line.slice(2)}`)) return true;
      }
      return false;
    });
  return kept.length === 0 ? [] : [file("lib/apk/db/installed", Buffer.from(`${kept.map((one) => one.trim()).join("\n\n")}\n\n`))];
}
