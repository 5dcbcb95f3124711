/** System libraries that every Linux with glibc or musl and a C++ run time brings. */
const SYSTEM_LIBRARIES =
  /^(libc|libm|libdl|libpthread|librt|libutil|libresolv|libstdc\+\+|libgcc_s|libatomic)\.so(\.\d+)*$|^ld-linux[\w.-]*\.so\.\d+$|^ld(64)?\.so\.\d+$|^ld-musl-[\w-]+\.so\.1$|^libc\.musl-[\w-]+\.so\.1$/;

/** Whether a library, by the name that NEEDED gives it, is part of the system wherever node runs. */
export function isSystemLibrary(name: string): boolean {
  return SYSTEM_LIBRARIES.test(name);
}
