/**
 * Makes docs/json.schema.json and docs/json.md of the types in json-shapes.ts, so that what is promised is
 * what the compiler holds the commands to. A test fails while they are out of date.
 *
 *     npm run docs
 */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = dirname(dirname(import.meta.dirname));
const SHAPES = join(import.meta.dirname, "json-shapes.ts");

/** The JSON Schema of all shapes: `$defs` has one for each command, by its name, and those that they share. */
export function makeSchema() {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (file) => ts.sys.readFile(file));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram([SHAPES], options);
  const writer = new SchemaWriter(program.getTypeChecker());
  const source = program.getSourceFile(SHAPES);
  const find = (name) =>
    source.statements.find((one) => one.name?.text === name || one.declarationList?.declarations[0].name.text === name);
  const version = Number(find("SCHEMA_VERSION").declarationList.declarations[0].initializer.text);
  const commands = {};
  for (const member of find("JsonShapes").members) {
    const shape = writer.object(writer.checker.getTypeAtLocation(member.type));
    commands[member.name.text] = {
      ...shape,
      properties: { schemaVersion: { const: version, description: "The version of this shape." }, ...shape.properties },
      required: ["schemaVersion", ...shape.required],
    };
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "What envpack's commands print with --json",
    $defs: { ...commands, ...writer.definitions() },
  };
}

/** Turns TypeScript's types into schemas; what has a name becomes a definition of that name. */
class SchemaWriter {
  #named = new Map();

  constructor(checker) {
    this.checker = checker;
  }

  definitions() {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #schema(type) {
    if (type.isUnion()) return this.#union(type.types);
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (type.flags & ts.TypeFlags.BooleanLike) return { type: "boolean" };
    if (type.flags & ts.TypeFlags.String) return { type: "string" };
    if (type.flags & ts.TypeFlags.Number) return { type: "number" };
    if (type.flags & ts.TypeFlags.Null) return { type: "null" };
    if (this.checker.isArrayType(type)) return { type: "array", items: this.#schema(this.checker.getTypeArguments(type)[0]) };
    const name = type.aliasSymbol?.name ?? type.symbol?.name;
    if (name === undefined || name.startsWith("__") || type.aliasTypeArguments !== undefined) return this.object(type);
    if (!this.#named.has(name)) {
      this.#named.set(name, {});
      this.#named.set(name, this.object(type));
    }
    return { $ref: `#/$defs/${name}` };
  }

  /** JSON leaves out what is undefined. */
  #union(types) {
    const schemas = types.filter((one) => !(one.flags & ts.TypeFlags.Undefined)).map((one) => this.#schema(one));
    const constants = schemas.filter((one) => "const" in one).map((one) => one.const);
    const others = schemas.filter((one) => !("const" in one));
    const kinds = [...new Set(others.map((one) => JSON.stringify(one)))].map((one) => JSON.parse(one));
    const all = [...kinds, ...(constants.length > 0 ? [{ enum: constants.sort() }] : [])].sort(
      (a, b) => Number(a.type === "null") - Number(b.type === "null"),
    );
    return all.length === 1 ? all[0] : { anyOf: all };
  }

  object(type) {
    const properties = {};
    const required = [];
    for (const property of this.checker.getPropertiesOfType(type)) {
      const schema = this.#schema(this.checker.getTypeOfSymbol(property));
      const description = ts.displayPartsToString(property.getDocumentationComment(this.checker)).replaceAll(/\s+/g, " ");
      properties[property.name] = description === "" ? schema : { ...schema, description };
      if (!(property.flags & ts.SymbolFlags.Optional)) required.push(property.name);
    }
    const description = ts.displayPartsToString(type.symbol?.getDocumentationComment(this.checker) ?? []).replaceAll(/\s+/g, " ");
    return { type: "object", ...(description === "" ? {} : { description }), properties, required };
  }
}

const INTRODUCTION = `# What commands print with --json

Made of the types in src/cli/json-shapes.ts by \`npm run docs\`; [json.schema.json](json.schema.json) says the same as JSON Schema, a
definition for each command.

Each command prints one JSON value on stdout, and ends with the status that it has without \`--json\`; messages stay on stderr.
\`schemaVersion\` is 1. While it stays 1, a field keeps its name, its place and its meaning; fields may be added, so readers pass over
those that they do not know. \`run\` has no \`--json\`: its stdout is the command's.

An error is JSON as well, in place of the result, wrong usage too. \`code\` is one of [errors.md](errors.md) or \`INTERNAL\`:

    $ envpack info --json nowhere
    {
      "schemaVersion": 1,
      "error": {
        "code": "IO",
        "message": "cannot read: no such file or folder (ENOENT)",
        "path": "nowhere",
        "hint": "look at the spelling; a relative path begins at the current folder"
      }
    }

Where something differs or will fail (\`verify\`, \`diff\`, \`doctor\`), that is the result and no error: the status is 1, and the JSON is that of
the command. Paths are exact. \`envpack list --json\` prints an entry a line, so that large ones can be read line by line.
`;

/** docs/json.md: a table for each command, then one for each shape that they share. */
export function makePage({ $defs }) {
  const parts = Object.entries($defs).map(([name, schema]) => {
    const isShared = /^[A-Z]/.test(name);
    const title = isShared ? `### ${name}` : name === "error" ? "## An error" : `## envpack ${name}`;
    const rows = Object.entries(schema.properties).map(([field, one]) => {
      const optional = schema.required.includes(field) ? "" : ", or left out";
      return `| \`${field}\` | ${typeText(one)}${optional} | ${(one.description ?? "").replaceAll("|", "\\|")} |`;
    });
    return `${title}\n\n${isShared && schema.description ? `${schema.description}\n\n` : ""}| field | is | |\n| --- | --- | --- |\n${rows.join("\n")}\n`;
  });
  const shared = parts.findIndex((part) => part.startsWith("###"));
  parts.splice(shared, 0, "## Shapes in several of these\n");
  return [INTRODUCTION, ...parts].join("\n");
}

function typeText(schema) {
  if (schema.$ref !== undefined) return shapeLink(schema.$ref.split("/").at(-1));
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(" or ");
  if (schema.enum !== undefined) return schema.enum.length > 12 ? "text, one of many" : schema.enum.map((one) => `\`${one}\``).join(", ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.type === "array") return `list of ${typeText(schema.items)}`;
  if (schema.type === "object")
    return `object of ${Object.entries(schema.properties)
      .map(([name, one]) => `\`${name}\` (${typeText(one)})`)
      .join(", ")}`;
  return { string: "text", boolean: "true or false", number: "number", null: "null" }[schema.type];
}

function shapeLink(name) {
  return `[${name}](#${name.toLowerCase()})`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const schema = makeSchema();
  await writeFile(join(ROOT, "docs/json.schema.json"), `${JSON.stringify(schema, null, 2)}\n`);
  await writeFile(join(ROOT, "docs/json.md"), makePage(schema));
}
