/** Characters of an address that are looked at. */
const LONGEST = 2048;

/** Names of a query's or fragment's parameters that carry a credential, without "-", "_" and "." and in lower case. */
const PARAMETERS = new Set(
  [
    "token accesstoken authtoken privatetoken jobtoken deploytoken npmtoken idtoken refreshtoken sessiontoken bearertoken apitoken usertoken gittoken",
    "apikey accesskey secretkey privatekey subscriptionkey appkey secret clientsecret appsecret password passwd passphrase pwd pass auth authorization",
    "bearer jwt credential credentials sig signature sas sastoken xamzsignature xamzsecuritytoken xamzcredential xgoogsignature xgoogcredential awsaccesskeyid",
  ].flatMap((line) => line.split(" ")),
);

/** What stands where a value is filled in later, and masks. */
const PLACEHOLDER = /^(?:\$[A-Za-z_{]|%[A-Za-z_]{1,64}%|[<{[]|\*{3}|x{3,}$|\.{3})/;

/** What an address is searched for. */
export interface AddressRules {
  /** Records that name where packages come from: short credentials count there too. */
  readonly isRecord: boolean;
  /** A test's database on this machine is no secret. */
  readonly allowsLocal: boolean;
}

/** A credential in an address: what it is, and the offset of its address. */
export interface AddressSecret {
  readonly what: string;
  readonly at: number;
}

/**
 * Finds the first address that carries a credential: as `user:password@` or `token@` before its host, or in a
 * parameter of its query or fragment. An address ends where the next one begins, so the time is in proportion to the text.
 */
export function findAddressSecret(text: string, rules: AddressRules): AddressSecret | null {
  for (let at = text.indexOf("://"); at !== -1;) {
    const next = text.indexOf("://", at + 3);
    const what = judge(text.slice(Math.max(0, at - 16), at), cut(text, at + 3, next), rules);
    if (what !== null) return { what, at };
    at = next;
  }
  return findEncoded(text, rules);
}

/** Yarn writes an address in another one's parameter: `::__archiveUrl=https%3A%2F%2F…`. */
function findEncoded(text: string, rules: AddressRules): AddressSecret | null {
  for (const { index } of text.matchAll(/%3A%2F%2F/gi)) {
    const rest = text.slice(index + 9, index + 9 + LONGEST).split(/%3A%2F%2F/i, 1)[0] ?? "";
    const what = judge("https", decode(rest.split(/[\s"'`<>\\&]/, 1)[0] ?? ""), rules);
    if (what !== null) return { what, at: index };
  }
  return null;
}

function decode(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}/g, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}

function cut(text: string, from: number, next: number): string {
  const end = Math.min(next === -1 ? text.length : next, from + LONGEST);
  return text.slice(from, end).split(/[\s"'`<>\\]/, 1)[0] ?? "";
}

/** @param address what stands behind "://" */
function judge(before: string, address: string, rules: AddressRules): string | null {
  const scheme = /[a-z][a-z0-9+]{0,15}$/i.exec(before)?.[0].toLowerCase() ?? "";
  const [authority = ""] = address.split("/", 1);
  const end = authority.lastIndexOf("@");
  if (end !== -1 && end + 1 < authority.length) {
    const what = judgeUser(authority.slice(0, end), scheme, rules);
    const isLocal =
      rules.allowsLocal && !/^(?:https?|git)/.test(scheme) && /^(?:localhost|127\.0\.0\.1|\[::1\])(?::|$)/.test(authority.slice(end + 1));
    if (what !== null && !isLocal) return what;
  }
  const start = address.search(/[?&#]/);
  return start === -1 ? null : judgeParameters(address.slice(start), rules);
}

function judgeUser(info: string, scheme: string, { isRecord }: AddressRules): string | null {
  const colon = info.indexOf(":");
  if (colon !== -1) {
    const password = info.slice(colon + 1);
    return password === "" || PLACEHOLDER.test(password) ? null : "a password in an address";
  }
  if (/^[A-Za-z0-9_-]{20,}$/.test(info)) return "a token in an address";
  // Eight characters with a digit are a token sooner than a name; over ssh they are a name.
  return isRecord && /^https?$|\+https?$/.test(scheme) && /^(?=.{0,40}\d)[\w.~+%-]{8,}$/.test(info) ? "a token in an address" : null;
}

function judgeParameters(tail: string, { isRecord }: AddressRules): string | null {
  for (const part of tail.split(/[?&#;]/)) {
    const equals = part.indexOf("=");
    if (equals < 1) continue;
    const name = part.slice(0, equals).replace(/[-_.]/g, "").toLowerCase();
    const value = part.slice(equals + 1);
    const isSecret = isRecord ? PARAMETERS.has(name) && value.length >= 4 : name.endsWith("token") && value.length >= 16;
    if (isSecret && !PLACEHOLDER.test(value)) return "a token in an address";
  }
  return null;
}
