import { follow, goThisWay, ways, type Following, type Way } from '../../../test/support/scenarios/following';
import { followingHead, followingRow, shortcomings } from '../../../test/support/scenarios/followingVerdict';
import { startFollower } from '../../../test/support/watchers/follower';
import { tools, toolVersions, type Tool } from '../../../test/support/watchers/tools';
import { extensionId, runIn, withGuardedEditor } from '../guardedEditor';
import { table } from '../table';
import type { Proof } from './proof';

const saves = 20;

/** Everything that follows files, one after the other, each during 20 saves of each way. */
export async function proveWatchers(): Promise<Proof> {
  return withGuardedEditor('prove', async (editor, folder) => {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    const run = runIn(window);
    const only = process.env['HOLDFAST_GREP'];
    const found: (Following & { readonly shortcomings: readonly string[] })[] = [];
    for (const tool of tools.filter(({ name }) => !only || name.includes(only))) {
      for (const way of waysOf(tool)) {
        await goThisWay(run, way);
        const one = await follow(run, folder, { ...tool, start: (own) => startFollower(tool, own) }, way, saves);
        found.push({ ...one, shortcomings: shortcomings(one, tool) });
        console.log(
          [followingRow(one).join('  '), ...shortcomings(one, tool).map((line) => `  NOT GOOD: ${line}`)].join('\n'),
        );
      }
    }
    console.log(`\n${table([followingHead, ...found.map(followingRow)])}`);
    const good = found.every((one) => one.shortcomings.length === 0);
    return { good, counts: { editor: editor.version, tools: toolVersions(), found } };
  });
}

/** What keeps the inode is only of interest to those who stay with it. */
function waysOf({ follows, holds }: Pick<Tool, 'follows' | 'holds'>): readonly Way[] {
  return ways.filter((way) => {
    if (way === 'held') return !holds;
    return follows === 'inode' || (way !== 'whenHeld' && way !== 'never');
  });
}
