/**
 * The rules of a parcel as Cloudera publishes them (github.com/cloudera/cm_ext, wiki and the constraints of its
 * validator), written down once more, without any code of envpack's. A rule that is broken is one sentence.
 */
export function checkParcel(file: string, names: readonly string[], json: unknown): string[] {
  const faults: string[] = [];
  const say = (ok: boolean, fault: string): void => {
    if (!ok) faults.push(fault);
  };
  const parts = /^(.*?)-(.*)-(.*?)\.parcel$/.exec(file);
  say(parts !== null, "the file's name is NAME-VERSION-DISTRO.parcel");
  const folder = `${parts?.[1] ?? ""}-${parts?.[2] ?? ""}`;
  say(
    names.every((name) => name === folder || name === `${folder}/` || name.startsWith(`${folder}/`)),
    "everything lies in one folder NAME-VERSION, without ./ before it",
  );
  say(names.includes(`${folder}/meta/parcel.json`), "meta/parcel.json is there by its exact name");
  const parcel = json as Record<string, unknown>;
  say(parcel.schema_version === 1, "schema_version is 1");
  say(isFilled(parcel.name) && !parcel.name.includes("-"), "name is filled and has no dash");
  say(isFilled(parcel.version), "version is filled");
  say(`${String(parcel.name)}-${String(parcel.version)}` === folder, "name-version is the folder");
  say(typeof parcel.setActiveSymlink === "boolean", "setActiveSymlink is there");
  const scripts = parcel.scripts as Record<string, unknown> | undefined;
  say(isFilled(scripts?.defines), "scripts.defines is filled");
  say(names.includes(`${folder}/meta/${String(scripts?.defines)}`), "the defines script lies in meta/");
  for (const field of ["packages", "components"]) say(areNamed(parcel[field]), `${field} have each a name of its own and a version`);
  say(
    isRecord(parcel.users) &&
      Object.values(parcel.users).every(
        (user) => isRecord(user) && ["longname", "home", "shell"].every((key) => isFilled(user[key])) && Array.isArray(user.extra_groups),
      ),
    "users are whole",
  );
  say(Array.isArray(parcel.groups), "groups is a list");
  return faults;
}

/** The rules of a repository's manifest.json. */
export function checkRepository(json: unknown): string[] {
  const faults: string[] = [];
  const { lastUpdated, parcels } = json as { lastUpdated?: unknown; parcels?: unknown };
  if (!Number.isInteger(lastUpdated)) faults.push("lastUpdated is a whole number of milliseconds");
  if (!Array.isArray(parcels)) return [...faults, "parcels is a list"];
  const names = new Set(parcels.map((parcel: { parcelName?: unknown }) => parcel.parcelName));
  if (names.size !== parcels.length) faults.push("each parcelName is there once");
  for (const parcel of parcels as Record<string, unknown>[]) {
    if (!isFilled(parcel.parcelName)) faults.push("parcelName is filled");
    if (!/^[0-9a-f]{40}$/.test(String(parcel.hash))) faults.push("hash is a SHA-1 in hex");
    if (!areNamed(parcel.components)) faults.push("components have each a name of its own and a version");
  }
  return faults;
}

function isFilled(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areNamed(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const all = value as Record<string, unknown>[];
  return all.every(({ name, version }) => isFilled(name) && isFilled(version)) && new Set(all.map(({ name }) => name)).size === all.length;
}
