import { expect, test } from "vitest";
import { cmdText } from "../../src/embed/cmd-launcher.js";

const START = { script: "app/node_modules/a b/cli 100%.js", start: "node", nodeOptions: ["--no-warnings"], nodePath: [] } as const;

test("a launcher for Windows starts the environment's own node with its script, and passes arguments and status on", () => {
  expect(cmdText(START, true).split("\r\n")).toEqual([
    "@echo off",
    "setlocal",
    'set "PATH=%~dp0;%PATH%"',
    '"%~dp0node.exe" "--no-warnings" "%~dp0..\\app\\node_modules\\a b\\cli 100%%.js" %*',
    "exit /b %errorlevel%",
    "",
  ]);
  expect(cmdText(START, true)).not.toMatch(/[^\r]\n/);
});

test("without a node of its own it takes that of PATH, and a program starts by itself", () => {
  expect(cmdText(START, false)).toContain('\r\nnode "--no-warnings" ');
  expect(cmdText({ ...START, script: "app/tool.exe", start: "direct" }, true)).toContain('\r\n"%~dp0..\\app\\tool.exe" %*\r\n');
});

test("folders for NODE_PATH and files to load first are found from its own place", () => {
  const text = cmdText({ ...START, nodePath: ["app/node_modules/.pnpm/node_modules"], preload: [["--require", "app/.pnp.cjs"]] }, true);
  expect(text).toContain('set "NODE_PATH=%~dp0..\\app\\node_modules\\.pnpm\\node_modules;%NODE_PATH%"');
  expect(text).toContain('--require "%_EP_ROOT:\\=/%/app/.pnp.cjs"');
});
