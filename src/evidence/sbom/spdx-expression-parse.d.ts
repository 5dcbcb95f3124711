declare module "spdx-expression-parse" {
  export type SpdxNode = SpdxLicense | { readonly left: SpdxNode; readonly conjunction: "and" | "or"; readonly right: SpdxNode };
  export interface SpdxLicense {
    readonly license: string;
    readonly plus?: true;
    readonly exception?: string;
  }
  /** Throws where the text is no expression, or names a licence or exception that is not on SPDX's list. */
  export default function parse(text: string): SpdxNode;
}
