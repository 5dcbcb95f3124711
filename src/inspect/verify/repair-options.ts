import type { SignatureRule } from "../../archive/signing/rule.js";
import type { CommonOptions } from "../../support/options.js";

export interface RepairOptions extends CommonOptions {
  /** The signature that the archive must bear. */
  readonly signature?: SignatureRule;
}
