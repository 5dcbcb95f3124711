import { spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ENVPACK, execute, has, makeScratch, type Outcome } from "../../real/commands.js";
import { makeLayout } from "../../image/make-base.js";
import { startRealRegistry, type RealRegistry } from "./registry.js";

/* The readers and the registry that Debian has: what they make of the images is asked of them. */
const PROGRAMS = ["skopeo", "podman", "umoci", "runc", "docker-registry", "htpasswd", "openssl"];
const lacking = PROGRAMS.filter((program) => !has(program));

const scratch = makeScratch();
const project = join(scratch, "web-app");
const layout = join(scratch, "web-app.oci.tar");
const home = join(scratch, "home");
const USER = ["pusher", "a-secret word"] as const;

let open: RealRegistry;
let closed: RealRegistry;

const env = {
  ...process.env,
  HOME: home,
  XDG_CACHE_HOME: join(home, ".cache"),
  CONTAINERS_STORAGE_CONF: join(scratch, "storage.conf"),
  DOCKER_CONFIG: join(home, ".docker"),
};
delete (env as NodeJS.ProcessEnv).XDG_RUNTIME_DIR;

/** Without blocking: the counters before the registries are in this process. */
function run(
  command: string,
  args: readonly string[],
  atBytes?: { readonly registry: RealRegistry; readonly bytes: number },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const watch =
      atBytes === undefined
        ? undefined
        : setInterval(() => (atBytes.registry.received() > atBytes.bytes ? child.kill("SIGKILL") : undefined), 5);
    child.on("error", reject);
    child.on("close", (status, signal) => {
      clearInterval(watch);
      resolve({ status, signal, stdout, stderr });
    });
  });
}

async function must(command: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ").slice(0, 300)} ended with ${status}: ${stderr.slice(-2000)}`);
  return stdout;
}

const envpack = (...args: string[]): Promise<string> => must(process.execPath, ENVPACK, ...args);

const PODMAN = [
  "--cgroup-manager=cgroupfs",
  "--runtime",
  "runc",
  "run",
  "--rm",
  "--network",
  "none",
  "--read-only",
  "--ulimit",
  "nofile=1024:1024",
  "--ulimit",
  "nproc=1024:1024",
];

/** Starts the server in a container and asks it from within: there is no network. @param prefix where the environment lies */
const asking = (prefix: string): string => `
  process.env.PORT = "3000";
  await import("${prefix}/app/server.js");
  for (let tries = 0; ; tries++) {
    try {
      const [where, picture] = await Promise.all(["where.json", "square.png"].map((path) => fetch("http://127.0.0.1:3000/" + path)));
      console.log(JSON.stringify({ ...(await where.json()), png: (await picture.arrayBuffer()).byteLength, uid: process.getuid(), gid: process.getgid() }));
      process.exit(0);
    } catch (error) {
      if (tries > 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }`;

async function ask(image: string, ...options: string[]): Promise<Record<string, unknown>> {
  return askAt("/opt/web-app", image, ...options);
}

async function askAt(prefix: string, image: string, ...options: string[]): Promise<Record<string, unknown>> {
  const text = await must("podman", ...PODMAN, ...options, image, "--input-type=module", "-e", asking(prefix));
  return JSON.parse(text.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
}

beforeAll(async () => {
  if (lacking.length > 0) return;
  mkdirSync(join(home, ".docker"), { recursive: true });
  // Podman wants the file to be there where it is named.
  writeFileSync(join(home, ".docker/config.json"), "{}");
  writeFileSync(join(scratch, "storage.conf"), `[storage]\ndriver = "vfs"\nrunroot = "${scratch}/run"\ngraphroot = "${scratch}/graph"\n`);
  cpSync(join(import.meta.dirname, "../../../fixtures/web-app"), project, { recursive: true });
  expect(execute("npm", ["ci", "--no-audit", "--no-fund"], { cwd: project }).status).toBe(0);
  open = await startRealRegistry(join(scratch, "open"));
  closed = await startRealRegistry(join(scratch, "closed"), USER);
  const certificates = join(home, ".docker/certs.d", closed.host);
  mkdirSync(certificates, { recursive: true });
  cpSync(join(scratch, "closed/ca.crt"), join(certificates, "ca.crt"));
  await envpack("pack", project, "-o", layout, "--base", "none", "-q");
});

beforeEach(({ skip }) => {
  if (lacking.length > 0) skip(`not installed: ${lacking.join(", ")}`);
});

afterAll(async () => {
  await open?.stop();
  await closed?.stop();
});

test("skopeo and umoci take the layout, each digest checked", async () => {
  const { Os, Architecture, Layers } = JSON.parse(await must("skopeo", "inspect", `oci-archive:${layout}`)) as {
    Os: string;
    Architecture: string;
    Layers: string[];
  };
  expect([Os, Architecture, Layers.length]).toEqual(["linux", process.arch === "x64" ? "amd64" : "arm64", 5]);
  expect((JSON.parse(await must("skopeo", "inspect", `docker-archive:${layout}`)) as { Layers: string[] }).Layers.length).toBe(5);
  // umoci is one of the readers that compare a layer's tar with its diffID.
  await must("skopeo", "copy", "-q", `oci-archive:${layout}`, `oci:${join(scratch, "umoci")}:one`);
  await must("umoci", "unpack", "--rootless", "--image", `${join(scratch, "umoci")}:one`, join(scratch, "bundle"));
  const root = join(scratch, "bundle/rootfs/opt/web-app");
  expect(await must(join(root, "bin/node"), join(root, ".envpack/envpack.cjs"), "verify", root)).toMatch(/^ok: /);
});

test("containerd imports and unpacks the layout under its name", async ({ skip }) => {
  if (!has("containerd") || !has("ctr")) return skip("containerd is not installed");
  const folder = join(scratch, "containerd");
  const socket = join(folder, "s.sock");
  mkdirSync(folder);
  const config = [
    "version = 2",
    `root = "${folder}/root"`,
    `state = "${folder}/state"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    "[grpc]",
    `  address = "${socket}"`,
    "",
  ];
  writeFileSync(join(folder, "config.toml"), config.join("\n"));
  const daemon = spawn("containerd", ["-c", join(folder, "config.toml")], { stdio: "ignore" });
  try {
    for (let tries = 0; tries < 600 && !existsSync(socket); tries++) await pause(100);
    expect(await must("ctr", "-a", socket, "images", "import", "--snapshotter", "native", layout)).toMatch(/done/);
    expect(await must("ctr", "-a", socket, "images", "ls", "-q")).toBe("docker.io/library/web-app:1.0.0\n");
  } finally {
    daemon.kill();
  }
});

test("podman runs it without a shell, read-only, as nobody and as any user of root's group", async () => {
  await must("podman", "load", "-q", "-i", layout);
  expect(await ask("web-app:1.0.0")).toMatchObject({ folder: "/opt/web-app/app", uid: 65532, gid: 65532, png: expect.any(Number) });
  expect(await ask("web-app:1.0.0", "--user", "12345:0")).toMatchObject({ uid: 12345, gid: 0 });
  const inside = (...words: string[]): Promise<string> =>
    must("podman", ...PODMAN, "--entrypoint", "/opt/web-app/bin/node", "web-app:1.0.0", ...words);
  expect(await inside("/opt/web-app/.envpack/envpack.cjs", "verify")).toMatch(/^ok: /);
  expect(await inside("/opt/web-app/.envpack/envpack.cjs", "info")).toMatch(/runs here +yes/);
  expect(
    await inside("-p", 'require("dns").lookup("localhost", (error, address) => console.log(error, address)), os.userInfo().username'),
  ).toMatch(/nonroot/);
});

test("a push with TLS and a password is pulled by others, and the password is nowhere", async () => {
  const name = `${closed.host}/acme/web-app:1`;
  const refused = await run(process.execPath, [ENVPACK, "deliver", "registry", layout, "--to", name]);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("error[REGISTRY_REFUSED] the registry wants a login")]);
  writeFileSync(
    join(home, ".docker/config.json"),
    JSON.stringify({ auths: { [closed.host]: { auth: Buffer.from(USER.join(":")).toString("base64") } } }),
  );
  const pinned = (await envpack("deliver", "registry", layout, "--to", name, "-q")).trim();
  const access = ["--cert-dir", closed.certificates ?? "", "--creds", USER.join(":")];
  expect(JSON.parse(await must("skopeo", "inspect", ...access, `docker://${name}`))).toMatchObject({ Digest: pinned.split("@")[1] });
  await must("podman", "pull", "-q", ...access, pinned);
  expect(await ask(pinned)).toMatchObject({ uid: 65532 });
  expect(await envpack("verify", name)).toMatch(/^ok: /);
  const wrong = join(home, ".docker/config.json");
  writeFileSync(wrong, JSON.stringify({ auths: { [closed.host]: { auth: Buffer.from("pusher:wrong-word").toString("base64") } } }));
  const denied = await run(process.execPath, [ENVPACK, "deliver", "registry", layout, "--to", name]);
  expect(denied.status).toBe(1);
  expect(denied.stderr).toMatch(/error\[REGISTRY_REFUSED\]/);
  expect(denied.stderr + denied.stdout).not.toContain("wrong-word");
});

test("a changed source sends less than a hundredth, and another repository next to nothing", async () => {
  const name = `${open.host}/web-app`;
  const pack = async (to: string): Promise<number> => {
    const before = open.received();
    await envpack("pack", project, "--base", "none", "--image", to, "-q");
    return open.received() - before;
  };
  const whole = await pack(`${name}:1`);
  expect(whole).toBeGreaterThan(20 << 20);
  appendFileSync(join(project, "server.js"), "// another line\n");
  const update = await pack(`${name}:2`);
  expect(update).toBeLessThan(whole / 100);
  expect(await pack(`${open.host}/other/web-app:2`)).toBeLessThan(whole / 1000);
  await must("podman", "pull", "-q", "--tls-verify=false", `${name}:2`);
  expect(await ask(`${name}:2`)).toMatchObject({ folder: "/opt/web-app/app" });
});

test("a push that is killed moves no tag, and the next one is whole", async () => {
  const name = `${open.host}/killed/web-app`;
  rmSync(join(home, ".cache"), { recursive: true, force: true });
  rmSync(join(open.storage, "docker/registry/v2"), { recursive: true, force: true });
  const killed = await run(process.execPath, [ENVPACK, "deliver", "registry", layout, "--to", `${name}:1`], {
    registry: open,
    bytes: open.received() + (10 << 20),
  });
  expect(killed.signal).toBe("SIGKILL");
  expect((await run("skopeo", ["inspect", "--tls-verify=false", `docker://${name}:1`])).status).not.toBe(0);
  await envpack("deliver", "registry", layout, "--to", `${name}:1`, "-q");
  expect(await envpack("verify", `${name}:1`)).toMatch(/^ok: /);
});

test("a blob that the registry lost is sent again", async () => {
  const name = `${open.host}/lost/web-app:1`;
  await envpack("deliver", "registry", layout, "--to", name, "-q");
  const { Layers } = JSON.parse(await must("skopeo", "inspect", "--tls-verify=false", `docker://${name}`)) as { Layers: string[] };
  const hex = (Layers[1] ?? "").slice("sha256:".length);
  const registry = join(open.storage, "docker/registry/v2");
  rmSync(join(registry, "blobs/sha256", hex.slice(0, 2), hex), { recursive: true });
  for (const repository of ["lost", "killed", "web-app", "other"])
    rmSync(join(registry, "repositories", repository, "web-app/_layers/sha256", hex), { recursive: true, force: true });
  expect((await run(process.execPath, [ENVPACK, "verify", name])).stderr).toMatch(/error\[IMAGE_INVALID\].*is missing/);
  await envpack("deliver", "registry", layout, "--to", name, "-q");
  expect(await envpack("verify", name)).toMatch(/^ok: /);
});

test("an image on a base has the base's layers, of a layout and of a registry", async () => {
  // What was made on nothing serves as a base here; the environment goes elsewhere in it.
  await envpack("deliver", "registry", layout, "--to", `${open.host}/base:1`, "-q");
  const made = join(scratch, "on-base.oci.tar");
  await envpack("pack", project, "-o", made, "--base", `${open.host}/base:1`, "--prefix-in-image", "/srv/app", "-q");
  await must("podman", "load", "-q", "-i", made);
  expect((await must("podman", ...PODMAN, "web-app:1.0.0", "-p", "process.execPath")).trim()).toBe("/srv/app/bin/node");
  const again = join(scratch, "on-layout.oci.tar");
  await envpack("pack", project, "-o", again, "--base", layout, "--prefix-in-image", "/srv/app", "-q");
  expect(readFileSync(again).length).toBeGreaterThan(0);
});

test("the Dockerfile builds an image that runs as the other one does", async () => {
  await envpack("deliver", "registry", layout, "--to", `${open.host}/base:1`, "-q");
  const context = join(scratch, "build context");
  mkdirSync(context);
  const place = ["--prefix-in-image", "/srv/my app"];
  writeFileSync(
    join(context, "Dockerfile"),
    await envpack("pack", project, "--dockerfile", "--base", `${open.host}/base:1`, ...place, "--env", 'A=$B "c"'),
  );
  await envpack("pack", project, "--arcroot", "srv/my app", "-o", join(context, "web-app.tar.gz"), "-q");
  // Each instruction as a layer of its own would be a copy of all before it.
  const quiet = ["--isolation", "chroot", "--layers=false", "--tls-verify=false", "-q"];
  await must("podman", "--cgroup-manager=cgroupfs", "--runtime", "runc", "build", ...quiet, "-t", "built", context);
  expect(await askAt("/srv/my app", "built", "--user", "12345:0")).toMatchObject({ folder: "/srv/my app/app", uid: 12345 });
  expect((await must("podman", ...PODMAN, "built", "-p", "[process.env.A, process.env.HOME]")).trim()).toBe(`[ '$B "c"', '/tmp' ]`);
  const { Labels } = JSON.parse(await must("podman", "inspect", "built", "--format", "{{json .Config}}")) as {
    Labels: Record<string, string>;
  };
  expect(Labels).toMatchObject({ "org.opencontainers.image.licenses": "MIT", "envpack.prefix": "/srv/my app" });
});

test("what is attached is listed under the fallback tag, and an image with it is loaded and pulled as any other", async () => {
  const [key, publicKey] = [join(scratch, "key.pem"), join(scratch, "key.pub.pem")];
  await must("openssl", "genpkey", "-algorithm", "ed25519", "-out", key);
  await must("openssl", "pkey", "-in", key, "-pubout", "-out", publicKey);
  const name = `${open.host}/attached/web-app:1`;
  const file = join(scratch, "attached.oci.tar");
  const asked = ["--base", "none", "--sbom", "--provenance", "--sign", key];
  await envpack("pack", project, ...asked, "-o", file, "--image", name, "-q");
  const { Digest } = JSON.parse(await must("skopeo", "inspect", "--tls-verify=false", `docker://${name}`)) as { Digest: string };
  const tag = `docker://${open.host}/attached/web-app:${Digest.replace(":", "-")}`;
  const { manifests } = JSON.parse(await must("skopeo", "inspect", "--raw", "--tls-verify=false", tag)) as {
    manifests: { artifactType: string; digest: string }[];
  };
  expect(manifests.map(({ artifactType }) => artifactType)).toEqual([
    "application/vnd.cyclonedx+json",
    "application/vnd.dsse.envelope.v1+json",
    "application/vnd.dev.cosign.artifact.sig.v1+json",
  ]);
  const artifact = `docker://${open.host}/attached/web-app@${manifests[0]?.digest}`;
  expect(JSON.parse(await must("skopeo", "inspect", "--raw", "--tls-verify=false", artifact))).toMatchObject({
    subject: { digest: Digest },
  });
  const strict = ["--verify-key", publicKey, "--require", "signature,provenance"];
  expect(await envpack("verify", ...strict, name)).toMatch(/^ok: [^\n]+\nsigned: by .*a key that was named/);
  expect(await envpack("verify", ...strict, file)).toMatch(/^ok: /);
  await must("podman", "load", "-q", "-i", file);
  await must("podman", ...PODMAN, name, "-p", "process.arch");
  await must("skopeo", "inspect", `oci-archive:${file}:1`);
  const unsigned = await run(process.execPath, [ENVPACK, "verify", ...strict, layout]);
  expect([unsigned.status, unsigned.stderr]).toEqual([1, expect.stringContaining("error[SIGNATURE_INVALID] the image is not signed")]);
});

test("one image for two platforms: each reader takes the one for its own, and the other runs under qemu", async ({ skip }) => {
  const place = join(import.meta.dirname, "../../../.cache/arm64");
  const qemu = join(place, "qemu/usr/bin/qemu-aarch64-static");
  if (process.arch !== "x64") return skip("this machine is not an x64 one");
  if ((await run(join(import.meta.dirname, "../platform/sysroot.sh"), [place])).status !== 0 || !existsSync(qemu))
    return skip("the libraries of an arm64, and qemu, cannot be had");
  makeLayout(join(scratch, "arm64.oci"), join(place, "root"), "arm64");
  const base = `${open.host}/base-of-two:1`;
  await envpack("deliver", "registry", `${layout},${join(scratch, "arm64.oci")}`, "--to", base, "-q");
  const both = ["--platform", "linux-x64,linux-arm64", "--base", base, "--prefix-in-image", "/srv/app"];
  const name = `${open.host}/two/web-app:1`;
  const file = join(scratch, "two.oci.tar");
  await envpack("pack", project, ...both, "-o", file, "--image", name, "-q");
  const index = JSON.parse(await must("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}`)) as {
    manifests: { platform: object }[];
  };
  expect(index.manifests.map(({ platform }) => platform)).toEqual([
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);
  expect(JSON.parse(await must("skopeo", "inspect", "--raw", `oci-archive:${file}`))).toEqual(index);
  // Its own platform is what a reader takes unasked.
  await must("podman", "pull", "-q", "--tls-verify=false", name);
  expect(await askAt("/srv/app", name)).toMatchObject({ folder: "/srv/app/app", uid: 65532 });
  await must("podman", "rmi", "-f", name);
  await must("podman", "load", "-q", "-i", file);
  expect((await must("podman", ...PODMAN, name, "-p", "process.arch + process.execPath")).trim()).toBe("x64/srv/app/bin/node");
  const arm = `${join(scratch, "two-umoci")}:arm`;
  await must("skopeo", "copy", "-q", "--override-arch", "arm64", "--src-tls-verify=false", `docker://${name}`, `oci:${arm}`);
  await must("umoci", "unpack", "--rootless", "--image", arm, join(scratch, "arm-bundle"));
  const root = join(scratch, "arm-bundle/rootfs");
  const emulated = (...words: string[]): Promise<string> => must(qemu, "-L", root, join(root, "srv/app/bin/node"), ...words);
  expect(await emulated("-p", "process.arch")).toBe("arm64\n");
  const draw = 'require("/srv/app/app/node_modules/sharp")'.replace("/srv", join(root, "srv"));
  expect(await emulated("-p", `${draw}.versions.sharp`)).toMatch(/^\d/);
  expect(await envpack("verify", name)).toMatch(/^ok: /);
  expect(await envpack("verify", file)).toMatch(/^ok: /);
});
