import { type CommandFacts, type OptionFacts, type Values, withSubcommands } from "./describe.js";

/** What zsh autoloads as `_envpack`, from a folder of its `fpath`, or sources: a function for each command. */
export function zshCompletion(program: CommandFacts): string {
  return `#compdef envpack
# zsh completion of envpack, made by \`envpack completion zsh\`
#     source <(envpack completion zsh)       or as _envpack in a folder of $fpath

${withSubcommands(program).map(functionText).join("\n\n")}

# Autoloaded, the file is the function; sourced, it only says what there is.
if [[ $funcstack[1] == _envpack ]]; then
  _envpack "$@"
elif (( $+functions[compdef] )); then
  compdef _envpack envpack
fi
`;
}

function functionText(command: CommandFacts): string {
  const options = command.options.map(optionSpec);
  return command.commands.length === 0 ? leafText(command, options) : branchText(command, options);
}

function leafText(command: CommandFacts, options: readonly string[]): string {
  const places = command.args.map((values, at) => {
    const isMany = command.isVariadic && at === command.args.length - 1;
    return quoted(`${isMany ? "*" : `${at + 1}`}:argument:${actionOf(values)}`);
  });
  return `${functionName(command)}() {
  _arguments -s -S : \\
${[...options, ...places].map((spec) => `    ${spec}`).join(" \\\n")}
}`;
}

function branchText(command: CommandFacts, options: readonly string[]): string {
  const names = command.commands.map(({ path, summary }) => `      ${quoted(`${path.at(-1)}:${summary}`)}`).join("\n");
  const calls = command.commands.map((one) => `        ${one.path.at(-1)}) ${functionName(one)} ;;`).join("\n");
  return `${functionName(command)}() {
  local curcontext="$curcontext" state
  local -a line names
  typeset -A opt_args
  _arguments -C -s -S : \\
${[...options, "'1:command:->command'", "'*::argument:->rest'"].map((spec) => `    ${spec}`).join(" \\\n")}
  case $state in
    command)
      names=(
${names}
      )
      _describe -t commands command names ;;
    rest)
      case $line[1] in
${calls}
      esac ;;
  esac
}`;
}

function functionName({ path }: CommandFacts): string {
  return ["_envpack", ...path].join("_").replaceAll("-", "_");
}

/** `(-o --output)'{-o+,--output=}'[…]:file:_files`: once only, unless it is repeatable. */
function optionSpec({ names, description, value, values, isRepeatable }: OptionFacts): string {
  const what = `[${description.replaceAll(/[[\]\\]/g, String.raw`\$&`)}]${value === null ? "" : `:${value}:${actionOf(values)}`}`;
  const forms = names.map((name) => (value === null ? name : name.startsWith("--") ? `${name}=` : `${name}+`));
  const before = isRepeatable ? "*" : `(${names.join(" ")})`;
  return `${quoted(before)}${forms.length === 1 ? quoted(forms[0] ?? "") : `{${forms.join(",")}}`}${quoted(what)}`;
}

function actionOf(values: Values): string {
  if (typeof values !== "string") return `(${values.words.join(" ")})`;
  return { folders: "_files -/", files: "_files", unknown: " " }[values];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
