/** How long the extension takes to start. */
import type { EditorWindow } from '../../../test/support/editor';
import { extensionId } from '../guardedEditor';

/** Milliseconds from the bundle's first line to the end of activation, as the log has it; the first start is a cold one. */
export async function timeStarts(window: EditorWindow, starts: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let start = 1; start <= starts; start++) {
    if (start > 1) await window.reload();
    await window.activate(extensionId);
    await window.run(async (vscode) => {
      await vscode.commands.executeCommand('holdfast.showLog');
    });
    const log = window.page.locator('.part.panel .view-lines', { hasText: 'activated:' });
    await log.waitFor();
    times.push(Number(/activated:\s+time=([\d.]+)ms/.exec(await log.innerText())?.[1]));
    await window.run(async (vscode) => {
      await vscode.commands.executeCommand('workbench.action.closePanel');
    });
  }
  return times;
}
