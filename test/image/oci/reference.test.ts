import { expect, test } from "vitest";
import { formatReference, namesRegistry, parseReference, repositoryName, tagName } from "../../../src/image/oci/reference.js";

const DIGEST = `sha256:${"a".repeat(64)}`;

test.each([
  ["alpine", "docker.io/library/alpine:latest"],
  ["acme/shop:1", "docker.io/acme/shop:1"],
  ["docker.io/alpine", "docker.io/library/alpine:latest"],
  ["index.docker.io/acme/shop", "docker.io/acme/shop:latest"],
  ["localhost/shop", "localhost/shop:latest"],
  ["127.0.0.1:5000/a/b-c__d:v1.0", "127.0.0.1:5000/a/b-c__d:v1.0"],
  ["[::1]:5000/shop", "[::1]:5000/shop:latest"],
  [`ghcr.io/acme/shop@${DIGEST}`, `ghcr.io/acme/shop@${DIGEST}`],
  [`ghcr.io/acme/shop:1@${DIGEST}`, `ghcr.io/acme/shop:1@${DIGEST}`],
])("%s names %s", (text, full) => {
  expect(formatReference(parseReference(text))).toBe(full);
});

test.each([
  "",
  "Shop",
  "ghcr.io/",
  "ghcr.io/acme//shop",
  "ghcr.io/acme/shop:",
  "ghcr.io/../shop",
  "ghcr.io/acme/shop@sha256:short",
  "https://ghcr.io/acme/shop",
  "ghcr.io/acme/shop:1 2",
  "-x/shop",
  `${"a/".repeat(400)}b`,
])("%j is refused", (text) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("what could hold a password is not repeated", () => {
  expect(() => parseReference("me:secret-word@ghcr.io/shop")).toThrow(/^this is not the name of an image$/);
});

test("a word with a host is an image's name, a path is none", () => {
  expect(["ghcr.io/a/b", "localhost:5000/x", "127.0.0.1:5000/x:1"].map(namesRegistry)).toEqual([true, true, true]);
  expect(["./a.b/c", "../x", "shop.tar.gz", "a/b", "/srv/shop"].map(namesRegistry)).toEqual([false, false, false, false, false]);
});

test("names and versions of packages become repositories and tags", () => {
  expect(["@acme/Shop", "a__b..c", "!!!"].map(repositoryName)).toEqual(["acme-shop", "a-b-c", "app"]);
  expect(["1.4.0", "1.0.0+build", null].map(tagName)).toEqual(["1.4.0", "1.0.0-build", "latest"]);
});
