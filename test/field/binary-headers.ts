/** The 64 bytes with which an ELF file begins. @param machine 62: x64, 183: arm64 */
export function elfHeader(machine: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write("\x7fELF", "latin1");
  bytes.set([2, 1, 1, 0], 4);
  bytes.writeUInt16LE(machine, 18);
  return bytes;
}

/** As much of a program of Windows as tells its processor. @param machine 0x8664: x64 */
export function windowsHeader(machine: number): Buffer {
  const bytes = Buffer.alloc(0x98);
  bytes.write("MZ");
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write("PE\0\0", 0x80, "latin1");
  bytes.writeUInt16LE(machine, 0x84);
  return bytes;
}

/** The beginning of a program of macOS. @param cpu 0x0100000c: arm64 */
export function macHeader(cpu: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32LE(0xfeedfacf, 0);
  bytes.writeUInt32LE(cpu, 4);
  return bytes;
}
