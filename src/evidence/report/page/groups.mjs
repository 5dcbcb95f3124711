/** Parts that owners play, in words; also the classes of their looks. */
export const ROLES = new Map([
  ["runtime", "Node.js"],
  ["project", "the project's own"],
  ["direct", "asked for by the project"],
  ["indirect", "asked for by other packages"],
  ["tool", "envpack's own"],
]);

/** What became of owners since the older environment. */
export const CHANGES = new Map([
  ["added", "added"],
  ["version", "other version"],
  ["size", "other content"],
  ["content", "other content"],
  ["moved", "in another place"],
  ["same", "the same"],
]);

/** What the map shows: groups of fields, each the largest first, without the owners that are left out. */
export function groupsFor(mode, data, isLeftOut) {
  if (mode !== "kind") {
    const items = data.owners
      .map(({ bytes }, place) => ({ place, bytes }))
      .filter(({ bytes, place }) => bytes > 0 && !isLeftOut(data.owners[place]));
    return [{ key: mode, title: "", bytes: items.reduce((sum, { bytes }) => sum + bytes, 0), items }];
  }
  const groups = data.kinds.map((title, kind) => ({ key: `kind ${kind}`, title, kind, bytes: 0, items: [] }));
  for (const [place, owner] of data.owners.entries())
    for (const [kind, bytes] of isLeftOut(owner) ? [] : owner.kinds) {
      if (bytes === 0) continue;
      groups[kind].items.push({ place, bytes });
      groups[kind].bytes += bytes;
    }
  for (const { items } of groups) items.sort((a, b) => b.bytes - a.bytes);
  return groups.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
}

/** The class of a field's looks. */
export function looksOf(mode, owner, group) {
  if (mode === "kind") return `kind-${group.kind}`;
  return mode === "change" ? `change-${lookOfChange(owner.change)}` : `role-${owner.role}`;
}

/** Colours and what they stand for, of what is there. */
export function legendFor(mode, data, isLeftOut) {
  if (mode === "kind") return groupsFor(mode, data, isLeftOut).map(({ kind, title }) => [`kind-${kind}`, title]);
  const shown = data.owners.filter((owner) => !isLeftOut(owner));
  if (mode === "package")
    return [...ROLES].filter(([role]) => shown.some((owner) => owner.role === role)).map(([role, text]) => [`role-${role}`, text]);
  const found = [...CHANGES].filter(([change]) => shown.some((owner) => owner.change === change));
  return [...new Map(found.map(([change, text]) => [lookOfChange(change), text]))].map(([look, text]) => [`change-${look}`, text]);
}

function lookOfChange(change) {
  return change === "content" ? "size" : change;
}
