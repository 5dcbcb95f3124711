/** Words of names, whatever stands around them: LICENSE-MIT, MIT-LICENSE.md, ThirdPartyNotices.txt, LICENSES/MIT.txt. */
const WORDS =
  /(?:^|[^a-z])(?:licen[cs]es?|unlicen[cs]e|copying|copyrights?|notices?|authors?|contributors|patents?|credits|legal|eula)(?:[^a-z]|$)|third.?party|notices\./i;

/** Whether a licence asks that a file of this name is passed on. @param inside relative to the package's folder */
export function isLicence(inside: string): boolean {
  return WORDS.test(inside);
}

/** What the text of a licence holds, where a package has it in its README alone. */
const TEXT = /permission is hereby granted|redistribution and use in source|apache license|copyright (?:\(c\)|©|\d{4})|licensed under/i;

export function holdsLicence(text: string): boolean {
  return TEXT.test(text);
}
