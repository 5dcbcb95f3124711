import { type CommandFacts, type OptionFacts, type Values, withSubcommands } from "./describe.js";

/** What fish reads from `completions/envpack.fish`, or sources: a line for each thing that can follow a command. */
export function fishCompletion(program: CommandFacts): string {
  const all = withSubcommands(program);
  const withValue = all.flatMap(({ path, options }) =>
    options.filter(({ value }) => value !== null).flatMap(({ names }) => names.map((name) => quoted([...path, name].join(" ")))),
  );
  return `# fish completion of envpack, made by \`envpack completion fish\`
#     envpack completion fish > ~/.config/fish/completions/envpack.fish

# Whether the words before the cursor name the command that is given.
function __envpack_at
    set -l command
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        set -l word $words[1]
        set -e words[1]
        set -l named (string join -- ' ' $command $word)
        if test "$word" = --
            return 1
        else if string match -q -- '-*' $word
            if contains -- $named ${withValue.join(" ")}
                set -e words[1]
            end
        else if contains -- $named ${all
          .slice(1)
          .map(({ path }) => quoted(path.join(" ")))
          .join(" ")}
            set -a command $word
        end
    end
    set -l named (string join -- ' ' $command)
    test "$named" = "$argv"
end

complete -c envpack -f
# Behind -- stands the command line of another program.
complete -c envpack -n 'contains -- -- (commandline -opc)' -F
${all.flatMap(linesOf).join("\n")}
`;
}

function linesOf(command: CommandFacts): string[] {
  const begin = `complete -c envpack -n ${quoted(`__envpack_at ${quoted(command.path.join(" "))}`)}`;
  return [
    ...command.commands.map(({ path, summary }) => `${begin} -a ${path.at(-1)} -d ${quoted(summary)}`),
    ...command.args.map((values) => `${begin}${argumentText(values)}`).filter((line) => line !== begin),
    ...command.options.map((option) => `${begin}${optionText(option)}`),
  ];
}

function optionText({ names, description, value, values }: OptionFacts): string {
  const forms = names.map((name) => (name.startsWith("--") ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`));
  return `${forms.join("")}${value === null ? "" : ` -r${argumentText(values) || " -x"}`} -d ${quoted(description)}`;
}

function argumentText(values: Values): string {
  if (typeof values !== "string") return ` -f -a ${quoted(values.words.join(" "))}`;
  return { folders: " -f -a '(__fish_complete_directories)'", files: " -F", unknown: "" }[values];
}

/** A word in fish's single quotes, in which it reads \\ and \' only. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
