import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';

/** The integrated terminals by the pids of their shells. */
export class Terminals implements Disposable {
  readonly #byShell = new Map<number, vscode.Terminal>();
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());

  readonly onDidChange = this.#changed.event;

  constructor() {
    const add = (terminal: vscode.Terminal): void => void this.#add(terminal);
    vscode.window.terminals.forEach(add);
    this.#owned.add(vscode.window.onDidOpenTerminal(add));
    this.#owned.add(
      vscode.window.onDidCloseTerminal((closed) => {
        for (const [pid, terminal] of this.#byShell) if (terminal === closed) this.#byShell.delete(pid);
        this.#changed.fire();
      }),
    );
  }

  get shells(): ReadonlySet<number> {
    return new Set(this.#byShell.keys());
  }

  of(shell: number): vscode.Terminal | undefined {
    return this.#byShell.get(shell);
  }

  dispose(): void {
    this.#owned.dispose();
    this.#byShell.clear();
  }

  /** The pid is known when the shell has been started; one that could not be has none. */
  async #add(terminal: vscode.Terminal): Promise<void> {
    const pid = await terminal.processId;
    if (pid === undefined || !vscode.window.terminals.includes(terminal)) return;
    this.#byShell.set(pid, terminal);
    this.#changed.fire();
  }
}
