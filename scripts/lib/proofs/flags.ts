import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { languages } from '../../../test/support/flags/clients';
import { flagLoadLine, flagShortcomings, loadFlags, type FlagLoad } from '../../../test/support/flags/load';
import { actions } from '../../../test/support/scenarios/actions';
import {
  flaggedSaves,
  flaggedSavesLine,
  flaggedShortcomings,
  runtimeIn,
} from '../../../test/support/scenarios/flaggedSaves';
import { extensionId, runIn, withGuardedEditor } from '../guardedEditor';
import type { Proof } from './proof';

const publishes = 10_000;
const saves = 100;

/** 10,000 publishes by two writers for the readers of each language, and 100 saves in VS Code for all of them. */
export async function proveFlags(seed: number): Promise<Proof> {
  const loads: (FlagLoad & { readonly shortcomings: readonly string[] })[] = [];
  for (const language of languages) {
    const load = await loadFlags(language, publishes, seed);
    const shortcomings = flagShortcomings(load);
    loads.push({ ...load, shortcomings });
    console.log([flagLoadLine(load), ...shortcomings.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
  }
  const root = mkdtempSync(join(tmpdir(), 'holdfast-run-'));
  try {
    const runtime = runtimeIn(root);
    const run = await withGuardedEditor(
      'prove',
      async (editor, folder) => {
        const window = await editor.openWindow();
        await window.activate(extensionId);
        return flaggedSaves(actions(runIn(window)), folder, runtime, saves);
      },
      { environment: { XDG_RUNTIME_DIR: runtime } },
    );
    const shortcomings = flaggedShortcomings(run);
    console.log([flaggedSavesLine(run), ...shortcomings.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
    const good = shortcomings.length === 0 && loads.every((load) => load.shortcomings.length === 0);
    return { good, counts: { loads, saves: run } };
  } finally {
    rmSync(root, { recursive: true });
  }
}
