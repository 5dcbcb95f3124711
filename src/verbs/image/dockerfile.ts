import { findStart } from "../../image/start-command.js";
import { NOBODY } from "../../image/config.js";
import type { ImageSubject } from "../../image/subject.js";
import { repositoryName } from "../../image/oci/reference.js";
import type { ImageOptions } from "./options.js";

/** What has all that Node.js needs, and no more. */
const BASE = "gcr.io/distroless/cc-debian12:nonroot";

/**
 * The Dockerfile that makes of an archive what `pack --image` makes without one, but for its layers: `ADD` extracts a
 * tar.gz by itself, so the first stage needs no shell either.
 */
export function dockerfileText(subject: ImageSubject, image: ImageOptions): string {
  const { prefix, manifest } = subject;
  const start = findStart(subject);
  const archive = `${repositoryName(manifest.name)}.tar.gz`;
  const base = image.base === undefined || image.base === "none" ? BASE : image.base;
  const env = [`PATH=${prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`, ...start.env, ...(image.env ?? [])];
  return [
    "# The archive is made first, beside this file:",
    `#     envpack pack --arcroot ${prefix.slice(1)} -o ${archive}`,
    "FROM scratch AS environment",
    `ADD ${archive} /`,
    "",
    `FROM ${base}`,
    `COPY --from=environment ${prefix} ${prefix}`,
    `WORKDIR ${start.workingDir}`,
    ...env.map((pair) => `ENV ${pair.slice(0, pair.indexOf("="))}=${JSON.stringify(pair.slice(pair.indexOf("=") + 1))}`),
    ...(image.ports ?? []).map((port) => `EXPOSE ${port}`),
    `USER ${image.user ?? NOBODY}`,
    ...(image.stopSignal === undefined ? [] : [`STOPSIGNAL ${image.stopSignal}`]),
    ...(image.health === undefined ? [] : [`HEALTHCHECK CMD ${JSON.stringify(image.health)}`]),
    `ENTRYPOINT ${JSON.stringify(image.entrypoint ?? start.entrypoint)}`,
    `CMD ${JSON.stringify(image.cmd ?? (image.entrypoint === undefined ? start.cmd : []))}`,
    "",
  ].join("\n");
}
