/** A task that starts the environment's server, asks it for a page and writes the page's text: `env/bin/node ask.mjs ENVIRONMENT SCRIPT`. */
import { spawn } from "node:child_process";
import { get } from "node:http";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [environment, script] = process.argv.slice(2);
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const free = server.address().port;
    server.close(() => resolve(free));
  });
});
/** The page, or null. Node's fetch is WebAssembly, which reserves more than a container may. */
const ask = () =>
  new Promise((resolve) => {
    get({ host: "127.0.0.1", port }, (answer) => {
      let page = "";
      answer.setEncoding("utf8").on("data", (part) => (page += part));
      answer.on("end", () => resolve(answer.statusCode === 200 ? page : null));
    }).on("error", () => resolve(null));
  });

const server = spawn(`${environment}/bin/node`, [`${environment}/${script}`], {
  env: { PATH: process.env.PATH, PORT: String(port), HOSTNAME: "127.0.0.1", NODE_OPTIONS: "--disable-wasm-trap-handler" },
  stdio: ["ignore", "ignore", "inherit"],
});
let ended = null;
server.on("exit", (code) => (ended = code));
for (;;) {
  if (ended !== null) throw new Error(`the server ended with ${ended}`);
  const page = await ask();
  if (page !== null) {
    console.log(/<p>(.*?)<\/p>/.exec(page)?.[1]);
    break;
  }
  await sleep(100);
}
server.kill();
