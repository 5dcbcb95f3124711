/** The other programs: how each packs and unpacks the same tree. Every function gives a Run of measure.mjs. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CACHE, INPUTS, OUTPUT } from "./places.mjs";

const NODE_TAR = join(import.meta.dirname, "node-tar.mjs");

export const PLAIN_TAR = join(INPUTS, "plain.tar");

export function packTarZstd(tree) {
  return pack("tar | zstd -3 -T0", 'tar -cf - -C "$TREE" . | zstd -3 -T0 -q -o "$RESULT"', { TREE: tree.project }, "theirs.tar.zst");
}

export function packTarPigz(tree) {
  return pack("tar | pigz -6", 'tar -cf - -C "$TREE" . | pigz -6 > "$RESULT"', { TREE: tree.project }, "theirs.tar.gz");
}

/** The limit: what compressing alone takes, with the files read and the tar made. */
export function compressOnly() {
  return pack("zstd -3 -T0 of the ready-made tar", 'zstd -3 -T0 -q "$TAR" -o "$RESULT"', { TAR: PLAIN_TAR }, "theirs.tar.zst");
}

/** With all defaults: one thread, level 4. */
export function packCondaPack(program, tree) {
  return pack("conda-pack", '"$PROGRAM" -q -p "$TREE" -o "$RESULT"', { PROGRAM: program, TREE: tree.prefix }, "theirs.tar.gz");
}

/** Without what the others do not do either: no npm dedupe, no runtime. It copies the tree first. */
export function packCaxa(script, runtime, tree) {
  const temporary = join(CACHE, "caxa-temporary");
  const variables = { NODE: runtime.node, SCRIPT: script, TREE: tree.project, TMPDIR: temporary };
  const line = '"$NODE" "$SCRIPT" --no-dedupe --no-include-node --input "$TREE" --output "$RESULT" -- "{{caxa}}/start"';
  return { ...pack("caxa", line, variables, "theirs"), before: () => mkdirSync(temporary, { recursive: true }) };
}

export function packNodeTar(runtime, tree, format) {
  const variables = { NODE: runtime.node, SCRIPT: NODE_TAR, FORMAT: format, TREE: tree.project };
  return pack("node-tar", '"$NODE" "$SCRIPT" pack "$FORMAT" "$TREE" "$RESULT"', variables, `theirs.${format}`);
}

export function unpackTarZstd(archive) {
  return unpack("tar -x --zstd", 'tar -x --zstd -f "$ARCHIVE" -C "$TARGET"', { ARCHIVE: archive });
}

export function unpackTarZstdStream(archive) {
  return unpack("tar -x --zstd, from a stream", 'tar -x --zstd -f - -C "$TARGET" < "$ARCHIVE"', { ARCHIVE: archive });
}

export function unpackTarGzip(archive) {
  return unpack("tar -x --gzip", 'tar -x --gzip -f "$ARCHIVE" -C "$TARGET"', { ARCHIVE: archive });
}

export function unpackNodeTar(runtime, archive) {
  const variables = { NODE: runtime.node, SCRIPT: NODE_TAR, ARCHIVE: archive };
  return unpack("node-tar", '"$NODE" "$SCRIPT" unpack "$ARCHIVE" "$TARGET"', variables);
}

function pack(name, script, variables, file) {
  const result = join(OUTPUT, file);
  return { name, script, variables: { ...variables, RESULT: result }, result };
}

function unpack(name, script, variables) {
  return { name, script, variables, before: (target) => mkdirSync(target) };
}
