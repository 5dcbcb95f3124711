import { fileOfBytes, type PlannedFile } from "../../archive/entry.js";
import type { ParcelName } from "./parcel-name.js";

/** The folder of a parcel that tells Cloudera Manager about it. */
export const PARCEL_META = "meta";

/** Sourced by bash for each process of each service on a machine where the parcel is active. */
const DEFINES = "envpack_env.sh";

export interface ParcelContent {
  readonly parcel: ParcelName;
  /** What the environment is called, and the version of Node in it; null where there is none. */
  readonly environment: string;
  readonly node: string | null;
}

/**
 * The files by which Cloudera Manager knows a parcel: `meta/parcel.json`, of schema version 1 with all the fields that
 * its validator asks for, and the script that activates the environment.
 *
 * @returns files with their places inside the parcel's folder
 */
export function parcelFiles({ parcel, environment, node }: ParcelContent): readonly PlannedFile[] {
  const { name, version } = parcel;
  const runtime = node === null || name === "node" ? [] : [{ name: "node", version: node }];
  const descriptor = {
    schema_version: 1,
    name,
    version,
    setActiveSymlink: true,
    scripts: { defines: DEFINES },
    packages: [{ name, version }, ...runtime],
    components: [{ name, version, pkg_version: version }, ...runtime.map((one) => ({ ...one, pkg_version: one.version }))],
    users: {},
    groups: [],
    extraVersionInfo: { baseVersion: version, fullVersion: version, patchCount: "0" },
  };
  return [
    fileOfBytes(`${PARCEL_META}/${DEFINES}`, Buffer.from(definesScript(environment))),
    fileOfBytes(`${PARCEL_META}/parcel.json`, Buffer.from(`${JSON.stringify(descriptor, null, 2)}\n`)),
  ];
}

/** Cloudera Manager names the folder in two variables. What cannot be activated must not stop a service that does not need it. */
function definesScript(environment: string): string {
  return `# Activates ${environment.replaceAll(/[^\w@./+-]+/g, "-")} for the processes of Cloudera Manager.
if [ -r "\${PARCELS_ROOT:-}/\${PARCEL_DIRNAME:-}/bin/activate" ]; then
  . "$PARCELS_ROOT/$PARCEL_DIRNAME/bin/activate" || :
fi
`;
}
