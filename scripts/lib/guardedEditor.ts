/** The real editor with the packaged extension installed, as a user has it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Editor, type EditorOptions, type EditorWindow } from '../../test/support/editor';
import type { Run } from '../../test/support/run';
import { tellWhatIsShown } from '../../test/support/whatIsShown';
import { makePackage } from './package';

export const extensionId = 'holdfast.holdfast';

/** Where the package of this run is: it is made once, for this process and for those that it starts. */
const packageOfRun = 'HOLDFAST_PACKAGE';

export async function startGuardedEditor(options: EditorOptions): Promise<Editor> {
  const path = (process.env[packageOfRun] ??= resolve((await makePackage('linux-x64')).path));
  return Editor.start({ ...options, extensions: [...(options.extensions ?? []), path] });
}

/** Starts it on a new folder, hands both over, and stops and removes everything, whatever happens. */
export async function withGuardedEditor<T>(
  name: string,
  work: (editor: Editor, folder: string) => Promise<T>,
  options: EditorOptions = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `holdfast-${name}-`));
  try {
    const editor = await startGuardedEditor({ ...options, workspace: folder });
    try {
      return await work(editor, folder);
    } catch (thrown) {
      // It is closed before anybody else could look.
      await tellWhatIsShown();
      throw thrown;
    } finally {
      await editor.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs functions in this window's extension host. */
export function runIn(window: EditorWindow): Run {
  return (work, ...args) => window.run(work, ...args);
}
