import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { planDockerfile } from "../../src/verbs/pack/pack.js";
import type { ImageOptions } from "../../src/index.js";
import { scratchFolder } from "../scratch.js";
import { makeBase, write } from "./make-base.js";

const scratch = scratchFolder("dockerfile");
const project = join(scratch, "shop");
const layout = join(scratch, "base.oci");

beforeAll(() => {
  process.env.XDG_CACHE_HOME = join(scratch, "cache");
  write(
    join(project, "package.json"),
    JSON.stringify({
      name: "shop",
      version: "1.4.0",
      description: "Two\nlines",
      license: "MIT",
      main: "server.js",
      envpack: { base: "b.example/own:2" },
    }),
  );
  write(join(project, "server.js"), "console.log(1)\n");
  makeBase(layout, [["lib/libc.so.6", ""]]);
});

async function linesOf(image: ImageOptions): Promise<string[]> {
  return (await planDockerfile({ path: project, node: "none", threads: 1, image })).split("\n");
}

test("a Dockerfile says what the image would be: its base, variables, labels and how it starts", async () => {
  expect((await linesOf({ env: ["A=1"], labels: ["team=blue"], ports: ["80"], stopSignal: "SIGINT" })).slice(2)).toEqual([
    "FROM scratch AS environment",
    "ADD shop.tar.gz /",
    "",
    "FROM b.example/own:2",
    'COPY --from=environment ["/opt/shop","/opt/shop"]',
    "WORKDIR /opt/shop/app",
    'ENV PATH="/opt/shop/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"',
    'ENV HOME="/tmp"',
    'ENV A="1"',
    'LABEL org.opencontainers.image.title="shop"',
    'LABEL org.opencontainers.image.version="1.4.0"',
    'LABEL org.opencontainers.image.licenses="MIT"',
    'LABEL envpack.prefix="/opt/shop"',
    'LABEL team="blue"',
    "EXPOSE 80",
    "USER 65532:65532",
    "STOPSIGNAL SIGINT",
    'ENTRYPOINT ["node"]',
    'CMD ["/opt/shop/app/server.js"]',
    "",
  ]);
  expect(await linesOf({ base: "none" })).toContain("FROM gcr.io/distroless/cc-debian12:nonroot");
});

test("spaces, quotes and variables in it stand for themselves", async () => {
  const lines = await linesOf({ prefix: "/my shop", env: ['A=$HOME "x" \\ y'] });
  expect(lines[1]).toBe("#     envpack pack --arcroot 'my shop' -o shop.tar.gz");
  expect(lines).toContain('COPY --from=environment ["/my shop","/my shop"]');
  expect(lines).toContain('ENV A="\\$HOME \\"x\\" \\\\ y"');
});

test("what a Dockerfile cannot say is refused: a file as its base, a value of several lines", async () => {
  await expect(linesOf({ base: layout })).rejects.toMatchObject({ code: "USAGE", path: layout, hint: expect.stringContaining("--base") });
  await expect(linesOf({ base: "./not-there.oci.tar" })).rejects.toMatchObject({ code: "USAGE" });
  await expect(linesOf({ env: ["A=1\nUSER root"] })).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining('"A"') });
});
