import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** A regular expression as it stands in src/. */
export interface Expression {
  /** "plan/secret-search.ts:34" */
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

const SOURCES = join(import.meta.dirname, "../../src");

/** Every regular expression literal of src/, by file and line. */
export function expressionsOfSources(): Expression[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((file) => /\.m?ts$|\.mjs$/.test(file));
  return files.sort().flatMap((file) => expressionsOf(file, readFileSync(join(SOURCES, file), "utf8")));
}

function expressionsOf(file: string, text: string): Expression[] {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
      const literal = node.getText(tree);
      const end = literal.lastIndexOf("/");
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      found.push({ place: `${file}:${line + 1}`, source: literal.slice(1, end), flags: literal.slice(end + 1) });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}
