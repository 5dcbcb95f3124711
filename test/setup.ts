import { inject } from "vitest";
import { useThreadScript } from "../src/engine/threads/thread-script.js";

useThreadScript(inject("threadScript"));
