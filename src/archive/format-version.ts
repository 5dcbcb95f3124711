/** The version of the container: frames, index and footer. The manifest has one of its own. */
export const FORMAT_VERSION = 1;
