import { type CommandFacts, type OptionFacts, type Values, withSubcommands } from "./describe.js";

/** The part of the script that is the same whatever the commands are. */
const WALK = `_envpack_list() {
  local current=$2
  case "$1" in
    words*) COMPREPLY=($(compgen -W "\${1#words}" -- "$current")) ;;
    folders) compopt -o dirnames +o default 2>/dev/null ;;
    files) ;;
    *) compopt +o default 2>/dev/null ;;
  esac
}

_envpack() {
  COMPREPLY=()
  local at=1 command="" place=0 word known
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  # bash takes --format=tar for three words.
  if [[ $current == "=" ]]; then current=""; elif [[ $before == "=" ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  while ((at < COMP_CWORD)); do
    word=\${COMP_WORDS[at]}
    known=" $(_envpack_commands "$command") "
    if [[ $word == -- ]]; then _envpack_list files "$current"; return; fi
    if [[ $word == -* ]]; then
      if [[ \${COMP_WORDS[at+1]} == "=" ]]; then ((at += 2)); elif _envpack_takes_value "$command" "$word"; then ((at += 1)); fi
    elif [[ $place == 0 && $known == *" $word "* ]]; then
      command="\${command:+$command }$word"
    elif [[ $word != "=" ]]; then
      ((place += 1))
    fi
    ((at += 1))
  done
  if _envpack_takes_value "$command" "$before"; then
    _envpack_list "$(_envpack_values "$command" "$before")" "$current"
  elif [[ $current == -* ]]; then
    _envpack_list "words $(_envpack_options "$command")" "$current"
  elif [[ $place == 0 && -n $(_envpack_commands "$command") ]]; then
    _envpack_list "words $(_envpack_commands "$command")" "$current"
  else
    _envpack_list "$(_envpack_argument "$command" "$place")" "$current"
  fi
}

complete -o default -F _envpack envpack
`;

/**
 * What bash sources. `_envpack` walks the words before the cursor to find the command that they name, then lists what
 * can follow. For files it lists nothing: readline itself does it then (`-o default`), which knows every odd name.
 * Works in bash 3.2, macOS's own, too.
 */
export function bashCompletion(program: CommandFacts): string {
  const all = withSubcommands(program);
  const cases = (rows: readonly string[]): string => rows.map((row) => `    ${row}`).join("\n");
  return `# bash completion of envpack, made by \`envpack completion bash\`
#     source <(envpack completion bash)

# Whether an option of the command $1 takes the next word.
_envpack_takes_value() {
  case "$1 $2" in
${cases(all.flatMap((command) => command.options.filter(({ value }) => value !== null).map((option) => `${patterns(command, option)}) return 0 ;;`)))}
  esac
  return 1
}

# The commands that lie in the command $1.
_envpack_commands() {
  case "$1" in
${cases(all.filter(({ commands }) => commands.length > 0).map((command) => `${word(keyOf(command))}) echo ${word(command.commands.map((one) => one.path.at(-1)).join(" "))} ;;`))}
  esac
}

# The options of the command $1.
_envpack_options() {
  case "$1" in
${cases(all.map((command) => `${word(keyOf(command))}) echo ${word(command.options.flatMap(({ names }) => names).join(" "))} ;;`))}
  esac
}

# What the option $2 of the command $1 takes: "words ...", "folders", "files" or "unknown".
_envpack_values() {
  case "$1 $2" in
${cases(all.flatMap((command) => command.options.filter(({ value }) => value !== null).map((option) => `${patterns(command, option)}) echo ${word(valuesText(option.values))} ;;`)))}
  esac
}

# What the argument $2, counted from 0, of the command $1 is, likewise.
_envpack_argument() {
  case "$1 $2" in
${cases(all.flatMap(argumentCases))}
  esac
}

${WALK}`;
}

function keyOf({ path }: CommandFacts): string {
  return path.join(" ");
}

/** The patterns of a case: each name of an option behind its command. */
function patterns(command: CommandFacts, { names }: OptionFacts): string {
  return names.map((name) => word(`${keyOf(command)} ${name}`)).join(" | ");
}

function argumentCases(command: CommandFacts): string[] {
  return command.args.map((values, at) => {
    const isLast = at === command.args.length - 1;
    return `${word(`${keyOf(command)} ${at}`)}${isLast && command.isVariadic ? ` | ${word(`${keyOf(command)} `)}*` : ""}) echo ${word(valuesText(values))} ;;`;
  });
}

function valuesText(values: Values): string {
  return typeof values === "string" ? values : `words ${values.words.join(" ")}`;
}

/** A word that the shell takes as it is. */
function word(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
