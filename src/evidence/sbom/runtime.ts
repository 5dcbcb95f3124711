import { PLAIN, type Component } from "./component.js";
import { parseLicense } from "./license.js";
import { genericPurl } from "./purl.js";
import { sha256Of } from "../../support/digest.js";

/** A component of Node.js as it is known in vulnerability lists, and how its version is found. */
interface Part {
  readonly name: string;
  /** The vendor and product of its CPE. */
  readonly cpe: string;
  /** Its header below include/node, and what stands there. */
  readonly header: string;
  readonly inHeader: (text: string) => string | null;
  /** What the binary itself says of it: a text that stands near, and the version around it. */
  readonly mark?: { readonly text: string; readonly before: number; readonly pattern: RegExp };
}

const PARTS: readonly Part[] = [
  {
    name: "v8",
    cpe: "google:v8",
    header: "v8-version.h",
    inHeader: numbers("V8_MAJOR_VERSION", "V8_MINOR_VERSION", "V8_BUILD_NUMBER", "V8_PATCH_LEVEL"),
    mark: { text: "-node.", before: 24, pattern: /\0(\d+\.\d+\.\d+\.\d+)-node\.\d+\0/ },
  },
  { name: "uv", cpe: "libuv:libuv", header: "uv/version.h", inHeader: numbers("UV_VERSION_MAJOR", "UV_VERSION_MINOR", "UV_VERSION_PATCH") },
  {
    name: "openssl",
    cpe: "openssl:openssl",
    header: "openssl/opensslv.h",
    inHeader: (text) => /OPENSSL_VERSION_STR\s+"([^"]+)"/.exec(text)?.[1] ?? null,
    mark: { text: "OpenSSL ", before: 0, pattern: /^OpenSSL (\d+\.\d+\.\d+[a-z]?)\S* \d{1,2} [A-Z][a-z]{2} \d{4}/ },
  },
  {
    name: "zlib",
    cpe: "zlib:zlib",
    header: "zlib.h",
    inHeader: (text) => /ZLIB_VERSION\s+"([^"]+)"/.exec(text)?.[1] ?? null,
    mark: { text: " deflate ", before: 0, pattern: /^ deflate (\d[\w.-]*) Copyright/ },
  },
];

function numbers(...names: readonly string[]): (text: string) => string | null {
  return (text) => {
    const found = names.map((name) => new RegExp(`#define\\s+${name}\\s+(\\d+)`).exec(text)?.[1]);
    return found.includes(undefined) ? null : found.join(".");
  };
}

/** Folders of headers that come with a runtime, as arcpaths. */
const HEADERS = "include/node";

/** Whether a file is a header that tells the version of something in the runtime. */
export function isRuntimeHeader(path: string): boolean {
  return PARTS.some(({ header }) => path === `${HEADERS}/${header}`);
}

export interface RuntimeFiles {
  /** The binary's arcpath and content. */
  readonly binary: { readonly path: string; readonly content: Buffer };
  /** Contents of headers by their arcpaths. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Node.js, and what is built into it as far as packed headers or the binary itself tell. */
export function describeRuntime(version: string, { binary, headers }: RuntimeFiles): Component[] {
  const parts = PARTS.flatMap((part): Component[] => {
    const header = headers.get(`${HEADERS}/${part.header}`);
    const found = (header === undefined ? null : part.inHeader(header)) ?? findMark(binary.content, part.mark);
    if (found === null) return [];
    return [
      {
        ...PLAIN,
        kind: "part",
        ref: `${binary.path}#${part.name}`,
        name: part.name,
        version: found,
        purl: genericPurl(part.name, found),
        cpe: makeCpe(part.cpe, found),
      },
    ];
  });
  const hashes = [{ algorithm: "SHA-256", hex: sha256Of(binary.content) }] as const;
  const node: Component = {
    ...PLAIN,
    kind: "runtime",
    ref: binary.path,
    name: "node",
    version,
    purl: genericPurl("nodejs", version),
    cpe: makeCpe("nodejs:node.js", version),
    // Of Node.js itself (github.com/nodejs/node/blob/main/LICENSE); what is built in has licences of its own.
    license: parseLicense("MIT"),
    hashes,
    dependsOn: parts.map(({ ref }) => ref).sort(),
  };
  return [node, ...parts];
}

/** CPE 2.3 (NISTIR 7695): characters other than letters, digits, `_`, `.` and `-` are escaped. */
function makeCpe(product: string, version: string): string {
  return `cpe:2.3:a:${product}:${version.replaceAll(/[^\w.-]/g, "\\$&")}:*:*:*:*:*:*:*`;
}

function findMark(content: Buffer, mark: Part["mark"]): string | null {
  if (mark === undefined) return null;
  for (let at = content.indexOf(mark.text); at >= 0; at = content.indexOf(mark.text, at + 1)) {
    const found = mark.pattern.exec(content.toString("latin1", Math.max(0, at - mark.before), at + 80))?.[1];
    if (found !== undefined) return found;
  }
  return null;
}
