import { gitSaves } from '../../../test/support/scenarios/gitSaves';
import { extensionId, runIn, withGuardedEditor } from '../guardedEditor';
import type { Proof } from './proof';

/** 100 saves with stash, checkout and rebase in between. */
export async function proveGit(seed: number): Promise<Proof> {
  return withGuardedEditor('prove', async (editor, folder) => {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    const found = await gitSaves(runIn(window), folder, 100, seed);
    console.log(JSON.stringify(found));
    const good = found.lost.length === 0 && found.dirtyIndex === 0 && found.diskWrong === 0;
    return { good, counts: { editor: editor.version, ...found } };
  });
}
