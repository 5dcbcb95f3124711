export const NEWEST_LTS: string;
export const FORMER_LTS: string;
export function bringNode(version: string): string | null;
export function installOnce(folder: string, spec: string): void;
