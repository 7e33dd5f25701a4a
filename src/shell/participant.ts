import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import { describeError } from '../core/errors';
import type { Guard } from '../core/guard';
import { report } from '../core/level';
import { answeredLine, savedLine } from '../core/logLines';
import type { Clock } from '../core/ports';
import { documentBytes } from './documentBytes';
import type { Levels } from './levels';
import type { Log } from './log';
import { tellVetoed } from './notices';
import { OpenSaves } from './openSaves';
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
  readonly #openSaves = this.#owned.add(new OpenSaves());

  /** @param editor the process (thread group id) that writes for this window */
  constructor(guard: Guard, levels: Levels, settings: Settings, log: Log, now: Clock) {
    this.#guard = guard;
    this.#levels = levels;
    this.#settings = settings;
    this.#log = log;
    this.#now = now;
    this.#owned.add(
      vscode.workspace.onWillSaveTextDocument((event) => {
        this.#takePart(event.document.uri, event, event.document);
      }),
    );
    this.#owned.add(
      vscode.workspace.onWillSaveNotebookDocument((event) => {
        this.#takePart(event.notebook.uri, event);
      }),
    );
    // A file that a save has just made has a level of its own from then on; one that was saved in place may be in use.
    this.#owned.add(
      vscode.workspace.onDidSaveTextDocument((document) => {
        this.#saved(document.uri);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidSaveNotebookDocument((notebook) => {
        this.#saved(notebook.uri);
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #takePart(uri: vscode.Uri, event: WillSave, document?: vscode.TextDocument): void {
    if (uri.scheme !== 'file') return;
    try {
      this.#guardSave(uri, event, document);
    } catch (thrown) {
      const failed = report('failed', { error: describeError(thrown, 'takePart', uri.fsPath) });
      this.#levels.reached(uri, failed);
      this.#log.write(savedLine(uri.fsPath, failed, 0));
    }
  }

  #guardSave(uri: vscode.Uri, event: WillSave, document: vscode.TextDocument | undefined): void {
    const unguarded = this.#settings.unguarded(uri);
    if (unguarded) {
      this.#levels.reached(uri, unguarded);
      this.#log.write(savedLine(uri.fsPath, unguarded, 0));
      return;
    }
    const content = document && documentBytes(document);
    event.waitUntil(
      content instanceof Promise ? content.then((bytes) => this.#begin(uri, bytes)) : this.#begin(uri, content),
    );
  }

  /** Resolves when the editor may go on. */
  #begin(uri: vscode.Uri, content: Uint8Array | undefined): Promise<void> {
    const started = this.#now();
    const save = this.#guard.beforeSave(uri.fsPath, content, this.#settings.options(uri));
    this.#openSaves.add(uri, save);
    void save.answered.then(() => {
      this.#log.write(answeredLine(uri.fsPath, this.#now() - started));
    });
    void save.reached.then((reached) => {
      this.#levels.reached(uri, reached);
      this.#log.write(savedLine(uri.fsPath, reached, this.#now() - started));
      if (reached.reason === 'vetoed') void tellVetoed(uri.fsPath, reached);
    });
    return save.answered;
  }

  #saved(uri: vscode.Uri): void {
    if (uri.scheme !== 'file' || this.#settings.unguarded(uri)) return;
    this.#guard.saved(uri.fsPath);
    const known = this.#levels.of(uri)?.report;
    if (!known) return;
    if (known.reason === 'newFile' || (known.level === 'direct' && !known.held)) void this.#levels.foresee(uri);
  }
}
