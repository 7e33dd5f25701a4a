import type { EditorWindow } from './editor';

const item = '[id="holdfast.holdfast.level"]';
const deadline = 15_000;

/** Opens a file in this window. */
export async function show(window: EditorWindow, path: string): Promise<void> {
  await window.run(async (vscode, at) => {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(at), { preview: false });
  }, path);
}

/** Waits until the status bar shows this level for this file, and returns the whole accessible label. */
export async function untilLevel(window: EditorWindow, level: string, fileName: string): Promise<string> {
  const shown = window.page
    .locator(`${item} a[aria-label*=${JSON.stringify(`${fileName}:`)}]`)
    .filter({ hasText: `Holdfast: ${level}` });
  try {
    await shown.waitFor({ timeout: deadline });
  } catch (error) {
    const now = await window.page.locator(`${item} a`).all();
    const labels = await Promise.all(now.map((one) => one.getAttribute('aria-label')));
    throw new Error(`the status bar does not say ${level} for ${fileName}, but: ${labels.join()}`, { cause: error });
  }
  return (await shown.getAttribute('aria-label')) ?? '';
}

/** Waits until the status bar's accessible label says something. */
export async function untilSaying(window: EditorWindow, sentence: RegExp): Promise<void> {
  await window.page.locator(item).getByRole('button', { name: sentence }).waitFor({ timeout: deadline });
}

export async function untilNoLevel(window: EditorWindow): Promise<void> {
  await window.page.locator(item).waitFor({ state: 'hidden', timeout: deadline });
}

/** Inserts a line at the top of the open document and saves it with the keyboard's command. Resolves when it is saved. */
export async function changeAndSave(window: EditorWindow, path: string, line: string): Promise<void> {
  await window.run(
    async (vscode, at, text) => {
      const document = await vscode.workspace.openTextDocument(at);
      const editor = await vscode.window.showTextDocument(document, { preview: false });
      await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), `${text}\n`));
      if (!(await document.save())) throw new Error(`${at} was not saved`);
    },
    path,
    line,
  );
}
