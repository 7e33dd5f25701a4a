import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import { describeError } from '../core/errors';
import type { Guard } from '../core/guard';
import { report } from '../core/level';
import { savedLine } from '../core/logLines';
import type { Clock } from '../core/ports';
import type { Levels } from './levels';
import type { Log } from './log';
import type { Settings } from './settings';

interface WillSave {
  waitUntil(thenable: Thenable<unknown>): void;
}

/**
 * Takes part in every save that VS Code announces. Never rejects: VS Code drops a listener for good that failed more
 * than three times.
 */
export class SaveParticipant implements Disposable {
  readonly #guard: Guard;
  readonly #levels: Levels;
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #now: Clock;
  readonly #owned = new DisposableStore();

  constructor(guard: Guard, levels: Levels, settings: Settings, log: Log, now: Clock) {
    this.#guard = guard;
    this.#levels = levels;
    this.#settings = settings;
    this.#log = log;
    this.#now = now;
    this.#owned.add(
      vscode.workspace.onWillSaveTextDocument((event) => {
        this.#takePart(event.document.uri, event);
      }),
    );
    this.#owned.add(
      vscode.workspace.onWillSaveNotebookDocument((event) => {
        this.#takePart(event.notebook.uri, event);
      }),
    );
    // A file that a save has just made has a level of its own from then on.
    this.#owned.add(
      vscode.workspace.onDidSaveTextDocument((document) => {
        this.#lookAgainAtNew(document.uri);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidSaveNotebookDocument((notebook) => {
        this.#lookAgainAtNew(notebook.uri);
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #takePart(uri: vscode.Uri, event: WillSave): void {
    if (uri.scheme !== 'file') return;
    try {
      this.#guardSave(uri, event);
    } catch (thrown) {
      const failed = report('failed', { error: describeError(thrown, 'takePart', uri.fsPath) });
      this.#levels.reached(uri, failed);
      this.#log.write(savedLine(uri.fsPath, failed, 0));
    }
  }

  #guardSave(uri: vscode.Uri, event: WillSave): void {
    if (!this.#settings.enabled(uri)) {
      const off = report('switchedOff');
      this.#levels.reached(uri, off);
      this.#log.write(savedLine(uri.fsPath, off, 0));
      return;
    }
    const started = this.#now();
    const save = this.#guard.beforeSave(uri.fsPath);
    event.waitUntil(save.answered);
    void save.reached.then((reached) => {
      this.#levels.reached(uri, reached);
      this.#log.write(savedLine(uri.fsPath, reached, this.#now() - started));
    });
  }

  #lookAgainAtNew(uri: vscode.Uri): void {
    if (this.#levels.of(uri)?.report.reason === 'newFile') void this.#levels.foresee(uri);
  }
}
