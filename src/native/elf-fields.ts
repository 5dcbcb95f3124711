/* Numbers of the ELF format. Source: the System V ABI, chapters 4 and 5, and glibc's elf.h. */

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const DT = {
  NEEDED: 1,
  STRTAB: 5,
  SYMTAB: 6,
  HASH: 4,
  PLTRELSZ: 2,
  RELA: 7,
  RELASZ: 8,
  JMPREL: 23,
  STRSZ: 10,
  RPATH: 15,
  RUNPATH: 29,
} as const;
export const DT_GNU_HASH = 0x6ffffef5;
export const DT_VERNEED = 0x6ffffffe;
export const DT_VERNEEDNUM = 0x6fffffff;
/** Bytes of an Elf64_Rela. */
export const RELA = 24;
