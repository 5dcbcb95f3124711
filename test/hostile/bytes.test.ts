import { rowsOfBytes } from "./rows-of-bytes.js";
import { rowsOfContainers } from "./rows-of-containers.js";
import { tryRows } from "./try-rows.js";

tryRows(() => [...rowsOfBytes(), ...rowsOfContainers()]);
