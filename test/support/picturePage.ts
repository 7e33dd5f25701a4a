/** The picture of files in use, as a person sees and operates it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { FrameLocator, Frame } from 'playwright-core';

import { commands } from '../../src/core/contributions';
import { within } from './deadline';
import { themeNames, type EditorWindow, type Theme } from './editor';

const deadline = 20_000;

/** Opens it by its command, with the keyboard, and waits until it has the focus. */
export async function openPicture(window: EditorWindow): Promise<void> {
  await runByKeyboard(window, `Holdfast: ${commands['holdfast.showPicture'].title}`);
  await untilPictureFocused(window);
}

/** Until the page has followed, too. */
export async function wearWithPage(window: EditorWindow, theme: Theme): Promise<void> {
  await window.wear(theme);
  const frame = await frameOf(window);
  const kind = JSON.stringify(themeNames[theme].webview);
  await untilInPage(frame, `document.body.dataset.vscodeThemeKind === ${kind}`);
}

/** A command, by the palette and the keyboard alone. */
export async function runByKeyboard(window: EditorWindow, title: string): Promise<void> {
  await window.press('F1');
  const input = window.page.locator('.quick-input-widget input');
  await input.waitFor({ timeout: deadline });
  await window.type(title);
  await window.page
    .locator('.quick-input-widget .monaco-list-row.focused', { hasText: title })
    .waitFor({ timeout: deadline });
  await window.press('Enter');
}

/** What is in the page. */
export function pageOf(window: EditorWindow): FrameLocator {
  return window.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
}

export async function frameOf(window: EditorWindow): Promise<Frame> {
  const main = pageOf(window).locator('main');
  await main.waitFor({ timeout: deadline });
  const handle = await main.elementHandle({ timeout: deadline });
  const frame = await handle.ownerFrame();
  if (!frame) throw new Error('the picture is in no frame');
  return frame;
}

export async function untilPictureFocused(window: EditorWindow): Promise<void> {
  await pageOf(window).locator('main').waitFor({ timeout: deadline });
  const expression = `document.activeElement?.matches('iframe.webview.ready') === true`;
  await window.page.waitForFunction(expression, undefined, { timeout: deadline });
  // The frame in it gets the focus a moment later; a key that comes before gets nowhere.
  const frame = await frameOf(window);
  await untilInPage(frame, 'document.hasFocus()');
}

/** Waits until an expression is true in the page, whose policy forbids Playwright's own way of doing that. */
export async function untilInPage(frame: Frame, expression: string): Promise<void> {
  const until = frame.evaluate(`new Promise((resolve) => {
    const look = () => (${expression}) ? resolve() : requestAnimationFrame(look);
    look();
  })`);
  await within(deadline, `${expression} in the page`, until);
}

/** Waits until what has the focus says this. */
export async function untilFocused(window: EditorWindow, text: string): Promise<void> {
  const page = pageOf(window);
  try {
    await page.locator(':is(button, h1):focus', { hasText: text }).waitFor({ timeout: deadline });
  } catch (cause) {
    const now = await page.locator(':is(button, h1):focus').allInnerTexts();
    throw new Error(`the focus is on ${JSON.stringify(now)}, not on ${JSON.stringify(text)}`, { cause });
  }
}

/** Presses a key, and waits until the item that says this has the focus. */
export async function go(window: EditorWindow, key: string, text: string): Promise<void> {
  await window.press(key);
  await untilFocused(window, text);
}

/** Chooses from the list that is open, by typing and Enter. */
export async function choose(window: EditorWindow, label: string): Promise<void> {
  const list = window.page.locator('.quick-input-widget');
  await list.getByText(label, { exact: true }).waitFor({ timeout: deadline });
  await window.type(label);
  await list.locator('.monaco-list-row.focused', { hasText: label }).waitFor({ timeout: deadline });
  await window.press('Enter');
}

/** The labels of the list that is open. */
export async function choices(window: EditorWindow): Promise<readonly string[]> {
  const list = window.page.locator('.quick-input-widget');
  await list.locator('.monaco-list-row').first().waitFor({ timeout: deadline });
  return list.locator('.monaco-list-row .label-name').allInnerTexts();
}

const axe = readFileSync(createRequire(`${process.cwd()}/`).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core has against it, and what it could not judge: the rule, and where; and the rules that have passed. */
export async function audit(window: EditorWindow): Promise<{
  readonly violations: readonly string[];
  readonly incomplete: readonly string[];
  readonly passed: readonly string[];
}> {
  const frame = await frameOf(window);
  await frame.evaluate(axe);
  return frame.evaluate(`axe.run(document).then(({ violations, incomplete, passes }) => {
    const told = (results) =>
      results.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html + ' ' + failureSummary));
    return { violations: told(violations), incomplete: told(incomplete), passed: passes.map(({ id }) => id) };
  })`);
}
