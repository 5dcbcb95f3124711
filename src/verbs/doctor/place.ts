import { randomBytes } from "node:crypto";
import { access, constants, mkdir, readFile, statfs } from "node:fs/promises";
import { release } from "node:os";
import { dirname, join } from "node:path";
import type { Entry } from "../../archive/entry.js";
import { EnvpackError } from "../../support/errors.js";
import { compareVersions } from "../../support/compare-versions.js";
import { pathTrouble } from "../../support/path-trouble.js";
import type { Fixup } from "../../manifest/fixup.js";
import { probeFileSystem, refuseFoldedPairs } from "../../restore/probe.js";
import { removeTree } from "../../support/remove-tree.js";
import { fails, ok, warning, type Finding } from "./finding.js";

/** Bytes of a path: Linux' PATH_MAX without the NUL. */
const LONGEST_PATH = 4095;

/** What a restored environment takes beside its content: the rest of each file's last block. */
const BLOCK = 4096;

/** What is to be restored, or was. */
export interface Content {
  readonly entries: readonly Entry[];
  /** Of content. */
  readonly bytes: number;
  readonly fixups: readonly Fixup[];
}

/** Whether a folder can take an environment that is to be unpacked there: the nearest one that exists is tried. */
export async function checkTarget(target: string, content: Content): Promise<Finding[]> {
  const folder = await nearest(target);
  return [
    await checkWriting(folder, content),
    ...(await checkSpace(folder, content)),
    ...checkLengths(target, content),
    ...checkPath(target),
  ];
}

/** Whether an environment may run from where it lies. */
export async function checkFolder(folder: string, content: Content, relocatedTo: string | null): Promise<Finding[]> {
  const program = content.entries.find((entry) => entry.type === "file" && entry.executable);
  const mount = await mountOf(folder);
  const found: Finding[] = [];
  const isRunnable =
    program === undefined ||
    (await access(join(folder, program.path), constants.X_OK).then(
      () => true,
      () => false,
    ));
  if (!isRunnable) found.push(noexec(folder, mount));
  const isWritable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  found.push(ok("folder", `${folder}${mount === null ? "" : ` on ${mount.type}`}${isWritable ? "" : ", read-only: it runs all the same"}`));
  if (content.fixups.length > 0 && relocatedTo !== folder) {
    const count = `${content.fixups.length} of its files still name another place than this one`;
    found.push(
      warning(
        "old place",
        count,
        isWritable
          ? "envpack relocate writes this place into them"
          : "copy it to where it can be written and run envpack relocate there, or pack with --dest-prefix",
      ),
    );
  }
  return [...found, ...checkLengths(folder, content), ...checkPath(folder)];
}

/** Whether the variables of an activated environment can hold its place. */
function checkPath(folder: string): Finding[] {
  const trouble = pathTrouble(folder);
  return trouble === null ? [] : [fails("path", trouble.message, trouble.hint)];
}

async function nearest(target: string): Promise<string> {
  for (let at = target; ; at = dirname(at))
    if (
      at === dirname(at) ||
      (await access(at).then(
        () => true,
        () => false,
      ))
    )
      return at;
}

async function checkWriting(folder: string, { entries }: Content): Promise<Finding> {
  const probe = join(folder, `.envpack-doctor-${randomBytes(6).toString("hex")}`);
  const mount = await mountOf(folder);
  try {
    await mkdir(probe, { mode: 0o700 });
    try {
      refuseFoldedPairs(entries, await probeFileSystem(probe, folder));
    } finally {
      await removeTree(probe);
    }
    return ok("folder", `${folder}${mount === null ? "" : ` on ${mount.type}`} takes files, links and programs`);
  } catch (error) {
    if (error instanceof EnvpackError && /noexec/.test(error.message)) return noexec(folder, mount);
    if (error instanceof EnvpackError) return fails("folder", error.message, error.hint ?? "name another folder");
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const why = code === "EROFS" ? "its file system is read-only" : `this user may not write there (${code})`;
    return fails("folder", `nothing can be unpacked to ${folder}: ${why}`, "name another folder with --target");
  }
}

function noexec(folder: string, mount: Mount | null): Finding {
  const where = mount?.options.includes("noexec") === true ? `${mount.point} is mounted noexec` : "programs there may not be executed";
  return fails("noexec", `nothing of it can run from ${folder}: ${where}`, "use a folder on another mount, or have it mounted with exec");
}

async function checkSpace(folder: string, { entries, bytes }: Content): Promise<Finding[]> {
  const { bavail, bsize, ffree, files } = await statfs(folder);
  const count = entries.filter(({ type }) => type !== "hardlink").length;
  const needed = bytes + count * BLOCK;
  const free = bavail * bsize;
  const space =
    free < needed
      ? fails(
          "space",
          `${megabytes(free)} are free, and it takes about ${megabytes(needed)}`,
          "free some space, or name another folder with --target",
        )
      : ok("space", `${megabytes(free)} free, it takes about ${megabytes(needed)}`);
  // File systems that make inodes as they go say 0 of 0.
  if (files === 0 || ffree >= count) return [space];
  return [
    space,
    fails(
      "inodes",
      `${ffree} files more can be made, and it has ${count}`,
      "name another folder with --target, or use one file: a squashfs image",
    ),
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
}

/** Paths of the environment, and the first lines of scripts that name its place. */
function checkLengths(folder: string, { entries, fixups }: Content): Finding[] {
  const root = Buffer.byteLength(folder);
  const longest = entries.reduce((most, { path }) => Math.max(most, Buffer.byteLength(path)), 0);
  const found: Finding[] = [];
  if (root + 1 + longest > LONGEST_PATH) {
    found.push(
      fails(
        "path length",
        `its longest path would have ${root + 1 + longest} bytes, and ${LONGEST_PATH} are allowed`,
        "choose a shorter folder",
      ),
    );
  }
  const limit = compareVersions(kernelVersion(), "5.1") < 0 ? 127 : 255;
  // "#!" and the place: what follows it in that line is a few bytes more.
  const scripts = fixups.filter(
    ({ kind, places }) => kind === "text" && places[0] !== undefined && places[0].at <= 3 && places[0].at + root + 16 > limit,
  );
  if (scripts.length > 0) {
    const first = scripts[0]?.path ?? "";
    found.push(
      fails(
        "shebang",
        `${scripts.length} scripts (${first}) name this folder in their first line, of which this kernel reads ${limit} bytes`,
        "choose a shorter folder",
      ),
    );
  }
  if (found.length > 0) return found;
  return [
    ok(
      "path length",
      `longest path ${root + 1 + longest} of ${LONGEST_PATH} bytes; ${fixups.length === 0 ? "no file names its place" : "first lines of scripts fit"}`,
    ),
  ];
}

function kernelVersion(): string {
  return /^\d+(?:\.\d+)*/.exec(release())?.[0] ?? "0";
}

interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The mount that a folder lies on, by /proc/self/mounts (proc(5)); null where there is none. */
async function mountOf(folder: string): Promise<Mount | null> {
  const content = await readFile("/proc/self/mounts", "utf8").catch(() => "");
  const mounts = content.split("\n").flatMap((line): Mount[] => {
    const [, point, type, options] = line
      .split(" ")
      .map((part) => part.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
    return point === undefined || type === undefined || options === undefined ? [] : [{ point, type, options: options.split(",") }];
  });
  const holds = ({ point }: Mount): boolean => folder === point || folder.startsWith(point === "/" ? "/" : `${point}/`);
  // Of mounts at one point the last one covers the others.
  return mounts
    .filter(holds)
    .reduce<Mount | null>((best, mount) => (best === null || mount.point.length >= best.point.length ? mount : best), null);
}
