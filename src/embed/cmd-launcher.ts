/** What a launcher for Windows starts; paths are arcpaths. */
export interface CmdStart {
  readonly script: string;
  /** "node": by node; "direct": by itself, as an .exe. */
  readonly start: "node" | "direct";
  readonly nodeOptions: readonly string[];
  readonly nodePath: readonly string[];
  readonly preload?: readonly (readonly [option: string, file: string])[];
}

/**
 * The text of `bin/NAME.cmd`, by which cmd.exe and PowerShell start a command; `%~dp0` is the folder that holds it, with a
 * backslash at its end.
 *
 * @param ownNode whether the environment brings a node; else that of PATH is used
 */
export function cmdText({ script, start, nodeOptions, nodePath, preload = [] }: CmdStart, ownNode: boolean): string {
  const node = ownNode ? '"%~dp0node.exe"' : "node";
  const options = nodeOptions.map((option) => `"${escapeCmd(option)}"`);
  const command = start === "node" ? [node, ...options, place(script)] : [place(script)];
  const lines = ["@echo off", "setlocal", 'set "PATH=%~dp0;%PATH%"'];
  if (nodePath.length > 0) lines.push(`set "NODE_PATH=${nodePath.map(inRoot).join(";")};%NODE_PATH%"`);
  if (preload.length > 0) {
    // Between double quotes Node takes the character after a backslash as it is: hence slashes.
    lines.push(
      'set "_EP_ROOT=%~dp0.."',
      `set NODE_OPTIONS=${preload.map(([option, file]) => `${option} "%_EP_ROOT:\\=/%/${escapeCmd(file)}"`).join(" ")} %NODE_OPTIONS%`,
    );
  }
  // cmd.exe misreads files with bare line feeds.
  return `${[...lines, `${command.join(" ")} %*`, "exit /b %errorlevel%"].join("\r\n")}\r\n`;
}

function place(arcpath: string): string {
  return `"${inRoot(arcpath)}"`;
}

function inRoot(arcpath: string): string {
  return `%~dp0..\\${escapeCmd(arcpath.replaceAll("/", "\\"))}`;
}

/** A name cannot hold a double quote on Windows; what stands between two percent signs would be a variable. */
function escapeCmd(text: string): string {
  return text.replaceAll("%", "%%");
}
