import { VERSION } from "../../support/version.js";
import type { Component } from "./component.js";
import type { Inventory } from "./inventory.js";
import type { License } from "./license.js";
import type { Stamp } from "./stamp.js";

const TYPES = { application: "application", package: "library", runtime: "platform", library: "library", part: "library" } as const;

/** A bill of materials of CycloneDX 1.6 (ECMA-424, cyclonedx.org/docs/1.6/json). */
export function makeCycloneDx({ root, components }: Inventory, { serial, timestamp }: Stamp): object {
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: {
      timestamp,
      lifecycles: [{ phase: "post-build" }],
      tools: { components: [{ type: "application", name: "envpack", version: VERSION }] },
      component: describe(root),
    },
    components: components.map(describe),
    dependencies: [root, ...components].map(({ ref, dependsOn }) => ({ ref, ...(dependsOn.length > 0 ? { dependsOn } : {}) })),
  };
}

/** What is not known is left out. */
function describe(component: Component): object {
  const { kind, ref, version, purl, cpe, hashes, source, soname } = component;
  const { group, name } = splitName(component);
  const licenses = licensesOf(component.license);
  const path = ref.split("#", 1)[0] as string;
  const properties = [
    ...(kind === "package" ? [{ name: "cdx:npm:package:path", value: path }] : []),
    ...(kind === "library" || kind === "runtime" ? [{ name: "envpack:path", value: path }] : []),
    ...(soname === null ? [] : [{ name: "envpack:soname", value: soname }]),
  ];
  return {
    type: TYPES[kind],
    "bom-ref": ref,
    ...(group === null ? {} : { group }),
    name,
    ...(version === null ? {} : { version }),
    ...(hashes.length === 0 ? {} : { hashes: hashes.map(({ algorithm, hex }) => ({ alg: algorithm, content: hex })) }),
    ...(licenses.length === 0 ? {} : { licenses }),
    ...(cpe === null ? {} : { cpe }),
    ...(purl === null ? {} : { purl }),
    ...(source === null ? {} : { externalReferences: [{ type: "distribution", url: source }] }),
    ...(properties.length === 0 ? {} : { properties }),
  };
}

/** The scope of a package of npm's is its group. */
function splitName({ kind, name }: Component): { readonly group: string | null; readonly name: string } {
  const match = kind === "package" || kind === "application" ? /^(@[^/]+)\/(.+)$/.exec(name) : null;
  return match === null ? { group: null, name } : { group: match[1] as string, name: match[2] as string };
}

function licensesOf(license: License): object[] {
  if (license.kind === "missing") return [];
  if (license.kind === "unclear") return [{ license: { name: license.text, acknowledgement: "declared" } }];
  const { terms } = license;
  const isOne = !("conjunction" in terms) && terms.plus === undefined && terms.exception === undefined;
  return isOne
    ? [{ license: { id: terms.license, acknowledgement: "declared" } }]
    : [{ expression: license.text, acknowledgement: "declared" }];
}
