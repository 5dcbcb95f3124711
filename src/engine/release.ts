/**
 * Gives back the memory of bytes that nobody needs any more, instead of leaving it to the garbage
 * collector, which otherwise runs again and again over all that is alive just to get at a few large
 * buffers. Does nothing where the runtime cannot (Node 20), or where the bytes are less than half of
 * their buffer: then that may be one which Node shares between small Buffers.
 */
export function release(bytes: Uint8Array): void {
  const buffer = bytes.buffer as ArrayBuffer & { readonly transfer?: (length: number) => ArrayBuffer };
  if (bytes.byteLength * 2 >= buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer?.(0);
}
