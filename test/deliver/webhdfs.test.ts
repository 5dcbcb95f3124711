import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { explainHdfs } from "../../src/deliver/hdfs-errors.js";
import { WebHdfs } from "../../src/deliver/webhdfs.js";
import { EnvpackError } from "../../src/support/errors.js";
import { makeFolder } from "../environment/tree.js";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const file = join(makeFolder(), "a.tar.gz");
writeFileSync(file, "content");
let answer: Answer;
let asked: URL[];
const server = createServer((request, response) => {
  asked.push(new URL(request.url ?? "", "http://x"));
  answer(request, response);
});
let store: WebHdfs;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  store = new WebHdfs(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), "me");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
});

const says =
  (body: string, status = 200, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, headers).end(body);

const endless: Answer = (_request, response) => {
  const piece = Buffer.alloc(65536, "x");
  const go = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on("drain", go);
  go();
};

const CALLS: readonly (readonly [string, () => Promise<unknown>])[] = [
  ["look", async () => store.look(["/a"])],
  ["makeFolder", async () => store.makeFolder("/a")],
  ["rename", async () => store.rename("/a", "/b")],
  ["write", async () => store.write("/a", file)],
  [
    "read",
    async () => {
      for await (const _ of store.read("/a"));
    },
  ],
];

const WRONG: readonly (readonly [string, Answer])[] = [
  ["{}", says("{}")],
  ["null", says("null")],
  ["a list", says("[1]")],
  ["text", says("hello")],
  ["nothing", says("")],
  ["a page", says("<html>404</html>", 404)],
  ["a status that is none", says('{"FileStatus":{"type":"FILE","length":-1,"permission":"rwx"}}')],
  ["an exception without a name", says('{"RemoteException":{}}', 500)],
  ["null for an exception", says('{"RemoteException":null}', 403)],
  ["a body without an end", endless],
  ["a Location that is no URL", says("", 307, { Location: "http://[" })],
  ["a Location of another kind", says("", 307, { Location: "file:///etc/passwd" })],
];

describe.each(WRONG)("63: a server that answers %s", (_what, given) => {
  test.each(CALLS)("is refused in one line by %s", async (_call, start) => {
    answer = given;
    const error: unknown = await start().then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(EnvpackError);
    expect((error as EnvpackError).message).not.toContain("\n");
    expect((error as EnvpackError).message.length).toBeLessThan(400);
  });
});

test("63: a server that hangs up in the middle is told in one line", async () => {
  answer = (_request, response) => {
    response.writeHead(200, { "Content-Length": "1000" });
    response.write("{");
    setImmediate(() => response.destroy());
  };
  await expect(store.look(["/a"])).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE", message: expect.not.stringContaining("\n") });
});

test("a new file is never written over another one", async () => {
  answer = says("", 403);
  await expect(store.write("/a", file)).rejects.toBeInstanceOf(EnvpackError);
  expect(asked[0]?.searchParams.get("op")).toBe("CREATE");
  expect(asked[0]?.searchParams.get("overwrite")).toBe("false");
});

test("an answer that is right is read", async () => {
  answer = says('{"FileStatus":{"type":"DIRECTORY","length":0,"permission":"1755","owner":"x"}}');
  expect(await store.look(["/a"])).toEqual([{ kind: "folder", length: 0, mode: 0o755 }]);
  answer = says('{"RemoteException":{"exception":"FileNotFoundException","message":"no"}}', 404);
  expect(await store.look(["/a"])).toEqual([null]);
  answer = says('{"boolean":false}');
  expect(await store.rename("/a", "/b")).toBe(false);
});

describe("N13: an unknown host is told in one line that a user understands", () => {
  test("over HTTP", async () => {
    const nowhere = new WebHdfs(new URL("http://no-such-machine.invalid:9870"), "me");
    const error: unknown = await nowhere.look(["/a"]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "ENGINE_UNREACHABLE",
      message: expect.stringMatching(/^cannot look at HDFS: .*no-such-machine\.invalid/),
    });
    expect((error as EnvpackError).message).not.toMatch(/getaddrinfo|ENOTFOUND|EAI_AGAIN|\n/);
  });

  test.each([
    "-ls: java.net.UnknownHostException: nowhere\nUsage: hadoop fs [generic options] -ls [-C]",
    "java.lang.IllegalArgumentException: java.net.UnknownHostException: nowhere\n\tat org.apache.hadoop.security.SecurityUtil.buildTokenService(SecurityUtil.java:466)\n\tat x",
    '2026-11-28 08:00:00,000 WARN x\nls: Invalid host name: local host is: (unknown); destination host is: "nowhere":8020; java.net.UnknownHostException; For more details see:  http://wiki',
    'Exception in thread "main" java.lang.IllegalArgumentException: java.net.UnknownHostException: nowhere',
  ])("by Hadoop's client: %j", (said) => {
    const { code, message } = explainHdfs(said, "cannot look at HDFS", "/a");
    expect(code).toBe("ENGINE_UNREACHABLE");
    expect(message).toMatch(/^cannot look at HDFS: .*nowhere/);
    expect(message).not.toMatch(/java\.|\tat |\n/);
  });
});
