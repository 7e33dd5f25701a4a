import { basename } from 'node:path';
import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { HolderInUse } from '../core/holders/inUse';
import { hasEnded, type Inspected } from '../core/holders/inspected';
import type { Lookout } from '../core/holders/service';
import { canBeTypedAgain } from '../core/reopen/rerun';
import { inTime } from './inTime';
import type { Terminals } from './terminals';

/** What became of a rerun: `done`, or why nothing was started. `unseen`: nothing tells whether the program runs. */
export type RerunOutcome = 'done' | 'ended' | 'unseen' | 'noCommand' | 'noPrompt' | 'goesOn';

/** What the user does at a terminal to interrupt what runs there. */
const CONTROL_C = '\u0003';

/** Runs commands of integrated terminals again. Only where the shell tells of its commands: shell integration. */
export class Reruns implements Disposable {
  readonly #lookout: Lookout;
  readonly #terminals: Terminals;
  readonly #running = new Map<vscode.Terminal, vscode.TerminalShellExecution>();
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());
  readonly #ended = this.#owned.add(new vscode.EventEmitter<vscode.TerminalShellExecution>());

  /** Another command runs in a terminal, or none. */
  readonly onDidChange = this.#changed.event;

  constructor(lookout: Lookout, terminals: Terminals) {
    this.#lookout = lookout;
    this.#terminals = terminals;
    this.#owned.add(
      vscode.window.onDidStartTerminalShellExecution(({ terminal, execution }) => {
        this.#running.set(terminal, execution);
        this.#changed.fire();
      }),
    );
    this.#owned.add(
      vscode.window.onDidEndTerminalShellExecution(({ terminal, execution }) => {
        if (this.#running.get(terminal) === execution) this.#running.delete(terminal);
        this.#ended.fire(execution);
        this.#changed.fire();
      }),
    );
    this.#owned.add(
      vscode.window.onDidCloseTerminal((terminal) => {
        this.#running.delete(terminal);
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
    this.#running.clear();
  }

  fits(path: string, holder: HolderInUse, inspected: Inspected): boolean {
    return this.#commandOf(path, holder, inspected) !== undefined;
  }

  /** Interrupts it, waits for its end and the prompt, and runs the same command line. */
  async rerun(path: string, holder: HolderInUse): Promise<RerunOutcome> {
    const inspected = await this.#lookout.inspect(holder.process);
    if ('errno' in inspected) return hasEnded(inspected) === 'yes' ? 'ended' : 'unseen';
    const found = this.#commandOf(path, holder, inspected);
    if (!found) return 'noCommand';
    const { terminal, execution } = found;
    terminal.show(true);
    const prompt = this.#endOf(execution);
    terminal.sendText(CONTROL_C, false);
    if (!(await prompt)) return 'noPrompt';
    // A shell has its prompt when its own child has ended: those of that child may go on.
    if (hasEnded(await this.#lookout.inspect(holder.process)) !== 'yes') return 'goesOn';
    if (!terminal.shellIntegration) return 'noPrompt';
    terminal.shellIntegration.executeCommand(execution.commandLine.value);
    return 'done';
  }

  #commandOf(
    path: string,
    holder: HolderInUse,
    { starter }: Inspected,
  ): { readonly terminal: vscode.Terminal; readonly execution: vscode.TerminalShellExecution } | undefined {
    const terminal = starter === undefined ? undefined : this.#terminals.of(starter);
    const execution = terminal && this.#running.get(terminal);
    if (!terminal?.shellIntegration || !execution) return undefined;
    const { value, isTrusted, confidence } = execution.commandLine;
    const isCertain = isTrusted && confidence === vscode.TerminalShellExecutionCommandLineConfidence.High;
    return isCertain && canBeTypedAgain(value, [basename(path), holder.program]) ? { terminal, execution } : undefined;
  }

  /** Whether it ends in time. */
  #endOf(execution: vscode.TerminalShellExecution): Promise<boolean> {
    return inTime((settle) =>
      this.#ended.event((one) => {
        if (one === execution) settle();
      }),
    );
  }
}
