/** One window: a page of its own in the browser, and an extension host of its own in the server. */
import type { BrowserContext, Page } from 'playwright-core';
import { within } from '../deadline';
import type { DriverHub, ExtensionHost, RemoteFunction } from './driver';
import { openWindows } from './openWindows';
import { preferencesOf, themeNames, type Theme } from './themes';

const openDeadline = 90_000;
const runDeadline = 60_000;
const endDeadline = 15_000;

export class EditorWindow {
  readonly page: Page;
  /** What went wrong in the page itself: uncaught errors, and errors written to its console. */
  readonly problems: string[] = [];
  /** How often VS Code has asked whether unsaved text may be left behind. */
  leavingAsked = 0;
  readonly #context: BrowserContext;
  readonly #hub: DriverHub;
  #host: ExtensionHost | undefined;
  #closed = false;

  private constructor(context: BrowserContext, page: Page, hub: DriverHub) {
    this.#context = context;
    this.page = page;
    this.#hub = hub;
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
    page.on('dialog', (dialog) => {
      // Leaving a page with unsaved text asks; whoever reloads or closes a window here means it.
      const leaving = dialog.type() === 'beforeunload';
      if (leaving) this.leavingAsked++;
      void (leaving ? dialog.accept() : dialog.dismiss());
    });
  }

  static async open(context: BrowserContext, address: string, hub: DriverHub): Promise<EditorWindow> {
    const page = await context.newPage();
    const window = new EditorWindow(context, page, hub);
    openWindows().add(window);
    page.once('close', () => openWindows().delete(window));
    await window.#load(() => page.goto(address));
    return window;
  }

  get extensionHostPid(): number {
    return this.#current().pid;
  }

  /** Settles when the extension host this window has now is gone. */
  get extensionHostEnded(): Promise<void> {
    return this.#current().ended;
  }

  /** Runs a function in this window's extension host. See `RemoteFunction` for what it may use. */
  run<A extends readonly unknown[], R>(remote: RemoteFunction<A, R>, ...args: A): Promise<Awaited<R>> {
    return this.#current().run(runDeadline, remote, args);
  }

  /** Waits until an extension is active, and fails with its own error if it cannot be. */
  async activate(extensionId: string): Promise<void> {
    await this.run(async (vscode, id) => {
      const extension = vscode.extensions.getExtension(id);
      if (extension === undefined) throw new Error(`there is no extension ${id}`);
      await extension.activate();
    }, extensionId);
  }

  /** After the extension host was killed: waits for the one VS Code starts in its place. */
  async untilNewExtensionHost(): Promise<void> {
    this.#host = await this.#hub.next(openDeadline);
  }

  /** Changes what the system prefers, and waits until the window has followed. */
  async wear(theme: Theme): Promise<void> {
    await this.page.emulateMedia(preferencesOf(theme));
    await this.page.waitForSelector(`.monaco-workbench.${themeNames[theme].window}`, { timeout: endDeadline });
  }

  press(keys: string): Promise<void> {
    return this.page.keyboard.press(keys);
  }

  type(text: string): Promise<void> {
    return this.page.keyboard.type(text);
  }

  async screenshot(path: string): Promise<Buffer> {
    return this.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  }

  /**
   * Loads the window again, as a user would; its extension host is replaced.
   * @param by what makes it load again, if not the browser
   */
  async reload(by: () => Promise<unknown> = () => this.page.reload()): Promise<void> {
    const { ended } = this.#current();
    await this.#load(by);
    await within(endDeadline, 'the old extension host ends', ended);
  }

  /** Closes the window, and waits until its extension host is gone. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const host = this.#host;
    // A page that is left says goodbye to the server, one that is merely closed does not: its extension host would be kept for hours.
    await this.page.goto('about:blank');
    await this.#context.close();
    if (host) await within(endDeadline, `extension host ${host.pid} ends with its window`, host.ended);
  }

  #current(): ExtensionHost {
    if (this.#host === undefined) throw new Error('this window has no extension host');
    return this.#host;
  }

  async #load(navigate: () => Promise<unknown>): Promise<void> {
    await navigate();
    await this.page.waitForSelector('.monaco-workbench .part.editor', { timeout: openDeadline });
    this.#host = await this.#hub.next(openDeadline);
  }
}
