import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { badgeOf } from '../core/shown/badge';
import { translate } from './translate';

/** Marks files in use wherever VS Code lists files. */
export class Badges implements vscode.FileDecorationProvider, Disposable {
  readonly #lookout: Lookout;
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<vscode.Uri[]>());

  readonly onDidChangeFileDecorations = this.#changed.event;

  constructor(lookout: Lookout) {
    this.#lookout = lookout;
    this.#owned.add(
      lookout.onDidChange((paths) => {
        this.#changed.fire(paths.map((path) => vscode.Uri.file(path)));
      }),
    );
    this.#owned.add(vscode.window.registerFileDecorationProvider(this));
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    const badge = uri.scheme === 'file' ? badgeOf(this.#lookout.of(uri.fsPath)) : undefined;
    if (!badge) return undefined;
    return new vscode.FileDecoration(badge.badge, translate(badge.tooltip), new vscode.ThemeColor(badge.color));
  }

  dispose(): void {
    this.#owned.dispose();
  }
}
