import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NOBODY } from "../real/commands.js";

/**
 * A small disk of its own (where this user may mount one) with canaries around the place that an
 * archive is unpacked to: whatever gets out of that place shows.
 */
export class Box {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "envpack-hostile-")));
  readonly archives = join(this.path, "archives");
  readonly #disk = join(this.path, "disk");
  readonly #mounted: boolean;

  constructor(size = "80m") {
    for (const folder of [this.archives, this.#disk]) mkdirSync(folder);
    this.#mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "none", this.#disk]).status === 0;
    for (const folder of [this.path, this.archives, this.#disk]) chmodSync(folder, 0o755);
    for (const user of ["own", "nobody"]) {
      mkdirSync(join(this.#disk, user));
      for (const name of ["canary", "evil", "target-evil", "passwd"]) writeFileSync(join(this.#disk, user, name), "untouched");
    }
    if (process.getuid?.() === 0) chownSync(join(this.#disk, "nobody"), NOBODY.uid, NOBODY.gid);
  }

  /** An absolute path that hostile names lead to: nothing is there. */
  get escape(): string {
    return join(this.#disk, "own", "escaped");
  }

  targetOf(user: "own" | "nobody"): string {
    return join(this.#disk, user, "target");
  }

  removeTargets(): void {
    for (const user of ["own", "nobody"] as const) rmSync(this.targetOf(user), { recursive: true, force: true });
  }

  /** Everything on the disk but the targets. */
  snapshot(): string {
    const lines: string[] = [];
    const targets = new Set([this.targetOf("own"), this.targetOf("nobody")]);
    const pending = [this.#disk];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (const name of readdirSync(folder).sort()) {
        const path = join(folder, name);
        if (targets.has(path)) continue;
        const stats = lstatSync(path);
        const content = stats.isFile()
          ? createHash("sha256").update(readFileSync(path)).digest("hex")
          : stats.isSymbolicLink()
            ? readlinkSync(path)
            : "";
        lines.push([path, stats.mode, stats.uid, stats.nlink, stats.isFile() ? stats.mtimeMs : 0, content].join(" "));
        if (stats.isDirectory()) pending.push(path);
      }
    }
    return lines.join("\n");
  }

  remove(): void {
    if (this.#mounted) spawnSync("umount", [this.#disk]);
    rmSync(this.path, { recursive: true, force: true });
  }
}
