/** A result, and the buffers in it that are handed over rather than copied. */
export interface Outcome {
  readonly result: unknown;
  readonly transfer: readonly ArrayBuffer[];
}

export type Handler = (task: never) => Outcome;

/** Bytes as something that can be handed over whole: a copy where they are a part of a larger buffer. */
export function detach(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength;
  return whole ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}
