/** A real VS Code: a server with its extension hosts, and a browser that shows its windows. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { windowAddress } from './address';
import { untilBackedUp } from './backups';
import { historyEntries } from './history';
import { startRun, type Run, type RunOptions } from './started';
import { startStrace, type Strace, type StraceOptions } from './strace';
import { preferencesOf, type Theme } from './themes';
import { EditorWindow } from './window';

export interface EditorOptions extends RunOptions {
  /** What windows open unless they are told otherwise: a folder, or a `.code-workspace` file. */
  readonly workspace?: string;
  /** An unpacked extension that every window loads, as under the debugger. */
  readonly developmentPath?: string;
}

export interface WindowOptions {
  /** A folder, or a `.code-workspace` file. */
  readonly workspace?: string;
  /** Extension → the log level of its channels, such as `debug`; `info` unless said otherwise. */
  readonly logLevels?: Readonly<Record<string, string>>;
  readonly theme?: Theme;
  readonly size?: { readonly width: number; readonly height: number };
}

export class Editor {
  readonly #options: EditorOptions;
  readonly #run: Run;
  readonly #windows: EditorWindow[] = [];
  readonly #straces: Strace[] = [];

  private constructor(options: EditorOptions, run: Run) {
    this.#options = options;
    this.#run = run;
  }

  static async start(options: EditorOptions = {}): Promise<Editor> {
    return new Editor(options, await startRun({ ...options, loadsFromSource: options.developmentPath !== undefined }));
  }

  /** VS Code's version, such as `1.100.3`. */
  get version(): string {
    return this.#run.version;
  }

  /** The process that reads and writes files for all windows. */
  get serverPid(): number {
    return this.#run.server.process.pid;
  }

  /** The extension host of the window that was opened first. */
  get extensionHostPid(): number {
    const [first] = this.#windows;
    if (first === undefined) throw new Error('no window is open');
    return first.extensionHostPid;
  }

  /** The last of what the server wrote, to explain a failure. */
  get serverOutput(): string {
    return this.#run.server.process.output;
  }

  /** Settles when the server has ended. */
  get serverEnded(): Promise<number | NodeJS.Signals> {
    return this.#run.server.process.ended;
  }

  /**
   * Opens a window with an extension host of its own, and waits until both are ready. Open, reload or revive one window at a time: the
   * extension host that appears next is taken for the window's.
   */
  async openWindow(options: WindowOptions = {}): Promise<EditorWindow> {
    const { theme = 'dark', size = { width: 1280, height: 800 } } = options;
    const context = await this.#run.browser.newContext({
      viewport: size,
      ...preferencesOf(theme),
      locale: this.#options.locale ?? 'en-US',
      reducedMotion: 'reduce',
    });
    try {
      const window = await EditorWindow.open(context, this.#address(options), this.#run.hub);
      this.#windows.push(window);
      return window;
    } catch (error) {
      await context.close();
      throw new Error(`the window did not open; the server wrote:\n${this.serverOutput}`, { cause: error });
    }
  }

  /** Where a browser of one's own finds a window on a folder or a `.code-workspace` file. */
  addressOf(workspace = this.#options.workspace): string {
    return this.#address(workspace === undefined ? {} : { workspace });
  }

  /** Waits until VS Code has put this unsaved text of a file aside, where a window that comes back finds it. */
  untilBackedUp(path: string, text: string): Promise<void> {
    return untilBackedUp(join(this.#run.folders.userData, 'User', 'Backups'), path, text);
  }

  /** Waits until *Timeline* has this many entries of a file, or more, and returns how many. */
  historyEntries(path: string, count: number): Promise<number> {
    return historyEntries(join(this.#run.folders.userData, 'User', 'History'), path, count);
  }

  /** What VS Code lets an extension keep for all of its windows. */
  storageOf(extensionId: string): string {
    return join(this.#run.folders.userData, 'User', 'globalStorage', extensionId);
  }

  /** Where VS Code writes the logs of all its windows. */
  get logs(): string {
    return join(this.#run.folders.userData, 'logs');
  }

  /** Where a package is installed. @param extensionId such as `publisher.name` */
  installedAt(extensionId: string): string {
    const { extensions } = this.#run.folders;
    const name = readdirSync(extensions).find((one) => one.startsWith(`${extensionId}-`));
    if (name === undefined) throw new Error(`${extensionId} is not installed`);
    return join(extensions, name);
  }

  /** Ends what is left of the server, closes the windows, and starts another server on the same folders. */
  async restartServer(): Promise<void> {
    for (const window of this.#windows.splice(0)) await window.close();
    await this.#run.restartServer();
  }

  /** Watches or disturbs a process's system calls; resolves when strace is attached. */
  async strace(options: StraceOptions): Promise<Strace> {
    const strace = await startStrace(this.#run.folders, options);
    this.#straces.push(strace);
    return strace;
  }

  /** Ends everything that was started, and removes what it left behind. */
  async stop(): Promise<void> {
    const results = await Promise.allSettled(this.#straces.map((strace) => strace.stop()));
    await this.#run.stop();
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #address({ workspace = this.#options.workspace, logLevels = {} }: WindowOptions): string {
    const { developmentPath } = this.#options;
    return windowAddress(this.#run.server, {
      ...(workspace === undefined ? {} : { workspace }),
      ...(developmentPath === undefined ? {} : { developmentPath }),
      logLevels,
    });
  }
}
