import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const INDEX = join(ROOT, "src/index.ts");

/** Named types of src/ that a user meets in the signatures of the API, and that the API does not export. */
function namesMissing(): string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(ROOT, "tsconfig.json"), (file) => ts.sys.readFile(file)).config,
    ts.sys,
    ROOT,
  );
  const program = ts.createProgram([INDEX], options);
  const checker = program.getTypeChecker();
  const index = program.getSourceFile(INDEX);
  if (index === undefined) throw new Error("no index");
  const module = checker.getSymbolAtLocation(index);
  if (module === undefined) throw new Error("no module");
  const resolve = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const exported = new Set(checker.getExportsOfModule(module).map(resolve));
  const missing = new Set<string>();
  const seen = new Set<ts.Node>();
  // Written types count, not resolved ones: what is named in a declaration is what a user wants to name.
  const visit = (node: ts.Node): void => {
    if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
      const at = ts.isTypeReferenceNode(node) ? node.typeName : node.expression;
      const found = checker.getSymbolAtLocation(at);
      if (found !== undefined) follow(resolve(found));
    }
    if (!ts.isBlock(node)) ts.forEachChild(node, visit);
  };
  const follow = (symbol: ts.Symbol): void => {
    for (const declaration of symbol.declarations ?? []) {
      if (seen.has(declaration) || ts.isTypeParameterDeclaration(declaration)) continue;
      seen.add(declaration);
      if (!declaration.getSourceFile().fileName.startsWith(join(ROOT, "src"))) continue;
      if (!exported.has(symbol)) missing.add(symbol.name);
      visit(declaration);
    }
  };
  for (const symbol of exported) follow(symbol);
  return [...missing].sort();
}

test("N2: every type that a signature of the API names can be imported", () => {
  expect(namesMissing()).toEqual([]);
});
