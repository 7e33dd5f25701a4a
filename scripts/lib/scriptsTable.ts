import type { ScriptSummary } from '../../test/support/scenarios/runningScripts';

/** The demonstration's table. */
export function scriptsTable(stock: ScriptSummary, guarded: ScriptSummary): string {
  const rows = [
    ['', 'scripts run', 'disturbed', 'file on disk wrong', 'what a disturbed one did'],
    ['Holdfast off', ...columns(stock)],
    ['Holdfast on', ...columns(guarded)],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function columns({ runs, disturbed, diskWrong, example }: ScriptSummary): string[] {
  return [String(runs), String(disturbed), String(diskWrong), example || '-'];
}
