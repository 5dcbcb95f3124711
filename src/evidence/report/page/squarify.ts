/** A field of a map, in the units of the area that was divided. */
export interface Field {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Divides an area among weights, so that each field is as large as its weight and as near to a square as may be. Source:
 * Bruls, Huizing, van Wijk: "Squarified Treemaps" (2000).
 *
 * @param weights above 0, the largest first
 * @returns a field for each weight, in the same order
 */
export function squarify(weights: readonly number[], area: Field): Field[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  if (whole <= 0 || area.width <= 0 || area.height <= 0) return weights.map(() => ({ x: area.x, y: area.y, width: 0, height: 0 }));
  const scale = (area.width * area.height) / whole;
  const sizes = weights.map((weight) => weight * scale);
  const fields: Field[] = [];
  let rest = area;
  for (let from = 0; from < sizes.length;) {
    const side = Math.min(rest.width, rest.height);
    let to = from + 1;
    let sum = sizes[from] as number;
    // The first of a row is the largest, the last the smallest.
    while (to < sizes.length && isBetter(sizes[from] as number, sizes[to - 1] as number, sum, sizes[to] as number, side))
      sum += sizes[to++] as number;
    rest = layRow(sizes.slice(from, to), sum, rest, fields);
    from = to;
  }
  return fields;
}

/** Whether one more makes the worst field of a row less oblong. */
function isBetter(largest: number, smallest: number, sum: number, next: number, side: number): boolean {
  const worst = (least: number, all: number): number =>
    Math.max((side * side * largest) / (all * all), (all * all) / (side * side * least));
  return worst(next, sum + next) <= worst(smallest, sum);
}

/** Lays a row along the shorter side, and gives what is left of the area. */
function layRow(sizes: readonly number[], sum: number, { x, y, width, height }: Field, fields: Field[]): Field {
  const isColumn = width >= height;
  const thickness = Math.min(sum / Math.min(width, height), Math.max(width, height));
  let along = isColumn ? y : x;
  for (const size of sizes) {
    const length = size / thickness;
    fields.push(isColumn ? { x, y: along, width: thickness, height: length } : { x: along, y, width: length, height: thickness });
    along += length;
  }
  return isColumn
    ? { x: x + thickness, y, width: Math.max(0, width - thickness), height }
    : { x, y: y + thickness, width, height: Math.max(0, height - thickness) };
}
