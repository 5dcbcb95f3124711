/**
 * Makes an element. What it holds is text, never HTML: names come from outside.
 *
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(string | Node)} children
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A name from outside, kept apart from the text around it. */
export function nameOf(name) {
  return element("bdi", {}, name);
}
