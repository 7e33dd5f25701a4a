import { harmless, harmlessLines, harmlessShortcomings, slowdown } from '../../../test/support/harmless/harmless';
import { withGuardedEditor } from '../guardedEditor';
import type { Proof } from './proof';

const rounds = 5;
/** Of medians. What somebody would see. */
const visible = 1.25;

/** What hurts nobody, at full size, beside the same without Holdfast. */
export async function proveHarmless(): Promise<Proof> {
  return withGuardedEditor('harmless', async (editor, folder) => {
    const run = await harmless(editor, folder, ({ full }) => full, rounds);
    const slow = run.rows.filter((row) => slowdown(row) > visible).map(({ name }) => `slowed: ${name}`);
    const short = [...harmlessShortcomings(run), ...slow];
    console.log([...harmlessLines(run), ...short.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
    return { good: short.length === 0, counts: { editor: editor.version, rounds, ...run, shortcomings: short } };
  });
}
