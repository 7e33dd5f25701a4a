import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import * as vscode from 'vscode';

import type { Holdfast } from '../api/holdfast';
import type { CommandName } from './core/contributions';
import { DisposableStore } from './core/disposable';
import { activatedLine, keeperLine, lookoutLine, sentryLine, settingLine, systemctlLine } from './core/logLines';
import { KeeperClient } from './keeper/client';
import { LookoutClient } from './keeper/lookoutClient';
import { Programs } from './keeper/programs';
import { SentryClient } from './keeper/sentryClient';
import { Systemctl } from './keeper/systemctl';
import { Badges } from './shell/badges';
import { Explanations } from './shell/explanations';
import { FoundFiles } from './shell/foundFiles';
import { GuardedDocuments } from './shell/guardedDocuments';
import { HolderCommands } from './shell/holderCommands';
import { FactsOfHolders } from './shell/holderFacts';
import { HoldersTree } from './shell/holdersTree';
import { JoinNames } from './shell/joinNames';
import { KeptMenu } from './shell/keptMenu';
import { Levels } from './shell/levels';
import { Log } from './shell/log';
import { DirtyDocuments } from './shell/dirtyDocuments';
import { editorProcess } from './shell/editorProcess';
import { tellInvalidSetting, tellKeeperEvent } from './shell/notices';
import { OlderVersions } from './shell/olderVersions';
import { SaveParticipant } from './shell/participant';
import { PicturePanel } from './shell/picturePanel';
import { PublicApi } from './shell/publicApi';
import { Questions } from './shell/questions';
import { Problems } from './shell/problems';
import { ReadMarks } from './shell/readMarks';
import { ReopenActions } from './shell/reopenActions';
import { Reruns } from './shell/reruns';
import { Restarts } from './shell/restarts';
import { Rules } from './shell/rules';
import { Settings } from './shell/settings';
import { ShownTexts } from './shell/shownTexts';
import { StaleNotices } from './shell/staleNotices';
import { StatusItem } from './shell/statusItem';
import { Terminals } from './shell/terminals';
import { Violations } from './shell/violations';
import { WatchedFiles } from './shell/watchedFiles';

/** When the bundle's first line ran, in milliseconds of `performance.now()`; see `esbuild.mjs`. */
declare const bundleBegan: number;

let keeper: KeeperClient | undefined;
let lookout: LookoutClient | undefined;
let sentry: SentryClient | undefined;

export function activate(context: vscode.ExtensionContext): Holdfast {
  const owned = new DisposableStore();
  context.subscriptions.push(owned);

  const log = new Log(owned.add(vscode.window.createOutputChannel('Holdfast', { log: true })));
  const settings = owned.add(
    new Settings((problem) => {
      log.write(settingLine(problem));
      void tellInvalidSetting(problem);
    }),
  );
  const guard: KeeperClient = new KeeperClient(
    { stager: join(__dirname, 'stager.js'), keeper: join(__dirname, 'keeper.js') },
    { storageFolder: context.globalStorageUri.fsPath, editor: editorProcess() },
    (event) => {
      log.write(keeperLine(event));
      if (event.kind === 'died' && event.startedAgain) guarded.tellAgain();
      if (event.kind === 'separated') names.separated(event.path, event.wanted);
      else tellKeeperEvent(event, guard);
    },
  );
  keeper = guard;
  guard.start();

  const documents = owned.add(new DirtyDocuments());
  const guarded = owned.add(new GuardedDocuments(guard, documents, settings));
  const levels = owned.add(new Levels(guard, (uri) => settings.options(uri), log));
  owned.add(new SaveParticipant(guard, levels, settings, log, () => performance.now()));
  owned.add(new Questions(documents, levels, settings));
  documents.start();
  const names = new JoinNames(guard, levels, log);

  const holders = new LookoutClient(join(__dirname, 'lookout.js'), editorProcess(), (event) => {
    log.write(lookoutLine(event));
  });
  lookout = holders;
  owned.add(new WatchedFiles(holders, settings, owned.add(new FoundFiles(settings, log))));
  sentry = new SentryClient(join(__dirname, 'sentry.js'), join(context.globalStorageUri.fsPath, 'running'), (event) => {
    log.write(sentryLine(event));
  });
  const violations = owned.add(new Violations(holders, sentry, settings, editorProcess()));
  owned.add(new Problems(violations));
  owned.add(new StatusItem(holders, levels, settings, violations));
  const terminals = owned.add(new Terminals());
  const reruns = owned.add(new Reruns(holders, terminals));
  const restarts = owned.add(new Restarts(holders));
  const units = new Systemctl((error) => {
    log.write(systemctlLine(error));
  });
  const facts = owned.add(new FactsOfHolders(holders, units, reruns, restarts));
  const tree = owned.add(new HoldersTree(holders, levels, terminals, facts, violations));
  const actions = new ReopenActions(holders, units, reruns, restarts, owned.add(new OlderVersions(holders)), settings);
  const holderCommands = owned.add(new HolderCommands(holders, tree, terminals, facts, actions));
  const bundle = vscode.Uri.joinPath(context.extensionUri, 'dist', 'bundle');
  owned.add(new PicturePanel(holders, violations, tree, holderCommands, log, bundle));
  owned.add(new StaleNotices(holders, facts, actions, settings, tree));
  owned.add(new Rules(holders, units, new Programs(), settings, log));
  owned.add(new Badges(holders));
  const media = vscode.Uri.joinPath(context.extensionUri, 'media');
  owned.add(new ReadMarks(holders, levels, owned.add(new ShownTexts()), media));
  owned.add(new Explanations(holders, levels, settings));

  owned.add(
    vscode.commands.registerCommand('holdfast.showLog' satisfies CommandName, () => {
      log.show();
    }),
  );
  owned.add(vscode.commands.registerCommand('holdfast.joinNames' satisfies CommandName, () => names.join()));
  owned.add(
    vscode.commands.registerCommand('holdfast.showKept' satisfies CommandName, () => new KeptMenu(guard).show()),
  );
  const { api } = owned.add(new PublicApi(holders));
  log.write(activatedLine(performance.now() - bundleBegan));
  return api;
}

export async function deactivate(): Promise<void> {
  await Promise.all([keeper?.stop(), lookout?.stop(), sentry?.stop()]);
  keeper = undefined;
  lookout = undefined;
  sentry = undefined;
}
