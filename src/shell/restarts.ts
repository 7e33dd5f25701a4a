import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { HolderInUse } from '../core/holders/inUse';
import { hasEnded } from '../core/holders/inspected';
import type { Lookout } from '../core/holders/service';
import { processStarted } from '../core/reopen/debugged';
import { inTime } from './inTime';

export type Restart = 'restartTask' | 'restartDebugging';

/** What became of a restart: `done`, or why nothing was started. `unseen`: nothing tells whether the program runs. */
export type RestartOutcome = 'done' | 'ended' | 'unseen' | 'notKnown' | 'goesOn' | 'notStarted';

/** What VS Code started a program by. */
type Origin =
  | { readonly is: 'restartTask'; readonly execution: vscode.TaskExecution }
  | { readonly is: 'restartDebugging'; readonly session: vscode.DebugSession };

/**
 * Starts tasks and debug sessions again. Of a task VS Code tells the process, of a debug session only what its debug adapter says: not every one
 * does. What began before this extension is not known.
 */
export class Restarts implements Disposable {
  readonly #lookout: Lookout;
  readonly #tasks = new Map<vscode.TaskExecution, number>();
  readonly #sessions = new Map<vscode.DebugSession, number>();
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());
  readonly #ended = this.#owned.add(new vscode.EventEmitter<vscode.TaskExecution | vscode.DebugSession>());

  /** Something has been started, or has ended. */
  readonly onDidChange = this.#changed.event;

  constructor(lookout: Lookout) {
    this.#lookout = lookout;
    this.#owned.add(
      vscode.tasks.onDidStartTaskProcess(({ execution, processId }) => {
        this.#tasks.set(execution, processId);
        this.#changed.fire();
      }),
    );
    this.#owned.add(
      vscode.tasks.onDidEndTask(({ execution }) => {
        this.#tasks.delete(execution);
        this.#ended.fire(execution);
        this.#changed.fire();
      }),
    );
    this.#owned.add(
      vscode.debug.registerDebugAdapterTrackerFactory('*', {
        createDebugAdapterTracker: (session) => ({
          onDidSendMessage: (message: unknown) => {
            const pid = processStarted(message);
            if (pid === undefined) return;
            this.#sessions.set(session, pid);
            this.#changed.fire();
          },
        }),
      }),
    );
    this.#owned.add(
      vscode.debug.onDidTerminateDebugSession((session) => {
        this.#sessions.delete(session);
        this.#ended.fire(session);
        this.#changed.fire();
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
    this.#tasks.clear();
    this.#sessions.clear();
  }

  fits(holder: HolderInUse): Restart | undefined {
    return this.#originOf(holder)?.is;
  }

  /** Ends it, waits until the program has ended, and starts it again. Rejects if VS Code does not start it. */
  async restart(path: string, holder: HolderInUse): Promise<RestartOutcome> {
    const ended = hasEnded(await this.#lookout.inspect(holder.process));
    if (ended !== 'no') return ended === 'yes' ? 'ended' : 'unseen';
    const origin = this.#originOf(holder);
    if (!origin) return 'notKnown';
    switch (origin.is) {
      case 'restartTask': {
        const { execution } = origin;
        const over = this.#endOf(execution);
        execution.terminate();
        if (!(await over) || !(await this.#isGone(path, holder))) return 'goesOn';
        await vscode.tasks.executeTask(execution.task);
        return 'done';
      }
      case 'restartDebugging': {
        const { session } = origin;
        const over = this.#endOf(session);
        await vscode.debug.stopDebugging(session);
        if (!(await over) || !(await this.#isGone(path, holder))) return 'goesOn';
        const started = await vscode.debug.startDebugging(session.workspaceFolder, session.configuration);
        return started ? 'done' : 'notStarted';
      }
    }
  }

  #originOf({ process: { pid }, ancestors }: HolderInUse): Origin | undefined {
    const above = [pid, ...ancestors];
    const [session] = [...this.#sessions].find(([, started]) => above.includes(started)) ?? [];
    const root = session && rootOf(session);
    // Who was attached to would not be started again.
    if (root?.configuration.request === 'launch') return { is: 'restartDebugging', session: root };
    const [execution] = [...this.#tasks].find(([, started]) => above.includes(started)) ?? [];
    return execution && { is: 'restartTask', execution };
  }

  /** Whether it ends in time. */
  #endOf(one: vscode.TaskExecution | vscode.DebugSession): Promise<boolean> {
    return inTime((settle) =>
      this.#ended.event((ended) => {
        if (ended === one) settle();
      }),
    );
  }

  /** Whether the program ends in time: a terminal's end is told before those of all programs in it. */
  #isGone(path: string, { process }: HolderInUse): Promise<boolean> {
    return inTime((settle) => {
      const look = async (): Promise<void> => {
        if (hasEnded(await this.#lookout.inspect(process)) === 'yes') settle();
      };
      void look();
      return this.#lookout.onDidChange((paths) => {
        if (paths.includes(path)) void look();
      });
    });
  }
}

/** One that another has started ends and begins with it. */
function rootOf(session: vscode.DebugSession): vscode.DebugSession {
  return session.parentSession ? rootOf(session.parentSession) : session;
}
