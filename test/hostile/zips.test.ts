import { rowsOfZips } from "./rows-of-zips.js";
import { tryRows } from "./try-rows.js";

tryRows((box) => rowsOfZips(box.escape), "zip");
