import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { hash } from "node:crypto";
import { checkBase, readBase, type BaseFacts } from "../../image/base.js";
import { recall, remember } from "../../image/remembered-layers.js";
import { readPackageJson, type ImageSubject, type SystemNeeds } from "../../image/subject.js";
import type { Descriptor } from "../../image/oci/documents.js";
import { openImage, type OpenImage } from "../../image/oci/image.js";
import { keptSource } from "../../image/oci/kept-source.js";
import { chooseImage, openLayout } from "../../image/oci/layout-reader.js";
import { ociPlatform } from "../../image/oci/platform.js";
import { formatReference, parseReference } from "../../image/oci/reference.js";
import { RegistryClient, type RegistryOptions } from "../../image/registry/client.js";
import { fetchManifest, registrySource } from "../../image/registry/source.js";
import { EnvpackError } from "../../support/errors.js";
import type { Notice } from "../../support/progress.js";

/** A base that was found and is known to run the environment. */
export interface Base {
  readonly image: OpenImage;
  /** As it was named: a reference, or an absolute path. */
  readonly name: string;
  /** Its repository, from which layers can be mounted; null of a layout. */
  readonly repository: { readonly registry: string; readonly repository: string } | null;
  readonly notices: readonly Notice[];
  close(): Promise<void>;
}

interface BaseRequest {
  readonly subject: ImageSubject;
  readonly needs: SystemNeeds;
  /** A folder of this process's own, for layers that are read twice. */
  readonly scratch: string;
  readonly registry: RegistryOptions;
}

/** An example that has all that Node.js needs, for messages. */
const EXAMPLE = "gcr.io/distroless/cc-debian12";

/**
 * What the image is to stand on: as it was asked for, else as package.json says.
 *
 * @throws EnvpackError USAGE where neither says
 */
export function chooseBase(asked: string | undefined, subject: ImageSubject): string {
  const base = namedBase(asked, subject);
  if (base !== null) return base;
  throw new EnvpackError("USAGE", "nothing says what the image is to stand on", {
    hint: `--base none takes this machine's C library and nothing else; --base ${EXAMPLE} (or another image, or an image layout) one that others keep up to date; package.json can hold it as "envpack": { "base": … }`,
  });
}

/** The base as it was asked for, else as package.json says; null where neither does. */
export function namedBase(asked: string | undefined, subject: ImageSubject): string | null {
  const own = readPackageJson(subject).get("envpack") as { readonly base?: unknown } | undefined;
  const base = asked ?? own?.base;
  return typeof base === "string" && base !== "" ? base : null;
}

/** Whether a base is meant as a path: it is there, or looks as one. */
export function isPath(base: string): boolean {
  return existsSync(resolve(base)) || PATH.test(base);
}

/**
 * Opens a base and makes sure that the environment runs on it.
 *
 * @throws EnvpackError IMAGE_BASE, IMAGE_INVALID, REGISTRY_REFUSED …
 */
export async function openBase(base: string, request: BaseRequest): Promise<Base> {
  const opened = existsSync(resolve(base)) ? await openFromLayout(base, request) : await openFromRegistry(base, request);
  try {
    const { manifest, prefix } = request.subject;
    const facts = await factsOf(opened.image, prefix);
    const notices = checkBase(facts, {
      platform: manifest.platform,
      needs: request.needs,
      prefix,
      name: opened.name,
      ownNode: manifest.runtime !== null,
    });
    return { ...opened, notices };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openFromLayout(base: string, request: BaseRequest): Promise<Omit<Base, "notices">> {
  const path = resolve(base);
  const layout = await openLayout(path);
  if (layout === null)
    throw new EnvpackError("IMAGE_BASE", "the base is no image layout", {
      path,
      hint: "make one: `skopeo copy docker://IMAGE oci-archive:base.oci.tar`, or `docker save IMAGE -o base.tar`",
    });
  try {
    return { image: await open(layout, chooseImage(layout, null), request), name: path, repository: null, close: () => layout.close() };
  } catch (error) {
    await layout.close();
    throw error;
  }
}

/** What is meant as a path, and is not there, is no name of an image either. */
const PATH = /^(?:\.{0,2}\/|~)|\.(?:tar|oci)\/?$/;

async function openFromRegistry(base: string, request: BaseRequest): Promise<Omit<Base, "notices">> {
  if (PATH.test(base))
    throw new EnvpackError("IMAGE_BASE", "there is no such base", {
      path: resolve(base),
      hint: "look at the spelling of the path; a layout is made with `skopeo copy docker://IMAGE oci-archive:base.oci.tar`",
    });
  const reference = parseReference(base);
  const client = new RegistryClient(reference, false, request.registry);
  try {
    const found = await fetchManifest(client, reference.digest ?? reference.tag ?? "latest");
    if (found === null)
      throw new EnvpackError("IMAGE_BASE", "there is no such base", {
        path: formatReference(reference),
        hint: "look at the spelling of the name and the tag; a path of an image layout has to be there",
      });
    const image = await open(keptSource(registrySource(client), request.scratch), found.descriptor, request);
    const { registry, repository } = reference;
    return {
      image,
      name: formatReference({ ...reference, digest: null, tag: reference.tag ?? null }),
      repository: { registry, repository },
      close: async () => client.close(),
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

/** An index names images of several platforms; one that is for another is told as such. */
async function open(source: OpenImage["source"], root: Descriptor, { subject }: BaseRequest): Promise<OpenImage> {
  const { os, arch } = subject.manifest.platform;
  const wanted = ociPlatform(os, arch);
  const image = await openImage(source, root, wanted);
  if (image.config.os === wanted.os && image.config.architecture === wanted.architecture) return image;
  throw new EnvpackError(
    "IMAGE_BASE",
    `the environment does not run on this base: it is for ${os}-${arch}, and the base for ${image.config.os}/${image.config.architecture}`,
    { path: source.name, hint: "name a base for that platform" },
  );
}

/** Reading all layers takes a while: what was found is remembered by the base's digest. */
async function factsOf(image: OpenImage, prefix: string): Promise<BaseFacts> {
  const key = hash("sha256", JSON.stringify(["base", 1, image.descriptor.digest, prefix]));
  const known = await recall<{ libc: BaseFacts["libc"]; glibc: string | null; libraries: string[]; above: [string, "file"][] }>(
    key,
    ({ libraries, above }) => Array.isArray(libraries) && Array.isArray(above),
  );
  if (known !== null) return { ...known.value, libraries: new Set(known.value.libraries), above: new Map(known.value.above) };
  const { libc, glibc, libraries, above } = await readBase(image, prefix);
  remember(key, { libc, glibc, libraries: [...libraries], above: [...above] });
  return { libc, glibc, libraries, above };
}
