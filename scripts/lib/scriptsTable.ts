import type { ScriptSummary } from '../../test/support/scenarios/runningScripts';
import { table } from './table';

/** The demonstration's table. */
export function scriptsTable(stock: ScriptSummary, guarded: ScriptSummary): string {
  return table([
    ['', 'scripts run', 'disturbed', 'file on disk wrong', 'what a disturbed one did'],
    ['Holdfast off', ...columns(stock)],
    ['Holdfast on', ...columns(guarded)],
  ]);
}

function columns({ runs, disturbed, diskWrong, example }: ScriptSummary): string[] {
  return [String(runs), String(disturbed), String(diskWrong), example || '-'];
}
