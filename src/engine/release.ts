/** More bytes than a buffer has that Node shares (`Buffer.poolSize`: 8 KiB, 64 in newer versions). */
const SHARED_MAX = 1 << 20;

/**
 * Gives back the memory of bytes that nobody needs any more, instead of leaving it to the garbage
 * collector, which otherwise runs again and again over all that is alive just to get at a few large
 * buffers. Does nothing where the runtime cannot (Node 20), or where the bytes are less than half of
 * a small buffer: then that may be one which Node shares between small Buffers.
 */
export function release(bytes: Uint8Array): void {
  const buffer = bytes.buffer as ArrayBuffer & { readonly transfer?: (length: number) => ArrayBuffer };
  const isOwn = buffer.byteLength > SHARED_MAX || bytes.byteLength * 2 >= buffer.byteLength;
  if (isOwn && buffer instanceof ArrayBuffer) buffer.transfer?.(0);
}
