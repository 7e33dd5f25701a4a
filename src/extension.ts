import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import * as vscode from 'vscode';

import type { CommandName } from './core/contributions';
import { DisposableStore } from './core/disposable';
import { activatedLine, keeperLine, settingLine } from './core/logLines';
import { KeeperClient } from './keeper/client';
import { JoinNames } from './shell/joinNames';
import { KeptMenu } from './shell/keptMenu';
import { Levels } from './shell/levels';
import { Log } from './shell/log';
import { DirtyDocuments } from './shell/dirtyDocuments';
import { editorProcess } from './shell/editorProcess';
import { tellInvalidSetting, tellKeeperEvent } from './shell/notices';
import { SaveParticipant } from './shell/participant';
import { Questions } from './shell/questions';
import { Settings } from './shell/settings';
import { StatusItem } from './shell/statusItem';

/** When the bundle's first line ran, in milliseconds of `performance.now()`; see `esbuild.mjs`. */
declare const bundleBegan: number;

let keeper: KeeperClient | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const owned = new DisposableStore();
  context.subscriptions.push(owned);

  const log = new Log(owned.add(vscode.window.createOutputChannel('Holdfast', { log: true })));
  const settings = new Settings((problem) => {
    log.write(settingLine(problem));
    void tellInvalidSetting(problem);
  });
  const guard: KeeperClient = new KeeperClient(
    { stager: join(__dirname, 'stager.js'), keeper: join(__dirname, 'keeper.js') },
    { storageFolder: context.globalStorageUri.fsPath, editor: editorProcess() },
    (event) => {
      log.write(keeperLine(event));
      if (event.kind === 'separated') names.separated(event.path, event.wanted);
      else tellKeeperEvent(event, guard);
    },
  );
  keeper = guard;
  guard.start();

  const documents = owned.add(new DirtyDocuments());
  owned.add(
    documents.onDidBecomeDirty(({ uri }) => {
      if (!settings.unguarded(uri)) guard.becameDirty(uri.fsPath, settings.options(uri));
    }),
  );
  owned.add(
    documents.onDidBecomeClean(({ uri }) => {
      guard.becameClean(uri.fsPath);
    }),
  );
  const levels = owned.add(new Levels(guard, (uri) => settings.options(uri), log));
  owned.add(new SaveParticipant(guard, levels, settings, log, () => performance.now()));
  owned.add(new Questions(documents, levels, settings));
  const names = new JoinNames(guard, levels, log);
  owned.add(new StatusItem(levels, settings));
  owned.add(
    vscode.commands.registerCommand('holdfast.showLog' satisfies CommandName, () => {
      log.show();
    }),
  );
  owned.add(vscode.commands.registerCommand('holdfast.joinNames' satisfies CommandName, () => names.join()));
  owned.add(
    vscode.commands.registerCommand('holdfast.showKept' satisfies CommandName, () => new KeptMenu(guard).show()),
  );
  log.write(activatedLine(performance.now() - bundleBegan));
}

export async function deactivate(): Promise<void> {
  await keeper?.stop();
  keeper = undefined;
}
