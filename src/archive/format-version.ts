/**
 * The version of the container that is written: frames, index and footer. Earlier ones are read: in the first, all entries
 * had one time, and each frame of a .tar.gz was a gzip member. The manifest has a version of its own.
 */
export const FORMAT_VERSION = 2;
