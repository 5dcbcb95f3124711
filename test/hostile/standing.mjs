/** Runs one command line of the built tool after another, as they are sent, and sends back how each ended. Started by standing-tool.ts. */
import { main } from "../../dist/cli/main.js";

process.on("message", async (words) => {
  const written = { stdout: "", stderr: "" };
  const streams = ["stdout", "stderr"].map((name) => {
    const { write } = process[name];
    process[name].write = (chunk, ...rest) => {
      written[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      rest.find((one) => typeof one === "function")?.(null);
      return true;
    };
    return () => (process[name].write = write);
  });
  // Each run listens on the streams, which outlive it here.
  for (const name of ["stdout", "stderr"]) process[name].setMaxListeners(0);
  const before = process.cpuUsage();
  const status = await main(words);
  const { user, system } = process.cpuUsage(before);
  for (const restore of streams) restore();
  process.send({ status, ...written, seconds: (user + system) / 1e6 });
});
