/** The contract of everything that must be given back. Structurally VS Code's, so that the core needs no `vscode`. */
export interface Disposable {
  dispose(): void;
}

/** Owns what is added to it. Disposes in reverse order; what is added after that is disposed at once. */
export class DisposableStore implements Disposable {
  #owned: Disposable[] | undefined = [];

  add<T extends Disposable>(item: T): T {
    if (this.#owned) this.#owned.push(item);
    else item.dispose();
    return item;
  }

  dispose(): void {
    const owned = this.#owned ?? [];
    this.#owned = undefined;
    for (const item of owned.reverse()) item.dispose();
  }
}
