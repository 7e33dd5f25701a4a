/** Notifications of a window, with the times at which they came. */
import type { Locator } from 'playwright-core';

import type { EditorWindow } from './editor';

const deadline = 15_000;

/** From now on the page remembers every notification that comes. */
export async function rememberNotices(window: EditorWindow): Promise<void> {
  await window.page.evaluate(`(() => {
    const seen = (window.holdfastNotices = []);
    const known = new Set();
    const look = () => {
      for (const one of document.querySelectorAll('.notification-list-item-message')) {
        const { textContent } = one;
        if (!textContent || known.has(textContent)) continue;
        known.add(textContent);
        seen.push({ text: textContent, at: Date.now() });
      }
    };
    look();
    seen.length = 0;
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  })()`);
}

export interface Notice {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** All that have come since `rememberNotices`. */
export function noticesOf(window: EditorWindow): Promise<readonly Notice[]> {
  return window.page.evaluate('window.holdfastNotices');
}

/** A notification that is shown. */
export function notice(window: EditorWindow, saying: RegExp | string): Locator {
  return window.page.locator('.notifications-toasts .notification-list-item', { hasText: saying });
}

/** Its buttons, in their order. */
export async function buttonsOf(one: Locator): Promise<readonly string[]> {
  await one.waitFor({ timeout: deadline });
  return one.locator('.notification-list-item-buttons-container .monaco-button').allInnerTexts();
}

export async function press(one: Locator, button: string): Promise<void> {
  await one.waitFor({ timeout: deadline });
  await one.getByRole('button', { name: button, exact: true }).click();
}

/** Closes it, as a person does. */
export async function close(one: Locator): Promise<void> {
  await one.waitFor({ timeout: deadline });
  await one.hover();
  await one.locator('.codicon-notifications-clear').click();
  await one.waitFor({ state: 'hidden', timeout: deadline });
}
