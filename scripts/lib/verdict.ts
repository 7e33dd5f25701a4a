import { readFile } from 'node:fs/promises';

import type { Result } from '../../test/support/results';

const errorLines = 8;
const errorWidth = 400;

/**
 * Prints what was skipped and why, what failed, and the closing line. True if nothing failed and, on a machine with
 * root, nothing was skipped that `test/skips.json` does not allow.
 */
export async function verdict(results: readonly Result[], checkSkips: boolean): Promise<boolean> {
  const failed = results.filter(({ state }) => state === 'failed');
  const skipped = results.filter(({ state }) => state === 'skipped');
  const passed = results.length - failed.length - skipped.length;
  const allowed = JSON.parse(await readFile('test/skips.json', 'utf8')) as Record<string, string>;
  const unexpected = skipped.filter(({ skip }) => !skip || (checkSkips && !(skip.id in allowed)));

  for (const [line, count] of countLines(skipped)) console.log(`skipped: ${line} (${String(count)} tests)`);
  for (const { title, error = '' } of failed) {
    console.log(`failed: ${title}`);
    // Its first lines: what was printed where it failed may be far above.
    for (const line of error.split('\n').slice(0, errorLines)) console.log(`  ${line.slice(0, errorWidth)}`);
  }
  for (const { title, skip } of unexpected) {
    console.log(`failed: ${title}: this skip (${skip?.id ?? 'without a reason'}) is not in test/skips.json`);
  }
  const bad = failed.length + unexpected.length;
  console.log(
    `\n${String(passed)} passed, ${String(bad)} failed, ${String(skipped.length - unexpected.length)} skipped`,
  );
  return bad === 0 && passed > 0;
}

function countLines(skipped: readonly Result[]): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const { skip, title } of skipped) {
    const line = skip ? `${skip.id}: ${skip.reason}` : title;
    lines.set(line, (lines.get(line) ?? 0) + 1);
  }
  return lines;
}
