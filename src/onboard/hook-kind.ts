/**
 * What scripts outside the environment can do with a runtime of this version: "import" where Node
 * lets a preloaded file answer for ES modules (module.register: 18.19 and 20.6; module.registerHooks
 * later), else "require" only.
 *
 * @param version as "20.20.2"
 */
export function hookKind(version: string): "import" | "require" {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (major > 20) return "import";
  if (major === 20) return minor >= 6 ? "import" : "require";
  return major === 18 && minor >= 19 ? "import" : "require";
}
