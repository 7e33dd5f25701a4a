/** A real VS Code: a server with its extension hosts, and a browser that shows its windows. */
import type { Browser } from 'playwright-core';
import { startBrowser } from './browser';
import { DriverHub } from './driver';
import { createRunFolders, removeRunFolders, type RunFolders } from './folders';
import { installation, type EditorVersion } from './installations';
import { startServer, type RunningServer, type ServerOptions } from './server';
import { startStrace, type Strace, type StraceOptions } from './strace';
import { windowAddress } from './address';
import { EditorWindow } from './window';
import { within } from './deadline';

const stopDeadline = 15_000;

export interface EditorOptions extends Pick<ServerOptions, 'extensions' | 'settings' | 'locale' | 'environment' | 'wrapper'> {
  readonly version?: EditorVersion;
  /** What windows open unless they are told otherwise: a folder, or a `.code-workspace` file. */
  readonly workspace?: string;
  /** An unpacked extension that every window loads, as under the debugger. */
  readonly developmentPath?: string;
  /** Settings, state and installed extensions are kept here, and not removed. */
  readonly dataFolder?: string;
}

export interface WindowOptions {
  /** A folder, or a `.code-workspace` file. */
  readonly workspace?: string;
  readonly theme?: 'dark' | 'light';
  readonly size?: { readonly width: number; readonly height: number };
}

export class Editor {
  readonly version: string;
  readonly #options: EditorOptions;
  readonly #folders: RunFolders;
  readonly #hub: DriverHub;
  readonly #server: RunningServer;
  readonly #browser: Browser;
  readonly #windows = new Set<EditorWindow>();
  readonly #straces = new Set<Strace>();
  #stopped: Promise<void> | undefined;

  private constructor(version: string, options: EditorOptions, folders: RunFolders, hub: DriverHub, server: RunningServer, browser: Browser) {
    this.version = version;
    this.#options = options;
    this.#folders = folders;
    this.#hub = hub;
    this.#server = server;
    this.#browser = browser;
  }

  static async start(options: EditorOptions = {}): Promise<Editor> {
    const editor = installation(options.version ?? 'current');
    const folders = await createRunFolders(options.dataFolder);
    // What has been started is stopped again, last first, if a later step fails.
    const undo: (() => Promise<unknown>)[] = [() => removeRunFolders(folders)];
    try {
      const hub = await DriverHub.listen(folders.driverSocket);
      undo.unshift(() => hub.close());
      const server = await startServer({ ...options, installation: editor, folders });
      undo.unshift(() => server.process.stop(stopDeadline));
      const browser = await startBrowser(folders);
      return new Editor(editor.version, options, folders, hub, server, browser);
    } catch (error) {
      for (const step of undo) await step();
      throw error;
    }
  }

  get serverPid(): number {
    return this.#server.process.pid;
  }

  /** The last of what the server wrote, to explain a failure. */
  get serverOutput(): string {
    return this.#server.process.output;
  }

  /** Open one window at a time: the extension host that appears next is taken for the window's. */
  async openWindow(options: WindowOptions = {}): Promise<EditorWindow> {
    const context = await this.#browser.newContext({
      viewport: options.size ?? { width: 1280, height: 800 },
      colorScheme: options.theme ?? 'dark',
      locale: this.#options.locale ?? 'en-US',
      reducedMotion: 'reduce',
    });
    const workspace = options.workspace ?? this.#options.workspace;
    const { developmentPath } = this.#options;
    const address = windowAddress(this.#server.port, {
      ...(workspace === undefined ? {} : { workspace }),
      ...(developmentPath === undefined ? {} : { developmentPath }),
    });
    try {
      const window = await EditorWindow.open(context, address, () => this.#hub.next());
      this.#windows.add(window);
      return window;
    } catch (error) {
      await context.close();
      throw new Error(`the window did not open; the server wrote:\n${this.serverOutput}`, { cause: error });
    }
  }

  async strace(options: StraceOptions): Promise<Strace> {
    const strace = await startStrace(this.#folders, options);
    this.#straces.add(strace);
    return strace;
  }

  /** Ends everything that was started, and removes what it left behind. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const failures: unknown[] = [];
    const attempt = async (step: () => Promise<unknown>): Promise<void> => {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    };
    for (const strace of this.#straces) await attempt(() => strace.stop());
    await attempt(() => within(stopDeadline, 'the browser closes', this.#browser.close()));
    await attempt(() => this.#server.process.stop(stopDeadline));
    await attempt(() => this.#hub.close());
    await attempt(() => removeRunFolders(this.#folders));
    if (failures.length > 0) throw new AggregateError(failures, 'the editor did not stop cleanly');
  }
}
