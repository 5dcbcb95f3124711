import { callback, listOf, oneOf, path, signal, textOrTexts, whole } from "./kinds-of-values.js";
import { maybe } from "./options-of.js";

/** What every verb takes. */
export const common = { signal: maybe(signal), onProgress: maybe(callback), threads: maybe(whole(1, 1024)) };
export const paths = maybe(listOf(path, "a list of paths"));
/** The codecs have levels of their own, and refuse those that they have not. */
export const level = maybe(whole(-1000, 1000));
export const sbomFormat = oneOf("cyclonedx", "spdx");
export const listen = maybe(textOrTexts('a port with a path, as "8080/health", or a list of such'));
