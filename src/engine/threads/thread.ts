import { serveThread } from "./serve-thread.js";

// The script of a worker thread.
serveThread();
