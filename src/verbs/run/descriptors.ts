import { readFile, readdir, readlink } from "node:fs/promises";

/** An open file of this process, as /proc tells it. */
interface Descriptor {
  readonly fd: number;
  /** "/dev/null", "pipe:[4711]", "socket:[4712]", "anon_inode:[eventpoll]" */
  readonly target: string;
  /** As open(2) takes them. */
  readonly flags: number;
}

const ACCESS = 0o3;
const CLOSE_ON_EXEC = 0o2000000;

/**
 * The descriptors beyond the standard streams that this process was started with (of socket activation, of
 * `3<file`), in order, and that a command would not get by itself: Node marks them to be closed. Node's own
 * are told apart by what they are. Empty where there is no /proc.
 */
export async function inheritedDescriptors(): Promise<number[]> {
  const open = await listDescriptors();
  return open
    .filter((one) => one.fd > 2 && (one.flags & CLOSE_ON_EXEC) !== 0 && !isNodes(one, open))
    .map(({ fd }) => fd)
    .sort((a, b) => a - b);
}

async function listDescriptors(): Promise<Descriptor[]> {
  const names = await readdir("/proc/self/fd").catch(() => []);
  const found = await Promise.all(names.map(readDescriptor));
  return found.filter((one) => one !== null);
}

/** null: closed meanwhile, as the one by which the folder was listed. */
async function readDescriptor(name: string): Promise<Descriptor | null> {
  try {
    const target = await readlink(`/proc/self/fd/${name}`);
    const info = await readFile(`/proc/self/fdinfo/${name}`, "latin1");
    return { fd: Number(name), target, flags: Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? "0", 8) };
  } catch {
    return null;
  }
}

/** libuv's own: event queues, pipes of which it holds both ends, and /dev/null to read from. */
function isNodes({ fd, target, flags }: Descriptor, open: readonly Descriptor[]): boolean {
  if (/^anon_inode:\[(eventpoll|eventfd|io_uring)\]$/.test(target)) return true;
  // Made by readers of /proc itself, in a thread.
  if (/^\/proc\/\d+\/(task\/\d+\/)?(fd|fdinfo\/\d+)$/.test(target)) return true;
  if (target === "/dev/null") return (flags & ACCESS) === 0;
  if (!target.startsWith("pipe:")) return false;
  return open.some((other) => other.fd !== fd && other.fd > 2 && other.target === target && (other.flags & ACCESS) !== (flags & ACCESS));
}
