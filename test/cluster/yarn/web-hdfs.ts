import { request } from "node:http";
import { text } from "node:stream/consumers";

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

export interface HdfsFile {
  /** In octal digits. */
  readonly permission: string;
  readonly length: number;
  /** Milliseconds since 1970 at which it was written. */
  readonly modificationTime: number;
}

/** WebHDFS as the tests look at it: by code of their own, so that envpack's is not its own witness. */
export class WebHdfs {
  constructor(private readonly base: string) {}

  /** The names in a folder, sorted; null where it is not there. */
  async list(folder: string): Promise<string[] | null> {
    const answer = await this.ask("GET", folder, "LISTSTATUS");
    if (answer.status === 404) return null;
    const { FileStatuses } = JSON.parse(answer.body) as { FileStatuses: { FileStatus: { pathSuffix: string }[] } };
    return FileStatuses.FileStatus.map((entry) => entry.pathSuffix).sort();
  }

  async status(path: string): Promise<HdfsFile> {
    return (JSON.parse((await this.ask("GET", path, "GETFILESTATUS")).body) as { FileStatus: HdfsFile }).FileStatus;
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    const answer = await this.ask("PUT", path, "CREATE&overwrite=true", content);
    if (answer.status !== 201) throw new Error(`WebHDFS answered ${answer.status}: ${answer.body}`);
  }

  async read(path: string): Promise<string> {
    return (await this.ask("GET", path, "OPEN")).body;
  }

  /** The lines of all parts that a job wrote, sorted. */
  async output(folder: string): Promise<string[]> {
    const parts = ((await this.list(folder)) ?? []).filter((name) => name.startsWith("part-"));
    const texts = await Promise.all(parts.map((name) => this.read(`${folder}/${name}`)));
    return texts.flatMap((part) => part.split("\n").filter((line) => line !== "")).sort();
  }

  private async ask(method: string, path: string, op: string, body: string | Uint8Array = ""): Promise<Answer> {
    const first = await exchange(method, `${this.base}/webhdfs/v1${path}?op=${op}&user.name=root`);
    return first.location === undefined ? first : exchange(method, first.location, body);
  }
}

/** By node:http: DataNodes say "100 Continue" unasked, which fetch takes amiss. */
async function exchange(method: string, url: string, body?: string | Uint8Array): Promise<Answer> {
  const sent = request(url, { method, timeout: 60_000 }).end(body);
  return new Promise((resolve, reject) => {
    sent.once("error", reject);
    sent.once("response", (answer) => {
      const { statusCode = 0, headers } = answer;
      text(answer).then((said) => resolve({ status: statusCode, location: headers.location, body: said }), reject);
    });
  });
}
