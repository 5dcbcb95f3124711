import { rowsOfNames } from "./rows-of-names.js";
import { tryRows } from "./try-rows.js";

tryRows((box) => rowsOfNames(box.escape));
