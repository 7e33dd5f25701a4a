/** What a run consists of, and how all of it is started and ended. */
import type { Browser } from 'playwright-core';
import { startBrowser } from './browser';
import { within } from '../deadline';
import { DriverHub } from './driver';
import { createRunFolders, removeRunFolders, type RunFolders } from './folders';
import { installation, type EditorVersion } from './installations';
import { startServer, type RunningServer, type ServerOptions } from './server';

const stopDeadline = 15_000;

export interface RunOptions extends Pick<
  ServerOptions,
  'extensions' | 'settings' | 'locale' | 'environment' | 'wrapper' | 'loadsFromSource' | 'workspaceTrust'
> {
  /** The newest VS Code the set-up brings, unless said otherwise. */
  readonly version?: EditorVersion;
  /** Settings, state and installed extensions are kept here, and not removed. */
  readonly dataFolder?: string;
}

export interface Run {
  /** VS Code's version. */
  readonly version: string;
  readonly folders: RunFolders;
  readonly hub: DriverHub;
  /** The one that runs, or ran last. */
  readonly server: RunningServer;
  readonly browser: Browser;
  /** Ends everything, last started first, and removes the run's folder. All steps are tried; what failed is reported together. */
  stop(): Promise<void>;
  /** Ends what is left of the server, and starts another one with the same folders. */
  restartServer(): Promise<void>;
}

/** A step that undoes what was started. */
type Undo = () => Promise<unknown>;

export async function startRun(options: RunOptions): Promise<Run> {
  const editor = installation(options.version ?? 'current');
  const undo: Undo[] = [];
  try {
    const folders = await createRunFolders(options.dataFolder);
    undo.unshift(() => removeRunFolders(folders));
    const hub = await DriverHub.listen(folders.driverSocket);
    undo.unshift(() => hub.close());
    let server = await startServer({ ...options, installation: editor, folders });
    undo.unshift(() => server.process.stop(stopDeadline));
    const restartServer = async (): Promise<void> => {
      await server.process.stop(stopDeadline);
      // What it had installed is there still.
      server = await startServer({ ...options, extensions: [], installation: editor, folders });
    };
    const browser = await startBrowser(folders);
    undo.unshift(() => within(stopDeadline, 'the browser closes', browser.close()));
    let stopped: Promise<void> | undefined;
    return {
      version: editor.version,
      folders,
      hub,
      get server() {
        return server;
      },
      browser,
      stop: () => (stopped ??= undoAll(undo)),
      restartServer,
    };
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function undoAll(undo: readonly Undo[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of undo) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'the editor did not stop cleanly');
}
