import type { Readable } from "node:stream";

/** An archive to read: a file, or a stream that is read front to back once. Its bytes tell its format. */
export type ArchiveInput = { readonly kind: "file"; readonly path: string } | { readonly kind: "stream"; readonly stream: Readable };
