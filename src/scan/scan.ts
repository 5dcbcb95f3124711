import { findAnchors, mayName, type Anchors } from "./anchors.js";
import { CONTEXT, pathCloses, pathOpens } from "./boundary.js";
import type { FixupPlace, Spelling } from "../manifest/fixup.js";
import { isGeneralPlace, isGeneralRoot, type ForeignPlace, type ScanRoot } from "./roots.js";
import { spellingsOf } from "./spelling.js";

export type { ScanRoot } from "./roots.js";

/** A place that names a root; one of a foreign folder is no fix-up. */
export interface Hit extends FixupPlace {
  readonly foreign?: ForeignPlace;
}

/** Where the content of one file names a root. */
export interface FileHits {
  /** Arcpath of the file. */
  readonly path: string;
  readonly kind: "text" | "binary";
  readonly places: readonly Hit[];
}

/** What is looked for, compiled from roots: plain data, cheap to build anew in a worker. */
export interface Needles {
  readonly roots: readonly RootNeedles[];
  /**
   * How many bytes on each side of a place decide whether it is a hit. Who scans a long file piece by
   * piece lets the pieces overlap by this much (see `scanContent`).
   */
  readonly reach: number;
}

interface RootNeedles {
  readonly arcpath: string;
  readonly foreign?: ForeignPlace;
  readonly anchors: Anchors;
  readonly spelled: readonly { readonly bytes: Buffer; readonly spelling: Spelling }[];
}

/**
 * Compiles the roots to look for. Roots that are too general to be told from chance (`isGeneralRoot`)
 * are left out; of two roots of one path the first counts.
 */
export function compileRoots(roots: readonly ScanRoot[]): Needles {
  const compiled = new Map<string, RootNeedles>();
  for (const root of roots) {
    const path = root.path.replace(/(?<!\/)\/+$/, "");
    const isGeneral = root.foreign === undefined ? isGeneralRoot : isGeneralPlace;
    if (isGeneral(path) || compiled.has(path)) continue;
    const spelled = [...spellingsOf(path)].map(([text, spelling]) => ({ bytes: Buffer.from(text), spelling }));
    const { arcpath, foreign } = root;
    compiled.set(path, { arcpath, ...(foreign === undefined ? {} : { foreign }), anchors: findAnchors(path), spelled });
  }
  const list = [...compiled.values()];
  const longest = Math.max(0, ...list.flatMap((root) => root.spelled.map((needle) => needle.bytes.length)));
  return { roots: list, reach: longest + CONTEXT };
}

/**
 * The needles that may stand somewhere in many contents behind each other: one search in all of them spares one in each,
 * and most often leaves none.
 */
export function narrowNeedles(content: Buffer, { roots, reach }: Needles): Needles {
  return { roots: roots.filter(({ anchors }) => mayName(content, anchors)), reach };
}

/** Whether content is binary: it holds a NUL byte. */
export function isBinary(bytes: Uint8Array): boolean {
  return bytes.includes(0);
}

function checkHit(content: Buffer, at: number, length: number, spelling: Spelling, { arcpath, foreign }: RootNeedles): Hit | null {
  const end = at + length;
  if (!pathCloses(content.toString("latin1", end, Math.min(content.length, end + CONTEXT)), spelling)) return null;
  const opens = pathOpens(content.toString("latin1", Math.max(0, at - CONTEXT), at), spelling);
  if (opens === null) return null;
  const place = { at, length, spelling: opens === "url" && spelling === "plain" ? "url" : spelling, root: arcpath } as const;
  return foreign === undefined ? place : { ...place, foreign };
}

/**
 * Finds the places where content names a root, in ascending order and without overlap; where roots
 * nest, the longest wins. Without a hit this costs one search a root.
 *
 * A piece of a long file is scanned by handing over `needles.reach` more bytes on each side (where
 * there are any) and asking for the places that begin in [from, to).
 *
 * @returns places with offsets relative to `bytes`
 */
export function scanContent(bytes: Uint8Array, needles: Needles, from = 0, to = bytes.length): Hit[] {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hits: Hit[] = [];
  for (const root of needles.roots) {
    if (!mayName(content, root.anchors)) continue;
    for (const { bytes: needle, spelling } of root.spelled) {
      for (let at = content.indexOf(needle, from); at !== -1 && at < to; at = content.indexOf(needle, at + 1)) {
        const hit = checkHit(content, at, needle.length, spelling, root);
        if (hit !== null) hits.push(hit);
      }
    }
  }
  return withoutOverlap(hits);
}

function withoutOverlap(hits: Hit[]): Hit[] {
  if (hits.length < 2) return hits;
  hits.sort((a, b) => a.at - b.at || b.length - a.length);
  let end = 0;
  return hits.filter((hit) => {
    if (hit.at < end) return false;
    end = hit.at + hit.length;
    return true;
  });
}
