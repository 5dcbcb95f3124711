import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { execute } from "../../real/commands.js";

/** Debian's docker-registry, with a counter before it. */
export interface RealRegistry {
  /** "127.0.0.1:PORT", of the counter. */
  readonly host: string;
  /** Where it keeps what it has. */
  readonly storage: string;
  /** A folder with the certificate of its authority; null without TLS. */
  readonly certificates: string | null;
  /** Bytes that came in. */
  received(): number;
  stop(): Promise<void>;
}

const started: ChildProcess[] = [];

/** @param user name and password that it asks for; without one it speaks HTTP without TLS */
export async function startRealRegistry(folder: string, user?: readonly [string, string]): Promise<RealRegistry> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const storage = join(folder, "storage");
  const secure = user === undefined ? null : makeCertificate(folder, user);
  writeFileSync(
    join(folder, "config.yml"),
    [
      "version: 0.1",
      "log: { level: error }",
      `storage: { filesystem: { rootdirectory: ${JSON.stringify(storage)} }, delete: { enabled: true } }`,
      `http: { addr: "127.0.0.1:${port}", relativeurls: true${secure === null ? "" : `, tls: { certificate: ${JSON.stringify(secure.certificate)}, key: ${JSON.stringify(secure.key)} }`} }`,
      ...(secure === null ? [] : [`auth: { htpasswd: { realm: envpack, path: ${JSON.stringify(secure.htpasswd)} } }`]),
      "",
    ].join("\n"),
  );
  const child = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  started.push(child);
  let bytes = 0;
  const sockets = new Set<Socket>();
  const counter = await startCounter(port, sockets, (count) => (bytes += count));
  await waitFor(port);
  return {
    host: `127.0.0.1:${(counter.address() as AddressInfo).port}`,
    storage,
    certificates: secure === null ? null : folder,
    received: () => bytes,
    stop: async () => {
      child.kill();
      // A client that was killed may have left its connection open.
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        counter.close(resolve);
      });
    },
  };
}

process.on("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

function makeCertificate(
  folder: string,
  [name, password]: readonly [string, string],
): { readonly certificate: string; readonly key: string; readonly htpasswd: string } {
  const [certificate, key, htpasswd] = [join(folder, "ca.crt"), join(folder, "key.pem"), join(folder, "htpasswd")];
  execute("openssl", [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=127.0.0.1",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-keyout",
    key,
    "-out",
    certificate,
  ]);
  writeFileSync(htpasswd, execute("htpasswd", ["-Bbn", name, password]).stdout);
  return { certificate, key, htpasswd };
}

/** Hands bytes on as they are, and counts those that go to the registry. */
async function startCounter(port: number, sockets: Set<Socket>, count: (bytes: number) => void): Promise<Server> {
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) sockets.add(socket.once("close", () => sockets.delete(socket)));
    client.on("data", (data: Buffer) => {
      count(data.length);
    });
    client.pipe(upstream).pipe(client);
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
  });
  server.unref();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** Until something listens, for a minute at most. */
async function waitFor(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const answers = await new Promise<boolean>((resolve) => {
      const probe = request({ host: "127.0.0.1", port, path: "/v2/" }, (response) => {
        response.resume();
        resolve(true);
      });
      // Plain HTTP to a port with TLS is closed or answered: both tell that it listens.
      probe.on("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
      probe.end();
    });
    if (answers) return;
    await pause(100);
  }
  throw new Error("docker-registry does not start");
}
