import type { ConfigWishes } from "../../image/config.js";

/** How registries are spoken to. */
export interface RegistryAccess {
  /** Speaks HTTP without TLS to registries on other machines. */
  readonly plainHttp?: boolean;
  /** Hosts besides a registry's own domain that its password may be sent to. */
  readonly authHosts?: readonly string[];
}

/** What an image of an environment is to be, and where it goes. */
export interface ImageOptions extends ConfigWishes, RegistryAccess {
  /** Names on registries to push it to, as "ghcr.io/acme/shop:1.4.0". */
  readonly to?: readonly string[];
  /**
   * What it stands on: a reference, the path of an image layout, or "none": then this machine's C library goes in, and
   * what node and the addons need besides. By default what package.json names as `envpack.base`.
   */
  readonly base?: string;
  /** Where the environment lies in it, absolute. By default "/opt/NAME". */
  readonly prefix?: string;
  /** How layers are compressed. By default "gzip", which every reader takes. */
  readonly compression?: "gzip" | "zstd";
}
