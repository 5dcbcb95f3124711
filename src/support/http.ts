import type * as Http from "node:http";
import type * as Https from "node:https";
import type * as Tls from "node:tls";

/*
 * Node's own clients, loaded by whoever is about to talk to a server: together they take longer to load than all
 * else that a command needs to start.
 */

export function loadHttp(): typeof Http {
  return process.getBuiltinModule("node:http");
}

export function loadHttps(): typeof Https {
  return process.getBuiltinModule("node:https");
}

export function loadTls(): typeof Tls {
  return process.getBuiltinModule("node:tls");
}
