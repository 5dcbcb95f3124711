import { existsSync } from "node:fs";
import type { PackOptions } from "./pack-result.js";
import { resolve } from "node:path";
import { formatOf } from "../../archive/formats.js";
import { openReuse, type Reuse } from "../../engine/reuse/reuse.js";
import { EnvpackError } from "../../support/errors.js";
import type { OutputPlan } from "./output.js";

/** The frames of a zip stand in a directory as well, and an image has none: so none are taken over. */
export async function openReuseFor(options: PackOptions, place: OutputPlan, began: number): Promise<Reuse | undefined> {
  const never = !formatOf(place.format).reuse;
  if (options.reuse === false || (never && options.reuse === undefined)) return undefined;
  if (never)
    throw new EnvpackError("USAGE", `a ${place.format} takes nothing from an earlier archive`, {
      hint: "leave --reuse away, or pack a .tar.zst",
    });
  return openReuse(previousOf(options, place), options.reuse !== undefined, began);
}

/** Whether all will be made afresh, as far as can be told without opening anything. */
export function isAfresh(options: Pick<PackOptions, "reuse" | "force">, place: OutputPlan): boolean {
  const previous = previousOf(options, place);
  return options.reuse === false || previous === null || !existsSync(previous);
}

/** The archive whose frames may be taken over: the one that is named, else the one that is replaced. */
function previousOf({ reuse, force }: Pick<PackOptions, "reuse" | "force">, { path }: OutputPlan): string | null {
  if (typeof reuse === "string") return resolve(reuse);
  return force === true ? path : null;
}
