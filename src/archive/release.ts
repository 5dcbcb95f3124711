import { MessageChannel, type MessagePort } from "node:worker_threads";

/** More bytes than a buffer has that Node shares (`Buffer.poolSize`: 8 KiB, 64 in newer versions). */
const SHARED_MAX = 1 << 20;

/**
 * Gives back the memory of bytes that nobody needs any more, instead of leaving it to the garbage
 * collector, which otherwise runs again and again over all that is alive just to get at a few large
 * buffers, or in a thread that has little alive not before there are 64 MiB of them. Does nothing where
 * the bytes are less than half of a small buffer: then that may be one which Node shares between small Buffers.
 */
export function release(bytes: Uint8Array | Float64Array): void {
  const buffer = bytes.buffer as ArrayBuffer & { readonly transfer?: (length: number) => ArrayBuffer };
  const isOwn = buffer.byteLength > SHARED_MAX || bytes.byteLength * 2 >= buffer.byteLength;
  if (!isOwn || !(buffer instanceof ArrayBuffer)) return;
  if (buffer.transfer !== undefined) buffer.transfer(0);
  else closedPort().postMessage(null, [buffer]);
}

let port: MessagePort | null = null;

/** Node 20 lacks `transfer`: there, what is handed to a port that is closed is gone as well. */
function closedPort(): MessagePort {
  if (port === null) {
    port = new MessageChannel().port1;
    port.close();
  }
  return port;
}
