/** VS Code's own page about an extension, as a person uses it. */
import type { Locator } from 'playwright-core';

import type { EditorWindow } from './editor';

export class ExtensionPage {
  readonly #window: EditorWindow;
  readonly #page: Locator;

  private constructor(window: EditorWindow) {
    this.#window = window;
    this.#page = window.page.locator('.extension-editor');
  }

  /** Opens it, in front of what is shown. */
  static async open(window: EditorWindow, extensionId: string): Promise<ExtensionPage> {
    await window.run(async (vscode, id) => {
      await vscode.commands.executeCommand('extension.open', id);
    }, extensionId);
    const page = new ExtensionPage(window);
    await page.#page.waitFor();
    return page;
  }

  /** Takes effect when the window is loaded again. */
  async disable(): Promise<void> {
    await this.#button('Disable this extension').click();
    await this.untilReloadOffered();
  }

  /** Takes effect at once. */
  async enable(): Promise<void> {
    await this.#button('Enable this extension').click();
    await this.#button('Disable this extension').waitFor();
  }

  /** VS Code runs another state or version of the extension than the one that is wanted now. */
  async untilReloadOffered(): Promise<void> {
    await this.#reload.waitFor();
  }

  /** *Reload Window*. */
  async reloadWindow(): Promise<void> {
    await this.#window.reload(() => this.#reload.click());
  }

  get #reload(): Locator {
    return this.#page.locator('a.reload:not(.disabled)');
  }

  #button(label: string): Locator {
    return this.#page.getByLabel(label);
  }
}
