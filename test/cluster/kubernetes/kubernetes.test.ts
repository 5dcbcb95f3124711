import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { canSandbox, envpack, execute, has, makeScratch, type Outcome } from "../../real/commands.js";
import { buildSample } from "../../real/sample.js";
import { blocksOf, commandsOf } from "../document.js";

/* There is no cluster: the containers of docs/clusters.md are run as Kubernetes would, one by one. */
const scratch = makeScratch();
const project = join(scratch, "pantry");

/** As OpenShift gives one: a number without a name, in the group of root. */
const USER = 1_000_680_000;

interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface Job {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly initContainers: Container[];
        readonly containers: Container[];
        readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
      };
    };
  };
}

let volumes = new Map<string, string>();

beforeAll(() => {
  if (missing() !== null) return;
  mkdirSync(project);
  buildSample(project);
  mkdirSync(join(scratch, "archives"));
  const [pack = []] = commandsOf("Kubernetes");
  expect(pack).toEqual(["envpack", "pack", "-o", "shop.tar.gz"]);
  expect(envpack([...pack.slice(1), "-q"], { cwd: project }).stderr).toBe("");
  cpSync(join(project, "shop.tar.gz"), join(scratch, "archives/shop.tar.gz"));
});

beforeEach(({ skip }) => {
  const reason = missing();
  if (reason !== null) skip(reason);
  volumes = new Map([["archives", join(scratch, "archives")]]);
});

function missing(): string | null {
  if (process.getuid?.() !== 0) return "only root can become any user";
  if (!has("setpriv")) return "setpriv is not installed";
  return canSandbox() ? null : "bubblewrap is not here or may not work";
}

/** What stands behind a volume's name; one that was not made yet is an emptyDir, into which everyone may write. */
function folderOf(volume: string): string {
  const known = volumes.get(volume);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(scratch, `${volume}-`));
  chmodSync(folder, 0o777);
  volumes.set(volume, folder);
  return folder;
}

/** Runs a container: the system's own folders read-only, its volumes, no network, nothing else; as a user without a name. */
function runContainer({ command, volumeMounts }: Container, words: readonly string[] = command): Outcome {
  const mounts = volumeMounts.flatMap(({ name, mountPath, readOnly }) => [
    readOnly === true ? "--ro-bind" : "--bind",
    folderOf(name),
    mountPath,
  ]);
  const system = [
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/bin",
    "/bin",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--tmpfs",
    "/usr/local",
  ];
  // The machine's own node.
  const hidden = ["/usr/bin/node", "/usr/bin/zstd"].filter((file) => existsSync(file)).flatMap((file) => ["--ro-bind", "/dev/null", file]);
  const user = ["setpriv", `--reuid=${USER}`, "--regid=0", "--clear-groups", "--no-new-privs", "--"];
  const caps = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"];
  const line = [
    "--unshare-net",
    "--unshare-pid",
    "--die-with-parent",
    ...caps,
    "--clearenv",
    "--setenv",
    "PATH",
    "/usr/bin:/bin",
    ...system,
    ...hidden,
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    ...mounts,
    "--remount-ro",
    "/",
    "--chdir",
    "/",
    ...user,
    ...words,
  ];
  return execute("timeout", ["--kill-after=5", "200", "bwrap", ...line]);
}

function readJob(): { readonly job: Job["spec"]["template"]["spec"]; readonly documents: readonly Record<string, unknown>[] } {
  const [block = ""] = blocksOf("Kubernetes", "yaml");
  const documents = parseAllDocuments(block).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Record<string, unknown>;
  });
  const job = documents.find(({ kind }) => kind === "Job") as unknown as Job;
  return { job: job.spec.template.spec, documents };
}

describe("the Job of docs/clusters.md", () => {
  test("unpacks in its init container and runs, as any user, with a read-only root", () => {
    const { job, documents } = readJob();
    for (const { name, configMap } of job.volumes) {
      const map = documents.find(({ kind, metadata }) => kind === "ConfigMap" && (metadata as { name: string }).name === configMap?.name);
      for (const [file, text] of Object.entries((map?.data ?? {}) as Record<string, string>))
        writeFileSync(join(folderOf(name), file), text);
    }
    for (const { volumeMounts } of [...job.initContainers, ...job.containers]) {
      for (const { name } of volumeMounts) expect(job.volumes.map((volume) => volume.name)).toContain(name);
    }
    const [unpack, main] = [job.initContainers[0], job.containers[0]];
    if (unpack === undefined || main === undefined) throw new Error("no containers");
    expect(runContainer(main)).toMatchObject({ status: 127, stdout: "" });
    expect(runContainer(unpack)).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/^ok: /) as string });
    expect(runContainer(main)).toEqual({ status: 0, signal: null, stderr: "", stdout: "a day has 86400000 milliseconds\n" });
    const exec = commandsOf("Kubernetes").find((words) => words[1] === "exec") ?? [];
    expect(runContainer(main, exec.slice(exec.indexOf("--") + 1)).stdout).toMatch(/^ok: /);
    expect(runContainer(main, ["/env/bin/envpack", "info", "--json"]).status).toBe(0);
    writeFileSync(join(folderOf("env"), "app/main.js"), "changed");
    expect(runContainer(main, exec.slice(exec.indexOf("--") + 1))).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("changed  app/main.js") as string,
    });
  });

  test("is named by the lines above it", () => {
    const { documents } = readJob();
    const names = documents.map(({ kind, metadata }) => `${String(kind).toLowerCase()}/${(metadata as { name: string }).name}`);
    for (const words of commandsOf("Kubernetes").filter(([program, verb]) => program === "kubectl" && verb !== "cp" && verb !== "apply"))
      expect(names).toContain(words[2]);
  });
});

test("pods of one node share a copy: one restores it, the next finds it, and a cut archive leaves nothing", () => {
  const container = parse(blocksOf("Kubernetes", "yaml")[1] ?? "") as Container;
  expect(runContainer(container)).toMatchObject({
    status: 0,
    stderr: expect.stringContaining("restored @acme/pantry to /node/shop-1.4.0") as string,
  });
  expect(runContainer(container)).toMatchObject({ status: 0, stderr: expect.stringContaining("found @acme/pantry") as string });
  expect(runContainer(container, ["/node/shop-1.4.0/bin/envpack", "verify"]).stdout).toMatch(/^ok: /);
  const cut = join(scratch, "cut");
  mkdirSync(cut);
  cpSync(join(scratch, "archives/shop.tar.gz"), join(cut, "shop.tar.gz"));
  execute("truncate", ["--size=-100", join(cut, "shop.tar.gz")]);
  volumes.set("archives", cut);
  rmSync(join(folderOf("node"), "shop-1.4.0"), { recursive: true });
  expect(runContainer(container).status).not.toBe(0);
  expect(existsSync(join(folderOf("node"), "shop-1.4.0"))).toBe(false);
});
