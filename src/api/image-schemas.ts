import type * as v from "valibot";
import type { ImageOptions } from "../verbs/image/options.js";
import { isPair, isPort, isSignal } from "../verbs/image/words.js";
import { argument, flag, listOf, oneOf, path, someOf, text, textOf } from "./kinds-of-values.js";
import { maybe, optionsOf } from "./options-of.js";

const words = maybe(listOf(argument, "a list of words"));
const pairs = maybe(listOf(textOf('a pair, as "NAME=value"', isPair), "a list of pairs"));
export const references = listOf(text('the name of an image, as "ghcr.io/acme/shop:1.4.0"'), "a list of names of images");
/** How registries are spoken to. */
export const registryAccess = { plainHttp: maybe(flag), authHosts: maybe(listOf(text("a host"), "a list of hosts")) };
const imageOptions = {
  base: maybe(text('"none", the name of an image, or the path of a layout')),
  prefix: maybe(path),
  compression: maybe(oneOf("gzip", "zstd")),
  ...registryAccess,
  ...{ entrypoint: words, cmd: words, health: maybe(someOf(argument, "a command, as a list of words")), env: pairs, labels: pairs },
  user: maybe(text('a user, as "65532:65532"')),
  ports: maybe(listOf(textOf('a port, as "8080" or "53/udp"', isPort), "a list of ports")),
  stopSignal: maybe(textOf('a signal, as "SIGTERM"', isSignal)),
};
/** Checked as the others are; its lists may be frozen, which the type of a schema cannot say of what lies deeper. */
export const image = optionsOf<ImageOptions>()({ to: maybe(references), ...imageOptions }) as unknown as v.GenericSchema<ImageOptions>;
export const imageWithoutNames = optionsOf<Omit<ImageOptions, "to">>()(imageOptions) as unknown as v.GenericSchema<
  Omit<ImageOptions, "to">
>;
