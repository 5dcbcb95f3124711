import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files of many minutes: begun last, one processor works through them alone while the others are done. */
const SLOW = /\/test\/(?:real\/environments|real\/web-app|property|faults|hostile)\b/;

/** On a machine that has no timings of an earlier run vitest goes by the files' sizes, which say nothing here. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number =>
      moduleId.endsWith("/environments.test.ts") ? 0 : SLOW.test(moduleId) ? 1 : 2;
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}
