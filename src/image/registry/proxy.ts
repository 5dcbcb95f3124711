import type { RequestOptions } from "node:http";
import { BlockList, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { EnvpackError } from "../../support/errors.js";
import { loadHttp, loadHttps, loadTls } from "../../support/http.js";
import type { Certificates } from "./certificates.js";

/** Milliseconds for a proxy to answer. */
const PATIENCE = 30_000;

/**
 * The proxy that the environment names for an address (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in either case); null for
 * none. Node's own fetch looks at them in no version that envpack runs on.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): URL | null {
  const get = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? "";
  if (isLoopback(url.hostname) || isExempt(url, get("NO_PROXY"))) return null;
  const named = get(url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (named === "") return null;
  const text = named.includes("://") ? named : `http://${named}`;
  const proxy = URL.canParse(text) ? new URL(text) : null;
  if (proxy !== null && /^https?:$/.test(proxy.protocol)) return proxy;
  // Going there directly is what whoever named a proxy does not want. It is not repeated: it may hold a password.
  throw new EnvpackError("ENGINE_UNREACHABLE", "the proxy that the environment names is of a kind that is not known", {
    path: url.host,
    hint: "name an http:// or https:// one in HTTPS_PROXY, or the host in NO_PROXY",
  });
}

function isExempt({ hostname, port }: URL, list: string): boolean {
  return list
    .split(",")
    .map((one) => one.trim().toLowerCase())
    .some((one) => {
      if (one === "*") return true;
      if (one.includes("/")) return isInNetwork(hostname, one);
      const [name = "", wanted] = one.replace(/^\*?\./, "").split(":");
      return name !== "" && (wanted === undefined || wanted === port) && (hostname === name || hostname.endsWith(`.${name}`));
    });
}

/** @param network as "10.0.0.0/8" */
function isInNetwork(hostname: string, network: string): boolean {
  const [start = "", bits = ""] = network.split("/");
  const address = withoutBrackets(hostname);
  const family = isIP(start);
  if (family === 0 || isIP(address) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(start, Number(bits), family === 4 ? "ipv4" : "ipv6");
  return list.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Whether a host is this machine by its own name. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname === "::1" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/**
 * What a request through a proxy takes in place of its own address: an absolute path of plain HTTP, a tunnel of HTTPS.
 *
 * @param certificates those of the address, not of the proxy
 */
export async function throughProxy(url: URL, proxy: URL, certificates: Certificates): Promise<RequestOptions> {
  const authorization =
    proxy.username === ""
      ? {}
      : {
          "Proxy-Authorization": `Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString("base64")}`,
        };
  const isSecure = proxy.protocol === "https:";
  const host = withoutBrackets(proxy.hostname);
  // The name is the proxy's: Node would ask for a certificate of the host in the request's header.
  const place = { host, port: proxy.port === "" ? (isSecure ? 443 : 80) : Number(proxy.port), servername: serverName(host) };
  if (url.protocol === "http:") {
    const way = isSecure ? { createConnection: () => loadTls().connect(place) } : {};
    // Of `hostname` and `host` Node takes the former, and it comes with the address as well.
    return { ...place, ...way, hostname: place.host, path: url.href, headers: { Host: url.host, ...authorization } };
  }
  const target = `${url.hostname}:${url.port === "" ? 443 : url.port}`;
  const socket = await openTunnel({ ...place, path: target, headers: { Host: target, ...authorization } }, isSecure);
  const secure = loadTls().connect({ socket, host: withoutBrackets(url.hostname), servername: serverName(url.hostname), ...certificates });
  return { createConnection: () => secure };
}

function withoutBrackets(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** What TLS asks for by name: addresses are none (RFC 6066, 3), and are looked for in the certificate all the same. */
function serverName(hostname: string): string {
  return isIP(withoutBrackets(hostname)) === 0 ? hostname : "";
}

function openTunnel(options: RequestOptions, isSecure: boolean): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const request = (isSecure ? loadHttps() : loadHttp()).request({ ...options, method: "CONNECT", timeout: PATIENCE, agent: false });
    request.on("timeout", () => request.destroy(Object.assign(new Error("the proxy does not answer"), { code: "ETIMEDOUT" })));
    request.on("error", reject);
    request.on("response", (answer) => {
      answer.resume();
      reject(Object.assign(new Error(`the proxy answered ${answer.statusCode ?? 0}`), { code: "EPROXY" }));
    });
    request.on("connect", (answer, socket) => {
      if (answer.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(Object.assign(new Error(`the proxy answered ${answer.statusCode ?? 0}`), { code: "EPROXY" }));
      }
    });
    request.end();
  });
}
