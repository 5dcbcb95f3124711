import { inject } from "vitest";
import { useThreadScript } from "../src/engine/thread-script.js";

useThreadScript(inject("threadScript"));
