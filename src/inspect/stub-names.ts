import { stubName, stubPlatform, type StubFields } from "../archive/stub/header.js";
import type { Manifest } from "../manifest/manifest.js";
import { tripleOf } from "../manifest/target.js";

/** What the script of a self-extracting file says of the environment in it. */
export function stubNames({ name, version, platform }: Manifest): Pick<StubFields, "name" | "platform"> {
  return { name: stubName(name, version), platform: stubPlatform(tripleOf(platform)) };
}
