import { mergeEnv, NOBODY } from "../../image/config.js";
import { makeLabels } from "../../image/labels.js";
import { findStart } from "../../image/start-command.js";
import type { ImageSubject } from "../../image/subject.js";
import { repositoryName } from "../../image/oci/reference.js";
import { EnvpackError } from "../../support/errors.js";
import { quoteForShell } from "../../support/quote.js";
import { isPath, namedBase } from "./open-base.js";
import type { ImageOptions } from "./options.js";

/** What has all that Node.js needs, and no more. */
const BASE = "gcr.io/distroless/cc-debian12:nonroot";
/** An instruction ends with its line. */
const LINES = /[\r\n]/;

/**
 * The Dockerfile that makes of an archive what `pack --image` makes without one, but for its layers: `ADD` extracts a
 * tar.gz by itself, so the first stage needs no shell either.
 *
 * @param root the project's folder, for its revision
 * @throws EnvpackError USAGE where it cannot say what was asked for
 */
export function dockerfileText(subject: ImageSubject, image: ImageOptions, root: string): string {
  const { prefix, manifest } = subject;
  const start = findStart(subject);
  const archive = `${repositoryName(manifest.name)}.tar.gz`;
  const env = mergeEnv([], { prefix, start, wishes: image });
  const own = Object.entries(makeLabels(subject, root, null)).filter(([, value]) => !LINES.test(value));
  const labels = [...own.map(([name, value]) => `${name}=${value}`), ...(image.labels ?? [])];
  return [
    "# The archive is made first, beside this file, with the options that choose what goes in:",
    `#     envpack pack --arcroot ${quoteForShell(prefix.slice(1))} -o ${archive}`,
    "FROM scratch AS environment",
    `ADD ${archive} /`,
    "",
    `FROM ${chooseFrom(image, subject)}`,
    `COPY --from=environment ${JSON.stringify([prefix, prefix])}`,
    `WORKDIR ${escape(start.workingDir)}`,
    ...env.map((pair) => `ENV ${pairText(pair)}`),
    ...labels.map((pair) => `LABEL ${pairText(pair)}`),
    ...(image.ports ?? []).map((port) => `EXPOSE ${port}`),
    `USER ${image.user ?? NOBODY}`,
    ...(image.stopSignal === undefined ? [] : [`STOPSIGNAL ${image.stopSignal}`]),
    ...(image.health === undefined ? [] : [`HEALTHCHECK CMD ${JSON.stringify(image.health)}`]),
    `ENTRYPOINT ${JSON.stringify(image.entrypoint ?? start.entrypoint)}`,
    `CMD ${JSON.stringify(image.cmd ?? (image.entrypoint === undefined ? start.cmd : []))}`,
    "",
  ].join("\n");
}

/** What the image would stand on; of what lies in a file no Dockerfile knows. */
function chooseFrom({ base }: ImageOptions, subject: ImageSubject): string {
  const named = namedBase(base, subject);
  if (named === null || named === "none") return BASE;
  if (!isPath(named)) return named;
  throw new EnvpackError("USAGE", "a Dockerfile begins with an image's name, and the base is a file", {
    path: named,
    hint: `name one with --base, as ${BASE}, or load the file first and name it as it was loaded`,
  });
}

function pairText(pair: string): string {
  const equals = pair.indexOf("=");
  if (!LINES.test(pair)) return `${pair.slice(0, equals)}="${escape(pair.slice(equals + 1))}"`;
  throw new EnvpackError("USAGE", `a Dockerfile holds no value of several lines, as that of ${JSON.stringify(pair.slice(0, equals))} is`, {
    hint: "leave it away, and give it to the container",
  });
}

/** Variables are replaced in most of a Dockerfile, and a backslash takes what follows as it is. */
function escape(text: string): string {
  return text.replaceAll(/["\\$]/g, "\\$&");
}
