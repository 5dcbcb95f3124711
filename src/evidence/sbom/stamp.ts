/** What of a bill of materials does not follow from what is packed by name. */
export interface Stamp {
  /** A UUID. */
  readonly serial: string;
  /** ISO 8601, in whole seconds. */
  readonly timestamp: string;
}
