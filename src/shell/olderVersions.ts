import { basename } from 'node:path';
import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { HolderInUse } from '../core/holders/inUse';
import type { Lookout } from '../core/holders/service';
import { reopen } from '../core/reopen/limits';
import { looksLikeText } from '../core/reopen/text';
import { programName } from '../core/shown/words';
import { message, texts, type Message } from '../core/text';
import { translate } from './translate';

const scheme = 'holdfast-version';

interface Kept {
  readonly bytes: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly read: number;
}

/** Versions that no path leads to any more, as read-only files of a scheme of their own: for comparisons. */
export class OlderVersions implements vscode.FileSystemProvider, Disposable {
  readonly #lookout: Lookout;
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<vscode.FileChangeEvent[]>());
  /** Those that were read, the latest last. */
  readonly #kept = new Map<string, Kept>();

  readonly onDidChangeFile = this.#changed.event;

  constructor(lookout: Lookout) {
    this.#lookout = lookout;
    this.#owned.add(
      vscode.workspace.registerFileSystemProvider(scheme, this, { isCaseSensitive: true, isReadonly: true }),
    );
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#kept.delete(uri.toString());
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
    this.#kept.clear();
  }

  /** Shows what a program has beside the file. Why not, if it cannot be. */
  async compare(path: string, holder: HolderInUse): Promise<Message | undefined> {
    const who = [programName(holder), holder.process.pid] as const;
    const bytes = await this.#lookout.read(path, holder.process);
    if ('errno' in bytes) return refusal(who, bytes.errno);
    if (!looksLikeText(bytes)) return message(texts.versionNotText, ...who);
    const file = vscode.Uri.file(path);
    const query = `${String(holder.process.pid)}.${String(holder.process.started)}`;
    const uri = file.with({ scheme, query });
    this.#keep(uri, bytes);
    const title = translate(message(texts.comparison, basename(path), ...who));
    await vscode.commands.executeCommand('vscode.diff', uri, file, title);
    return undefined;
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const { bytes, read } = this.#of(uri);
    return {
      type: vscode.FileType.File,
      ctime: read,
      mtime: read,
      size: bytes.length,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  readFile(uri: vscode.Uri): Uint8Array {
    return this.#of(uri).bytes;
  }

  watch(): vscode.Disposable {
    // Told of all of them.
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.FileNotADirectory(uri);
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  #of(uri: vscode.Uri): Kept {
    const kept = this.#kept.get(uri.toString());
    // After the window was loaded again, a tab may still be there.
    if (!kept) throw vscode.FileSystemError.FileNotFound(uri);
    return kept;
  }

  #keep(uri: vscode.Uri, bytes: Uint8Array): void {
    const key = uri.toString();
    const before = this.#kept.get(key);
    this.#kept.delete(key);
    this.#kept.set(key, { bytes, read: Date.now() });
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > reopen.versions) this.#kept.delete(oldest);
    if (before) this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }
}

function refusal(who: readonly [string, number], errno: string): Message {
  switch (errno) {
    case 'ESRCH':
      return message(texts.endedBefore, ...who);
    case 'ENODATA':
      return message(texts.versionGone, ...who);
    case 'EFBIG':
      return message(texts.versionTooLarge, ...who);
    default:
      return message(texts.versionNotRead, ...who, errno);
  }
}
