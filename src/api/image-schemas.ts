import type * as v from "valibot";
import type { ImageOptions } from "../verbs/image/options.js";
import { argument, flag, listOf, oneOf, path, text } from "./kinds-of-values.js";
import { maybe, optionsOf } from "./options-of.js";

const words = maybe(listOf(argument, "a list of words"));
const pairs = maybe(listOf(text('a pair, as "NAME=value"'), "a list of pairs"));
export const references = listOf(text('the name of an image, as "ghcr.io/acme/shop:1.4.0"'), "a list of names of images");
/** How registries are spoken to. */
export const registryAccess = { plainHttp: maybe(flag), authHosts: maybe(listOf(text("a host"), "a list of hosts")) };
const imageOptions = {
  base: maybe(text('"none", the name of an image, or the path of a layout')),
  prefix: maybe(path),
  compression: maybe(oneOf("gzip", "zstd")),
  ...registryAccess,
  ...{ entrypoint: words, cmd: words, health: words, env: pairs, labels: pairs },
  user: maybe(text('a user, as "65532:65532"')),
  ports: maybe(listOf(text('a port, as "8080" or "53/udp"'), "a list of ports")),
  stopSignal: maybe(text('a signal, as "SIGTERM"')),
};
/** Checked as the others are; its lists may be frozen, which the type of a schema cannot say of what lies deeper. */
export const image = optionsOf<ImageOptions>()({ to: maybe(references), ...imageOptions }) as unknown as v.GenericSchema<ImageOptions>;
export const imageWithoutNames = optionsOf<Omit<ImageOptions, "to">>()(imageOptions) as unknown as v.GenericSchema<
  Omit<ImageOptions, "to">
>;
