/** What a window shows of who uses files. */
import type { Locator } from 'playwright-core';

import type { EditorWindow } from './editor';

const deadline = 15_000;

/** Opens the view by its command. */
export async function showHolders(window: EditorWindow): Promise<void> {
  // Where nobody uses the file it waits for its notice to be closed.
  await window.run((vscode) => {
    void vscode.commands.executeCommand('holdfast.showHolders');
  });
  await window.page.locator('.sidebar .composite.title', { hasText: /files in use/i }).waitFor({ timeout: deadline });
}

/** An item of the view, by what is read out of it. */
export function treeItem(window: EditorWindow, spoken: RegExp): Locator {
  return window.page.locator('.pane-body').getByRole('treeitem', { name: spoken });
}

/** A file in the Explorer whose hover says this. */
export function explorerLabel(window: EditorWindow, saying: string): Locator {
  return window.page.locator(`.explorer-folders-view .monaco-icon-label[aria-label*=${JSON.stringify(saying)}]`);
}

/** The lines with a mark, in the page: a mark is at the height of its line's number. */
const markedLines = `(() => {
  const editor = document.querySelector('.editor-group-container.active .monaco-editor');
  const all = (selector) => [...(editor?.querySelectorAll(selector) ?? [])];
  const numbers = new Map(
    all('.margin-view-overlays > div').map((line) => [line.style.top, line.querySelector('.line-numbers')?.textContent]),
  );
  return all('.glyph-margin-widgets .cgmr').map((mark) => Number(numbers.get(mark.style.top))).sort((a, b) => a - b);
})()`;

/** Waits until exactly these lines of the editor that is in front have a mark in the gutter. */
export async function untilMarked(window: EditorWindow, lines: readonly number[]): Promise<void> {
  const expression = `JSON.stringify(${markedLines}) === ${JSON.stringify(JSON.stringify(lines))}`;
  try {
    await window.page.waitForFunction(expression, undefined, { timeout: deadline });
  } catch (cause) {
    const now = JSON.stringify(await window.page.evaluate(markedLines));
    throw new Error(`the marked lines are ${now}, not ${JSON.stringify(lines)}`, { cause });
  }
}
