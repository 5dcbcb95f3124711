import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { readHost } from "../../manifest/host.js";
import type { Platform } from "../../manifest/manifest.js";
import { EnvpackError } from "../../support/errors.js";
import type { Notice } from "../../support/progress.js";
import type { SystemNeeds } from "../subject.js";
import { findLibraries, readLibrary, type SystemLibrary } from "./find-libraries.js";
import { packageRecords } from "./package-records.js";
import type { SystemEntry } from "./raw-tar.js";

/** What glibc loads by name, and what older addons ask for that is part of libc today. */
const GLIBC_EXTRAS = [
  "libc.so.6",
  "libm.so.6",
  "libdl.so.2",
  "libpthread.so.0",
  "librt.so.1",
  "libresolv.so.2",
  "libnss_dns.so.2",
  "libnss_files.so.2",
];

/** Where systems keep the certificates of public authorities in one file. */
const CERTIFICATES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/** Users as distroless images have them; their names are for programs that look themselves up. */
const PASSWD =
  "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n";
const GROUP = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n";
const NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n";

/**
 * The files of the smallest system that runs an environment: this machine's C library and what node and the addons
 * need besides, name service, certificates, users, licence texts, and the records that scanners read.
 *
 * @throws EnvpackError IMAGE_BASE where this machine is not of the environment's kind
 */
export async function systemFiles(
  platform: Platform,
  needs: SystemNeeds,
): Promise<{ readonly entries: readonly SystemEntry[]; readonly notices: readonly Notice[] }> {
  await assertSameMachine(platform);
  const { found, missing } = findLibraries(
    [...(platform.libc === "glibc" ? GLIBC_EXTRAS : []), ...needs.byNode, ...needs.byAddons],
    platform.arch,
  );
  const { loader } = needs;
  if (loader !== null && !existsSync(loader)) throw lacking(`the dynamic loader ${loader}`);
  const unmet = missing.filter((name) => needs.byNode.includes(name));
  if (unmet.length > 0) throw lacking(unmet.join(", "));
  // All stand beside libc: that folder the loader looks in for certain.
  const folder = dirname(found.find(({ name }) => /^libc\./.test(name))?.found ?? "/lib/libc");
  const libraries = found.map((library) => ({ path: `${folder.slice(1)}/${library.name}`, mode: 0o755, bytes: readLibrary(library) }));
  const interpreter = loader === null ? [] : [{ path: loader.slice(1), mode: 0o755, bytes: readFileSync(loader) }];
  const certificates = CERTIFICATES.find((file) => existsSync(file));
  const records = packageRecords(
    [...found.map(formsOf), ...(loader === null ? [] : [formsOf({ name: "", found: loader, file: realpathSync(loader) })])],
    certificates === undefined ? [] : ["ca-certificates"],
  );
  const lacked = missing.filter((name) => needs.byAddons.includes(name));
  const notices: Notice[] =
    lacked.length === 0
      ? []
      : [
          {
            code: "NEEDS_LIBRARIES",
            message: `native addons need libraries that this machine has not, and neither will the image: ${lacked.join(", ")}`,
          },
        ];
  if (certificates === undefined)
    notices.push({
      code: "NO_CERTIFICATES",
      message: "this machine has no file of certificates: the image has only those that are built into node",
    });
  const byPath = new Map([...libraries, ...interpreter, ...plainFiles(certificates), ...records].map((entry) => [entry.path, entry]));
  return { entries: [...byPath.values()], notices };
}

function plainFiles(certificates: string | undefined): SystemEntry[] {
  const file = (path: string, content: string | Uint8Array): SystemEntry => ({ path, mode: 0o644, bytes: Buffer.from(content) });
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release") : null;
  return [
    file("etc/passwd", PASSWD),
    file("etc/group", GROUP),
    file("etc/nsswitch.conf", NSSWITCH),
    ...(certificates === undefined ? [] : [file("etc/ssl/certs/ca-certificates.crt", readFileSync(certificates))]),
    // Scanners tell by it whose packages these are.
    ...(release === null ? [] : [file("etc/os-release", release), file("usr/lib/os-release", release)]),
    { path: "tmp", mode: 0o1777, bytes: null },
    { path: "root", mode: 0o700, bytes: null },
    { path: "home/nonroot", mode: 0o755, uid: 65532, bytes: null },
  ];
}

/** Records list a library where its package put it, which may be another name of the same folder (/lib, /usr/lib). */
function formsOf({ found, file }: SystemLibrary): readonly string[] {
  return [...new Set([found, file].flatMap((path) => [path, path.replace(/^\/usr\/lib/, "/lib"), path.replace(/^\/lib/, "/usr/lib")]))];
}

async function assertSameMachine({ os, arch, libc }: Platform): Promise<void> {
  const host = await readHost();
  if (os === "linux" && host.os === os && host.arch === arch && (libc === null || libc === host.libc)) return;
  throw new EnvpackError(
    "IMAGE_BASE",
    `without a base the system's libraries come from this machine, which is ${host.os}-${host.arch}${host.libc === "musl" ? " with musl" : ""}; the environment is for ${os}-${arch}${libc === "musl" ? " with musl" : ""}`,
    {
      hint: "name a base for that platform, as --base gcr.io/distroless/cc-debian12",
    },
  );
}

function lacking(what: string): EnvpackError {
  return new EnvpackError("IMAGE_BASE", `this machine has not what node needs: ${what}`, {
    hint: "install it here, or name a base that has it, as --base with the image node:VERSION-slim of that Node.js",
  });
}
