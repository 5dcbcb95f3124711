import type { Command } from "commander";
import { addHelp } from "../help-command.js";
import type { Session } from "../session.js";
import { addDeliverRegistry } from "./deliver-registry.js";
import { addDeliverSlurm } from "./deliver-slurm.js";
import { addDeliverYarn } from "./deliver-yarn.js";

/** `envpack deliver ENGINE ARCHIVE`: each engine is added by its own file. */
export function addDeliver(program: Command, session: Session): void {
  const deliver = program
    .command("deliver")
    .summary("hand an archive over to an engine that runs it, or an image to a registry")
    .description("Hands an archive over to an engine, and tells how jobs use it there; or an image to a registry.");
  for (const add of [addDeliverYarn, addDeliverSlurm, addDeliverRegistry]) add(deliver, session);
  addHelp(deliver);
}
