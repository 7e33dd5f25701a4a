/** What open windows show when something has failed: what fails once on another machine cannot be looked at. */
import { join } from 'node:path';

import { within } from './deadline';
import { openWindows } from './editor/openWindows';
import type { EditorWindow } from './editor/window';
import { shared } from './shared';

/** Milliseconds for one window. */
export const tellingDeadline = 10_000;
/** Of a window: the parts in which something can be told or asked, by what they are called. */
const parts = {
  dialogs: '.monaco-dialog-box',
  notifications: '.notifications-toasts',
  hover: '.monaco-hover:visible',
  'quick input': '.quick-input-widget:visible',
  'side bar': '.part.sidebar',
  panel: '.part.panel',
  'status bar': '.part.statusbar',
};
const pictures = shared('pictures', () => ({ taken: 0 }));

/** Says it of each window, and takes a picture; never rejects. */
export async function tellWhatIsShown(): Promise<void> {
  for (const window of openWindows()) {
    try {
      await within(tellingDeadline, 'the window tells what it shows', tell(window));
    } catch (error) {
      console.log(`      a window cannot tell what it shows: ${String(error)}`);
    }
  }
}

async function tell(window: EditorWindow): Promise<void> {
  for (const [name, selector] of Object.entries(parts)) {
    const texts = await window.page.locator(selector).allInnerTexts();
    const text = texts.join('\n').trim();
    if (text) console.log(`      ${name}: ${text.replace(/\s*\n\s*/g, ' | ').slice(0, 2_000)}`);
  }
  const path = join('out', 'pictures', `failed-${String(++pictures.taken)}.png`);
  await window.screenshot(path);
  console.log(`      picture: ${path}`);
}
