/** What is known of the machine that a failure may name. */
export interface ReasonContext {
  /** Where the environment stands. */
  readonly place: string;
  /** The folders of this machine that are not there inside: the source, homes, stores. */
  readonly hiddenRoots: readonly string[];
}

type Rule = readonly [RegExp, (match: RegExpExecArray, context: ReasonContext) => string | null];

/** What messages of Node.js, of the dynamic loader, of kernels and of shells say, the most telling first. */
const RULES: readonly Rule[] = [
  [
    /(?<![\w@.+-])([\w@.+-]{1,200}\.so[\w.]{0,40})(?:: cannot open shared object file| => not found)/,
    ([, library]) => `lacks the library ${library}: neither the environment nor the system there has it`,
  ],
  [
    /Error loading shared library ([^\s:]+)/,
    ([, library]) => `lacks the library ${library}: neither the environment nor the system there has it`,
  ],
  [
    /version [`'](GLIBC_[\d.]+|GLIBCXX_[\d.]+|CXXABI_[\d.]+)' not found/,
    ([, version]) => `needs ${version}, which is newer than the system there has`,
  ],
  [/invalid ELF header|wrong ELF class|Exec format error|ENOEXEC/, () => "a program or addon is for another platform"],
  [
    /NODE_MODULE_VERSION (\d+)[\s\S]{0,400}?NODE_MODULE_VERSION (\d+)/,
    ([, has, wants]) => `an addon was built for Node.js of ABI ${has}, and runs in one of ABI ${wants}`,
  ],
  [/failed to map segment from shared object/, () => "an addon may not be mapped for execution: it lies on a noexec file system"],
  [/Cannot find (?:module|package) '([^']+)'/, ([, name = ""], context) => missing(name, context)],
  [/ENOENT[^\n]{0,100}?'(\/[^'\n]{1,4096})'/, ([, path = ""], context) => absent(path, context)],
  [/(?:EACCES|EPERM)[^\n]{0,100}?'(\/[^'\n]{1,4096})'/, ([, path]) => `may not use ${path} as this user`],
  [/(?:execvp|failed to execute) (\/[^\n:]{1,4096}): No such file or directory/, ([, path = ""], context) => notStarted(path, context)],
  [/(?<![^\s:'"])(\/[^\s:'"]+): (?:No such file or directory|not found)/, ([, path = ""], context) => absent(path, context)],
  [/env: [‘'"]?((?!-)[\w.+-]+)['’"]?: No such file or directory/, ([, name]) => `starts ${name}, which is not on PATH there`],
  [/(?:^|\n|: )((?!-)[\w.+-]+): (?:command )?not found/, ([, name]) => `starts ${name}, which is not on PATH there`],
  // A program that starts others takes our own --version for one.
  [/spawn ((?!-)[\w.+-]+) ENOENT/, ([, name]) => `starts ${name}, which is not on PATH there`],
  [/(ENOTFOUND|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH)[^\n]*/, ([text = ""]) => `wants the network (${text.slice(0, 80)})`],
  [/connect ECONNREFUSED ([\d.:[\]a-f]+)/, ([, address]) => `wants to connect to ${address}, where nothing listens there`],
  [
    /uv_os_(?:homedir|get_passwd)|ERR_SYSTEM_ERROR.{0,400}(?:homedir|passwd)/,
    () => "asks for the user's home or name, which this user has not",
  ],
  [/JavaScript heap out of memory|ENOMEM|Cannot allocate memory/, () => "has not enough memory"],
];

/** Whether a reason of `reasonOf` tells of something that the source may have and the environment has not. */
export function isOfTheMove(reason: string): boolean {
  return /^lacks the library |(?:is not in the environment|is there on this machine only|is not there|is not on PATH there)$/.test(reason);
}

const READ_ONLY = /(?:EROFS|[Rr]ead-only file system)[^\n]{0,100}?'(\/[^'\n]{1,4096})'|(?<![^\s:'"])(\/[^\s:'"]+): Read-only file system/;

/** Why something failed, in one line, from what it printed or threw; null where that says nothing that is known. */
export function reasonOf(text: string, context: ReasonContext): string | null {
  const written = READ_ONLY.exec(text);
  if (written !== null) return `writes to ${written[1] ?? written[2]}, which is read-only there`;
  for (const [pattern, explain] of RULES) {
    const match = pattern.exec(text);
    const reason = match === null ? null : explain(match, context);
    if (reason !== null) return reason;
  }
  const hidden = context.hiddenRoots.find((root) => text.includes(root));
  return hidden === undefined ? null : `names ${hidden}, which is there on this machine only`;
}

function missing(name: string, context: ReasonContext): string {
  if (name.startsWith("/")) return absent(name, context);
  return name.startsWith(".") ? `the file ${name} is not in the environment` : `the package ${name} is not in the environment`;
}

/** Kernels say so of a script as well whose interpreter is missing: what is tried of the environment is there. */
function notStarted(path: string, { place }: ReasonContext): string {
  if (!path.startsWith(`${place}/`)) return `starts ${path}, which is not there`;
  return `what the first line of ${path.slice(place.length + 1)} names to run it, ${NO_INTERPRETER}`;
}

const NO_INTERPRETER = "as /bin/sh, is not in that system";

/** Whether a reason says that a script's interpreter is missing. */
export function lacksInterpreter(reason: string): boolean {
  return reason.endsWith(NO_INTERPRETER);
}

function absent(path: string, { place, hiddenRoots }: ReasonContext): string {
  if (path === place || path.startsWith(`${place}/`)) return `${path.slice(place.length + 1)} is not in the environment`;
  const root = hiddenRoots.find((one) => path === one || path.startsWith(`${one}/`));
  return root === undefined
    ? `names ${path}, an absolute path that is not there`
    : `names ${path}, an absolute path into ${root}, which is there on this machine only`;
}
