import { actions } from '../../../test/support/scenarios/actions';
import { tornPlans } from '../../../test/support/scenarios/tornPlans';
import { requiredLevel, tornReads, type TornRun } from '../../../test/support/scenarios/tornReads';
import { shortcomings, tornLines } from '../../../test/support/scenarios/tornVerdict';
import { extensionId, runIn, withGuardedEditor } from '../guardedEditor';
import type { Proof } from './proof';

const savesASize = 1_000;
const savesOtherwise = 200;

/** Readers that open a file as fast as they can: 1,000 guarded saves at each size, and some with other readers. */
export async function proveTorn(): Promise<Proof> {
  return withGuardedEditor('prove', async (editor, folder) => {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    const act = actions(runIn(window));
    const runs: (TornRun & { readonly shortcomings: readonly string[] })[] = [];
    for (const { demands, ...plan } of tornPlans(savesASize, savesOtherwise)) {
      const run = await tornReads(act, folder, plan);
      const short = shortcomings(run, demands);
      runs.push({ ...run, shortcomings: short });
      console.log([tornLines(run), ...short.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
    }
    const good = runs.every((run) => run.shortcomings.length === 0);
    return { good, counts: { editor: editor.version, requiredLevel, runs } };
  });
}
