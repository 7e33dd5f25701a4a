import * as vscode from 'vscode';

import type { Holdfast } from '../../api/holdfast';
import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { heldFile } from '../core/shown/heldFile';

/** What `activate` gives other extensions. */
export class PublicApi implements Disposable {
  readonly #owned = new DisposableStore();
  readonly api: Holdfast;

  constructor(lookout: Lookout) {
    const changed = this.#owned.add(new vscode.EventEmitter<readonly vscode.Uri[]>());
    this.#owned.add(
      lookout.onDidChange((paths) => {
        changed.fire(paths.map((path) => vscode.Uri.file(path)));
      }),
    );
    this.api = Object.freeze({
      version: 1,
      holdersOf: (uri: vscode.Uri) => {
        const file = uri.scheme === 'file' ? lookout.of(uri.fsPath) : undefined;
        return file && heldFile(file);
      },
      onDidChangeHolders: changed.event,
    } satisfies Holdfast);
  }

  dispose(): void {
    this.#owned.dispose();
  }
}
