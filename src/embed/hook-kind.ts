/**
 * What scripts outside the environment can do with a runtime of this version: "import" where the hook
 * answers for ES modules as well, else "require" only.
 *
 * @param version as "20.20.2"
 */
export function hookKind(version: string): "import" | "require" {
  const [major = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major >= 16 ? "import" : "require";
}
