import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { follow, goThisWay, waysOf, type Following } from '../../../test/support/scenarios/following';
import { followingHead, followingRow, shortcomings } from '../../../test/support/scenarios/followingVerdict';
import { editorFollowers, followingSettings } from '../../../test/support/watchers/editorFollowers';
import { explore, explorerShortcomings, makeExplored } from '../../../test/support/watchers/explorer';
import { followed } from '../../../test/support/watchers/follower';
import { tools, toolVersions } from '../../../test/support/watchers/tools';
import { extensionId, runIn, withGuardedEditor } from '../guardedEditor';
import { table } from '../table';
import type { Proof } from './proof';

const saves = 20;

/** Everything that follows files, one after the other, each during 20 saves of every way. */
export async function proveWatchers(): Promise<Proof> {
  const logs = await mkdtemp(join(tmpdir(), 'holdfast-logs-'));
  try {
    return await withGuardedEditor(
      'prove',
      async (editor, folder) => {
        makeExplored(folder);
        const window = await editor.openWindow();
        await window.activate(extensionId);
        const run = runIn(window);
        // First: later there are more names than it can show.
        const explorer = await explore(window, run, folder, saves);
        for (const { way, changes } of explorer) {
          console.log(`the Explorer, ${String(saves)} saves ${way}: ${changes.join(' ') || 'no name came or went'}`);
        }
        const wanted = process.env['HOLDFAST_GREP'] ?? '';
        const all = [...tools.map(followed), ...editorFollowers(run, logs)].filter(({ name }) => name.includes(wanted));
        const found: (Following & { readonly shortcomings: readonly string[] })[] = [];
        for (const tool of all) {
          for (const way of waysOf(tool)) {
            await goThisWay(run, way);
            const one = await follow(run, folder, tool, way, saves);
            const short = shortcomings(one, tool);
            found.push({ ...one, shortcomings: short });
            console.log([followingRow(one).join('  '), ...short.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
          }
        }
        console.log(`\n${table([followingHead, ...found.map(followingRow)])}`);
        const good = found.every((one) => one.shortcomings.length === 0) && explorerShortcomings(explorer).length === 0;
        return {
          good,
          counts: { editor: editor.version, node: process.version, tools: toolVersions(), found, explorer },
        };
      },
      { settings: followingSettings },
    );
  } finally {
    await rm(logs, { recursive: true, force: true });
  }
}
