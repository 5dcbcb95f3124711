import type { Command } from "commander";
import type { Session } from "../session.js";
import { addDeliverSlurm } from "./deliver-slurm.js";
import { addDeliverYarn } from "./deliver-yarn.js";

/** `envpack deliver ENGINE ARCHIVE`: each engine is added by its own file. */
export function addDeliver(program: Command, session: Session): void {
  const deliver = program
    .command("deliver")
    .summary("hand an archive over to an engine that runs it on its workers")
    .description("Hands an archive over to an engine, and tells how jobs use it there.")
    .helpCommand(false);
  for (const add of [addDeliverYarn, addDeliverSlurm]) add(deliver, session);
}
