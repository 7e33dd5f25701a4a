/** A failed test says what its open windows showed: one that fails once on another machine cannot be looked at. */
import { join } from 'node:path';

import { within } from './deadline';
import { openWindows } from './editor/openWindows';
import type { EditorWindow } from './editor/window';

const deadline = 10_000;
/** Of a window: the parts in which something can be told or asked, by what they are called. */
const parts = {
  dialogs: '.monaco-dialog-box',
  notifications: '.notifications-toasts',
  hover: '.monaco-hover:visible',
  'quick input': '.quick-input-widget:visible',
  panel: '.part.panel',
  'status bar': '.part.statusbar',
};
let pictures = 0;

async function tell(window: EditorWindow): Promise<void> {
  for (const [name, selector] of Object.entries(parts)) {
    const texts = await window.page.locator(selector).allInnerTexts();
    const text = texts.join('\n').trim();
    if (text) console.log(`      ${name}: ${text.replace(/\s*\n\s*/g, ' | ').slice(0, 2_000)}`);
  }
  const path = join('out', 'pictures', `failed-${String(++pictures)}.png`);
  await window.screenshot(path);
  console.log(`      picture: ${path}`);
}

export const mochaHooks = {
  async afterEach(this: Mocha.Context): Promise<void> {
    if (this.currentTest?.state !== 'failed') return;
    // A hook that fails ends its whole suite.
    this.timeout(deadline * (openWindows().size + 1));
    for (const window of openWindows()) {
      try {
        await within(deadline, 'the window tells what it shows', tell(window));
      } catch (error) {
        console.log(`      a window cannot tell what it shows: ${String(error)}`);
      }
    }
  },
};
