/** The browser in front of the editor. */
import { chromium, type Browser } from 'playwright-core';
import { browserPath } from './installations';
import { runEnvironment, type RunFolders } from './folders';

const args = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function startBrowser(folders: RunFolders): Promise<Browser> {
  const launch = (chromiumSandbox: boolean): Promise<Browser> =>
    chromium.launch({
      executablePath: browserPath(),
      args,
      chromiumSandbox,
      env: runEnvironment(folders),
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  // Chromium refuses to sandbox root's pages.
  if (process.getuid?.() === 0) return launch(false);
  try {
    return await launch(true);
  } catch (error) {
    // Many containers forbid the sandbox's namespaces; the pages shown here are our own.
    if (!(error instanceof Error) || !/sandbox/i.test(error.message)) throw error;
    return launch(false);
  }
}
