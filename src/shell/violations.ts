import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { CommandName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { looksLikeText } from '../core/reopen/text';
import { isStillReached, violationMessage } from '../core/shown/violation';
import type { ShownViolation } from '../core/status';
import { message, texts, type Message } from '../core/text';
import { violationLimits } from '../core/violations/limits';
import type { Sentry } from '../core/violations/service';
import { isReached, type Violation } from '../core/violations/violation';
import { activeFile } from './activeFile';
import type { HolderItem } from './holdersTree';
import { fail, inform, warn } from './notify';
import { concernsUs, type Settings } from './settings';
import { replaceText, textAt } from './texts';
import { translate } from './translate';

const scheme = 'holdfast-running';

/** A file of which something was told, until the user has dealt with it or nobody is left whom it reaches. */
interface Open {
  violation: Violation;
  /** A notice is there. */
  noticed: boolean;
  /** Only the notice is left. */
  over: boolean;
}

/** Which files are guarded against other programs, and what is shown of what those did. */
export class Violations implements Disposable {
  readonly #lookout: Lookout;
  readonly #sentry: Sentry;
  readonly #settings: Settings;
  readonly #editor: number;
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<readonly string[]>());
  readonly #open = new Map<string, Open>();
  readonly #lastNotice = new Map<string, number>();
  /** What is shown beside a file, by the document's address. */
  readonly #texts = new Map<string, string>();

  /** Told the path of every file of which something else is to be shown. */
  readonly onDidChange = this.#changed.event;

  /** @param editor the process that reads and writes files for this window */
  constructor(lookout: Lookout, sentry: Sentry, settings: Settings, editor: number) {
    this.#lookout = lookout;
    this.#sentry = sentry;
    this.#settings = settings;
    this.#editor = editor;
    this.#owned.add(
      vscode.workspace.registerTextDocumentContentProvider(scheme, {
        provideTextDocumentContent: (uri) => this.#texts.get(uri.toString()),
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#texts.delete(uri.toString());
      }),
    );
    this.#owned.add(
      lookout.onDidChange((paths) => {
        for (const path of paths) this.#guard(path);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!concernsUs(event)) return;
        for (const { path } of lookout.all()) this.#guard(path);
      }),
    );
    this.#owned.add(
      sentry.onDidTell((path, violation) => {
        if (violation) this.#told(violation);
        else this.#end(path);
      }),
    );
    this.#register('holdfast.compareRunning', 'holdfast.item.compareRunning', (path) => this.#compare(path));
    this.#register('holdfast.restoreRunning', 'holdfast.item.restoreRunning', (path) => this.#restore(path));
    this.#register('holdfast.dismissViolation', 'holdfast.item.dismissViolation', (path) => {
      this.#dealtWith(path);
      return Promise.resolve();
    });
  }

  dispose(): void {
    this.#owned.dispose();
    this.#open.clear();
    this.#texts.clear();
  }

  /** What another program has done to this file, until it is dealt with. */
  of(path: string): ShownViolation | undefined {
    const open = this.#open.get(path);
    return open && !open.over ? { violation: open.violation, editor: this.#editor } : undefined;
  }

  /** The same, in a sentence, and whether it was healed. */
  sentence(path: string): { readonly sentence: Message; readonly healed: boolean } | undefined {
    const shown = this.of(path);
    if (!shown) return undefined;
    const { violation, editor } = shown;
    return { sentence: violationMessage(basename(path), violation, editor), healed: violation.healed?.is === 'healed' };
  }

  /** What can be done about what another program has done to this file, chosen from a list. */
  async choose(path: string): Promise<void> {
    const shown = this.of(path);
    if (!shown) {
      await inform(message(texts.noViolation, basename(path)));
      return;
    }
    const { violation } = shown;
    const compare = translate(message(texts.compareRunning));
    const restore = translate(message(texts.restoreRunning));
    const dismiss = translate(message(texts.dismissViolation));
    const title = translate(message(texts.chooseForFile, basename(path)));
    const placeHolder = translate(violationMessage(basename(path), violation, this.#editor));
    const hasCopy = violation.running !== undefined;
    const answer = await vscode.window.showQuickPick([...(hasCopy ? [compare, restore] : []), dismiss], {
      title,
      placeHolder,
    });
    if (answer === undefined) return;
    // What the user has not seen is neither taken back nor dismissed.
    if (this.of(path)?.violation !== violation) return this.choose(path);
    if (answer === compare) await this.#compare(path);
    else if (answer === restore) await this.#restore(path);
    else if (answer === dismiss) this.#dealtWith(path);
  }

  /** For the current file or one that is given, and for an item of the tree. */
  #register(command: CommandName, item: CommandName, run: (path: string) => Promise<void>): void {
    this.#owned.add(
      vscode.commands.registerCommand(command, async (given?: unknown) => {
        const path = given instanceof vscode.Uri ? given.fsPath : activeFile()?.uri.fsPath;
        if (path === undefined) await inform(message(texts.noFileToCompare));
        else if (!this.of(path)) await inform(message(texts.noViolation, basename(path)));
        else await run(path);
      }),
    );
    this.#owned.add(vscode.commands.registerCommand(item, ({ node }: HolderItem) => run(node.path)));
  }

  #guard(path: string): void {
    const file = this.#lookout.of(path);
    const { told, heals, writersWait } = this.#settings.violations(vscode.Uri.file(path));
    const holders = told ? (file?.current?.holders ?? []).filter(isReached) : [];
    // How far they have read, and how, is nothing to the sentry.
    const known = holders.map(({ process, program, since, harm, uid, ancestors }) => {
      return { process, program, since, harm, uid, ancestors };
    });
    this.#sentry.guard(path, known, writersWait, file?.current?.since ?? 0, heals);
    const open = this.#open.get(path);
    if (open && !open.over && (!told || !isStillReached(open.violation, file))) this.#dealtWith(path);
  }

  #told(violation: Violation): void {
    const { path } = violation;
    if (!this.#settings.violations(vscode.Uri.file(path)).told) {
      this.#sentry.drop(violation);
      return;
    }
    const open = this.#open.get(path);
    if (open) {
      if (open.violation.running !== violation.running) this.#sentry.drop(open.violation);
      open.violation = violation;
      open.over = false;
    } else this.#open.set(path, { violation, noticed: false, over: false });
    this.#changed.fire([path]);
    void this.#notice(path);
  }

  /** One notice at a time about a file, and not too often. */
  async #notice(path: string): Promise<void> {
    const open = this.#open.get(path);
    const now = Date.now();
    const last = this.#lastNotice.get(path) ?? -Infinity;
    if (!open || open.noticed || now - last < violationLimits.betweenNotices) return;
    this.#lastNotice.set(path, now);
    open.noticed = true;
    const compare = translate(message(texts.noticeCompareRunning));
    const restore = translate(message(texts.noticeRestoreRunning));
    const ignore = translate(message(texts.ignoreViolations));
    const tell = open.violation.healed?.is === 'healed' ? inform : warn;
    const answer = await tell(
      violationMessage(basename(path), open.violation, this.#editor),
      ...(open.violation.running === undefined ? [] : [compare, restore]),
      ignore,
    );
    open.noticed = false;
    if (answer === compare) await this.#compare(path);
    else if (answer === restore) await this.#restore(path);
    else if (answer === ignore) await this.#ignore(path);
    if (open.over && this.#open.get(path) === open) this.#forget(path, open);
  }

  async #compare(path: string): Promise<void> {
    const text = await this.#runningText(path);
    if (text === undefined) return;
    const name = basename(path);
    const left = vscode.Uri.from({ scheme, path, query: String(this.#open.get(path)?.violation.when ?? 0) });
    this.#texts.set(left.toString(), text);
    const title = translate(message(texts.runningTitle, name));
    await vscode.commands.executeCommand('vscode.diff', left, vscode.Uri.file(path), title);
  }

  async #restore(path: string): Promise<void> {
    const text = await this.#runningText(path);
    if (text === undefined) return;
    const document = await textAt(vscode.Uri.file(path));
    if (!document) {
      await inform(message(texts.notTextToRestore, basename(path)));
      return;
    }
    // Until it is there, the copy may be the only one.
    if (await replaceText(document, text)) this.#dealtWith(path);
    else await inform(message(texts.editRefused, basename(path)));
  }

  async #ignore(path: string): Promise<void> {
    try {
      await this.#settings.ignoreViolations(vscode.Uri.file(path));
    } catch (error) {
      await fail(message(texts.settingNotWritten, error instanceof Error ? error.message : String(error)));
      return;
    }
    this.#dealtWith(path);
  }

  /** In the document's own encoding. `undefined`: it is gone, and the user was told. */
  async #runningText(path: string): Promise<string | undefined> {
    const violation = this.#open.get(path)?.violation;
    const bytes = violation && (await this.#sentry.running(violation));
    if (!bytes) {
      await inform(message(texts.runningGone, basename(path)));
      return undefined;
    }
    if (!looksLikeText(bytes)) {
      await inform(message(texts.notTextToCompare, basename(path)));
      return undefined;
    }
    return vscode.workspace.decode(bytes, { uri: vscode.Uri.file(path) });
  }

  #dealtWith(path: string): void {
    this.#sentry.dealtWith(path);
    this.#end(path);
  }

  /** There is nothing to be shown any more; what is running stays as long as the notice offers it. */
  #end(path: string): void {
    const open = this.#open.get(path);
    if (!open || open.over) return;
    open.over = true;
    if (!open.noticed) this.#forget(path, open);
    this.#changed.fire([path]);
  }

  #forget(path: string, { violation }: Open): void {
    this.#open.delete(path);
    this.#sentry.drop(violation);
  }
}
