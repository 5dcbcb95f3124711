/** The polynomial of CRC-32 (RFC 1952, 8), bits reversed. */
const POLYNOMIAL = 0xedb88320;
const BITS = 32;

/** What a matrix over GF(2) makes of a vector of 32 bits; a number a column. */
function times(matrix: Uint32Array, vector: number): number {
  let sum = 0;
  for (let bit = 0; bit < BITS; bit++) if (((vector >>> bit) & 1) === 1) sum ^= matrix[bit] ?? 0;
  return sum >>> 0;
}

/** What a CRC-32 becomes by one zero bit, by two, by four …: as many as there are bits in a length. */
const BY_ZEROS: readonly Uint32Array[] = makePowers();

function makePowers(): Uint32Array[] {
  const one = Uint32Array.from({ length: BITS }, (_, bit) => (bit === 0 ? POLYNOMIAL : 1 << (bit - 1)));
  const powers = [one];
  for (let last = one; powers.length < 64; powers.push(last)) {
    const previous = last;
    last = Uint32Array.from(previous, (column) => times(previous, column));
  }
  return powers;
}

/**
 * The CRC-32 of two pieces behind each other, of theirs alone: pieces are summed in any thread.
 *
 * @param first CRC-32 of the first piece, or of all pieces so far; 0 of nothing
 * @param length bytes of the second piece
 */
export function combineCrc32(first: number, second: number, length: number): number {
  let crc = first >>> 0;
  // A byte has eight bits: the powers begin at the fourth.
  for (let rest = length, power = 3; rest > 0; rest = Math.floor(rest / 2), power++) {
    if (rest % 2 === 1) crc = times(BY_ZEROS[power] as Uint32Array, crc);
  }
  return (crc ^ second) >>> 0;
}
