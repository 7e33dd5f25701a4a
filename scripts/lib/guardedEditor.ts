/** The real editor with the packaged extension installed, as a user has it. */
import { Editor, type EditorOptions, type EditorWindow } from '../../test/support/editor';
import type { Run } from '../../test/support/run';
import { makePackage } from './package';

export const extensionId = 'holdfast.holdfast';

export async function startGuardedEditor(options: EditorOptions): Promise<Editor> {
  const { path } = await makePackage('linux-x64');
  return Editor.start({ ...options, extensions: [...options.extensions ?? [], path] });
}

/** Runs functions in this window's extension host. */
export function runIn(window: EditorWindow): Run {
  return (work, ...args) => window.run(work, ...args);
}
