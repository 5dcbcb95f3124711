import { FRAME_MAX } from "../frame.js";
import { BLOCK } from "../tar/header-fields.js";
import { asBuffer, damaged, type Codec } from "./codec.js";

/** Plain tar: frames are the tar's own bytes, the footer is a block behind its end mark. */
export const none: Codec = {
  name: "none",
  levels: null,
  recipe: "",
  // A copy, as the other codecs give: the caller uses its buffer again.
  encode: (plain) => new Uint8Array(plain),
  decode(frame) {
    if (frame.length > FRAME_MAX) throw damaged("a frame is too long");
    return { plain: asBuffer(frame), part: null };
  },
  salvage: (frame) => ({ plain: asBuffer(frame), part: null }),
  stream: {
    start: new Uint8Array(),
    wrapFooter(payload) {
      const block = Buffer.alloc(BLOCK);
      block.set(payload);
      return block;
    },
    endsWithSum: false,
    readTarSum: () => null,
    measure: null,
  },
};
