import { actions } from '../../../test/support/scenarios/actions';
import { runScripts, summarize } from '../../../test/support/scenarios/runningScripts';
import { extensionId, runIn, withGuardedEditor } from '../guardedEditor';
import { scriptsTable } from '../scriptsTable';
import type { Proof } from './proof';

/** 1,000 running scripts, 500 of them guarded. */
export async function proveScripts(seed: number): Promise<Proof> {
  const pairs = 500;
  return withGuardedEditor('prove', async (editor, folder) => {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    const runs = await runScripts(actions(runIn(window)), folder, pairs, seed, () => process.stdout.write('.'));
    const stock = summarize(runs, false);
    const guarded = summarize(runs, true);
    console.log(`\n${scriptsTable(stock, guarded)}`);
    const good = guarded.disturbed === 0 && guarded.diskWrong === 0 && stock.disturbed >= stock.runs * 0.8;
    return { good, counts: { editor: editor.version, stock, guarded } };
  });
}
