/** What a run must come to. */
import type { Chaos } from './chaos';

/** What an extension host may have more at the end than after its first epoch: who has left an older version is noticed within half a minute. */
const slack = { descriptors: 24, watches: 8, memory: 60 };

/** What is wrong with it; empty: nothing. */
export function chaosShortcomings(run: Chaos): readonly string[] {
  const wrong = [
    ...run.missing.map(
      ({ version, path, by, then, logged }) =>
        `version ${String(version)} of ${path}, by ${by}, is nowhere: ${[...then, ...logged].join('\n')}`,
    ),
    ...run.torn.map(
      ({ path, epoch, text, logged }) =>
        `no whole version: ${path} after epoch ${String(epoch)}: ${[text, ...logged].join('\n')}`,
    ),
    ...run.left.map((name) => `left over: ${name}`),
  ];
  if (run.persons.every(({ saved }) => saved === 0)) wrong.push('nothing was saved');
  for (const [index, { neverThere }] of run.persons.entries()) {
    if (neverThere > 0) wrong.push(`window ${String(index)}: ${String(neverThere)} saves were not on the disk`);
  }
  for (const { epochs, first, last } of run.usage) {
    for (const what of ['descriptors', 'watches', 'memory'] as const) {
      if (last[what] > first[what] + slack[what])
        wrong.push(`${what} grew from ${String(first[what])} to ${String(last[what])} in ${String(epochs)} epochs`);
    }
  }
  return wrong;
}

export function chaosLine(run: Chaos): string {
  const { epochs, crashes, persons, versions, ungated, lostUngated, tornUngated, unaware } = run;
  const parts = [versions, persons, ungated].map((part) => JSON.stringify(part));
  return `${String(epochs)} epochs, ${String(crashes)} crashes; ${parts.join('; ')}: ${String(lostUngated)} lost and ${String(tornUngated)} torn where that is shown, ${String(unaware)} times unaware`;
}
