import { InvalidArgumentError, Option } from "commander";
import { FORMAT_NAMES } from "../archive/formats.js";
import type { PackOptions } from "../verbs/pack/pack.js";
import { suggest } from "./completion/suggest.js";
import { imageOptionList } from "./image-options.js";
import { collect, jsonOption, parseInteger, quietOption, threadsOption } from "./options.js";
import { platformOption, prebuiltOption } from "./pack-platforms.js";

export type Rule = NonNullable<PackOptions["rules"]>[number];

/** What `--omit` takes. */
const OMIT = ["dev", "npm"] as const;

/** Leaves the format to the output's name. */
const INFER = "infer";

/**
 * The options of `envpack pack`, in the order in which help shows them.
 *
 * @param rules gets the patterns of --exclude and --include, in the order in which they are typed
 */
export function packOptions(rules: Rule[]): Option[] {
  return [
    ...sourceOptions(),
    ...outputOptions(),
    ...contentOptions(rules),
    ...evidenceOptions(),
    ...placeOptions(),
    ...workOptions(),
    ...formatOptions(),
    ...imageOptions(),
  ];
}

const option = (flags: string, description: string): Option => new Option(flags, description);

/** What is packed. */
function sourceOptions(): Option[] {
  return [
    option("-p, --prefix <folder>", "instead of a project: a runtime, nodeenv, conda prefix, or a manager's global folder"),
    option("-n, --name <version>", "instead of a project: a runtime that a version manager installed, as v22 or 22.11.0"),
  ];
}

/** What becomes of it. */
function outputOptions(): Option[] {
  const node = option(
    "--node <which>",
    "the runtime: current, none, lts, latest, a version (22, 22.11.0, ^20.19), or the path of a node (default: current; of a prefix its own)",
  );
  return [
    option(
      "-o, --output <file>",
      "the archive, or with a slash at the end a folder; - is stdout (default: NAME-VERSION-PLATFORM-ARCH.tar.zst)",
    ),
    option("--format <format>", "the format (default: what the output's name ends in, directory of a folder)").choices([
      INFER,
      ...FORMAT_NAMES.keys(),
    ]),
    option("--for <engine>", "make NAME-DIGEST.tar.gz, which YARN extracts and runs as it is; -o may name a folder").choices(["yarn"]),
    suggest(node, ["current", "none", "lts", "latest"]),
    platformOption(),
    prebuiltOption(),
  ];
}

/** What goes in and what not. */
function contentOptions(rules: Rule[]): Option[] {
  const rule = (action: Rule["action"]) => (pattern: string) => rules.push({ action, pattern });
  const omit = option("--omit <kind>", "leave out dev (development dependencies) or npm, which comes with Node.js (repeatable)").argParser(
    parseOmit,
  );
  return [
    option("--exclude <pattern>", "leave out what matches (repeatable); of --exclude and --include the last match wins").argParser(
      rule("exclude"),
    ),
    option("--include <pattern>", "keep what matches (repeatable)").argParser(rule("include")),
    suggest(omit, OMIT),
    option("--include-secret <path>", "keep a file that is left out as a secret (repeatable)").argParser(collect),
    option("--links <what>", "links to packages outside the environment: bring them in, or refuse").choices(["bring", "refuse"]),
    option("--ignore-lock", "pack what is there, whatever lockfiles and package managers say is missing or damaged"),
    option("--force-platform", "pack what was installed for another platform than that of the Node.js that goes in"),
    ...slimOptions(),
  ];
}

/** What of installed packages is not needed to run. */
function slimOptions(): Option[] {
  return [
    option(
      "--slim <grade>",
      "safe: leave out of packages source maps, type declarations, documents, tests, other platforms' binaries",
    ).choices(["safe"]),
    option("--trace <script>", "of packages only what a script of the project leads to, as @vercel/nft finds it (repeatable)").argParser(
      collect,
    ),
    option("--record <file>", "with --trace: what a run of `envpack record` touched as well (repeatable)").argParser(collect),
    option("--prove", "with --trace: prove it before it is written, and bring back what the proof misses"),
    option("--listen <port/path>", "with --prove: where the first script has to answer, as 8080/health (repeatable)").argParser(collect),
    option("--keep <pattern>", "with --slim and --trace: keep what matches (repeatable)").argParser(collect),
  ];
}

/** What says where it came from, and what is in it. */
function evidenceOptions(): Option[] {
  const sbom =
    "put a bill of materials into the archive and beside it: cyclonedx (OUTPUT.cdx.json, the default) or spdx (OUTPUT.spdx.json)";
  return [
    option("--sign <key>", "sign the archive with an Ed25519 private key (PEM or OpenSSH)"),
    option("--detach-sign <key>", "the same, with the signature in a file of its own, OUTPUT.sig"),
    option("--sbom [format]", sbom).argParser(parseSbom),
    option("--sha256", "write the archive's digest beside it, OUTPUT.sha256, for sha256sum -c"),
    option("--provenance", "write what it was made from beside it, OUTPUT.provenance.json (SLSA v1), signed by the same key"),
  ];
}

/** Where it will lie, and what takes the place of links. */
function placeOptions(): Option[] {
  return [
    option(
      "--dest-prefix <folder>",
      "write the paths of this folder, where the archive will be restored, into files that name the old one",
    ),
    option("--zip-symlinks", "in a zip: keep links as links (default: copies, since many readers of zips know none)"),
    option("--arcroot <folder>", "put everything into a folder of the archive"),
  ];
}

/** How it is done. */
function workOptions(): Option[] {
  return [
    option("--reuse <archive>", "take what has not changed from an earlier archive (default: from the one that --force replaces)"),
    option("--no-reuse", "pack everything afresh, and remember nothing for next time"),
    option("--compress-level <n>", "the codec's compression level").argParser(parseInteger),
    threadsOption(),
    option("--dockerfile", "print the Dockerfile that makes the image from an archive, and write nothing"),
    option("--dry-run", "show what would go in and what not, and write nothing"),
    option("-f, --force", "replace an existing archive; of a folder an environment of envpack's, and nothing else"),
    quietOption(),
    jsonOption(),
  ];
}

/** What concerns one format alone. */
function formatOptions(): Option[] {
  return [
    option("--discard-added", "with --force, of a folder: files that were added to the old one, which are in no archive, go with it"),
    option("--parcel-name <name>", "of a parcel: its name, without a dash (default: the environment's)"),
    option("--parcel-version <version>", "of a parcel: its version (default: the environment's)"),
    option("--parcel-distro <distro>", "of a parcel: the workers' system, as el8 or jammy (default: this machine's)"),
    option("--parcel-root <folder>", "of a parcel: where the cluster's parcels lie (default: /opt/cloudera/parcels)"),
  ];
}

function imageOptions(): Option[] {
  const push = option("--image <reference>", "make a container image and push it to a registry, as ghcr.io/acme/shop:1.4.0 (repeatable)");
  return [push.argParser(collect), ...imageOptionList()];
}

function parseOmit(kind: string, before: PackOptions["omit"]): PackOptions["omit"] {
  if (!isOmitted(kind)) throw new InvalidArgumentError('it can be "dev" or "npm"');
  return [...(before ?? []), kind];
}

function isOmitted(kind: string): kind is (typeof OMIT)[number] {
  return (OMIT as readonly string[]).includes(kind);
}

/** A format may be left away, and a path behind the option is none. */
function parseSbom(format: string): PackOptions["sbom"] {
  if (format !== "cyclonedx" && format !== "spdx") throw new InvalidArgumentError('it can be "cyclonedx" or "spdx"');
  return format;
}
