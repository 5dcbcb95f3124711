/** The page's script: draws the map, tells of what is chosen in it, and makes tables sortable. Without it the tables stand as they are. */
import { startMap } from "./map.mjs";
import { startTables } from "./tables.mjs";

startTables();
startMap(JSON.parse(document.getElementById("data").textContent));
