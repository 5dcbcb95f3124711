/** Most bytes of a manifest. The packages of a hundred thousand take about ten million. */
export const MAX_MANIFEST = 16 << 20;

/** Most bytes of the fix-up records. */
export const MAX_FIXUPS = 64 << 20;

/** Most bytes of an index: about five million entries. */
export const MAX_INDEX_BYTES = 1 << 30;

/** Most entries: ten times those of the largest environments; a million take about 600 MiB of memory. */
export const MAX_ENTRIES = 1 << 21;
