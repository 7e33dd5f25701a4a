/** `npm run demo`: bash scripts run, are edited and saved while they run, with Holdfast off and on in turn. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { RunningScript, scriptText } from '../test/support/runningScript';
import { actions } from '../test/support/scenarios/actions';
import { runScripts, summarize } from '../test/support/scenarios/runningScripts';
import { extensionId, runIn, withGuardedEditor } from './lib/guardedEditor';
import { scriptsTable } from './lib/scriptsTable';

const pairs = 15;
const seed = 1;
/** What must be true of the stock editor for the comparison to mean anything. */
const stockDisturbedAtLeast = 0.8;
const stepsAfterSaveAtLeast = 5;

async function main(): Promise<boolean> {
  console.log('Packaging Holdfast and starting a real VS Code with the package installed …');
  return withGuardedEditor('demo', async (editor, folder) => {
    const window = await editor.openWindow({ theme: 'dark' });
    await window.activate(extensionId);
    console.log(
      `VS Code ${editor.version}: ${String(pairs)} pairs of bash scripts are edited and saved while they run …`,
    );
    const act = actions(runIn(window));
    const runs = await runScripts(act, folder, pairs, seed, () => process.stdout.write('.'));
    const stock = summarize(runs, false);
    const guarded = summarize(runs, true);
    console.log(`\n\n${scriptsTable(stock, guarded)}\n`);

    const path = join(folder, 'backup.sh');
    await writeFile(path, scriptText('backup'), { mode: 0o755 });
    const script = new RunningScript(path, 'backup');
    await script.ready();
    await act.open(path);
    await act.edit(path, 'insertAbove');
    await act.save(path, 'save');
    await window.page.locator('[id="holdfast.holdfast.level"]', { hasText: 'Holdfast: gated' }).waitFor();
    await mkdir('out', { recursive: true });
    await window.screenshot(join('out', 'demo.png'));
    const last = await script.finish();
    console.log('A picture of the editor is in out/demo.png.');

    const verdicts: [boolean, string][] = [
      [guarded.disturbed === 0 && !last.disturbed, 'no guarded script was disturbed'],
      [stock.disturbed >= stock.runs * stockDisturbedAtLeast, 'at least 80 % of the stock ones were disturbed'],
      [
        guarded.fewestStepsAfterSave >= stepsAfterSaveAtLeast,
        'every guarded script ran at least 5 commands after its save',
      ],
      [guarded.diskWrong === 0, 'every guarded save put the document on the disk'],
    ];
    for (const [held, what] of verdicts) console.log(`${held ? 'yes' : 'NO '}  ${what}`);
    return verdicts.every(([held]) => held);
  });
}

void main().then((good) => {
  process.exitCode = good ? 0 : 1;
});
