import { basename, dirname, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { ErrorFacts } from '../core/errors';
import type { Candidate } from '../core/holders/named';
import type { Lookout } from '../core/holders/service';
import { ruleLine } from '../core/logLines';
import type { Commands } from '../core/reopen/commands';
import { RuleJobs, type Chosen } from '../core/reopen/ruleJobs';
import { commandWords, keyOfCandidate, type Job, type Rule } from '../core/reopen/rules';
import {
  askMessage,
  commandName,
  failedMessage,
  ruleButton,
  ruleMessage,
  untrustedMessage,
  whyFailed,
  type RuleOutcome,
} from '../core/reopen/ruleSentences';
import { maySend, type ReopenSignal } from '../core/reopen/signals';
import type { Units } from '../core/reopen/units';
import { programName } from '../core/shown/words';
import { english, message, texts, type Message } from '../core/text';
import type { Log } from './log';
import { writtenMoment } from './moments';
import { inform, warn } from './notify';
import type { Settings } from './settings';
import { translate } from './translate';

interface Result {
  readonly outcome: RuleOutcome;
  readonly told?: Message;
}

/** So long the status bar says what was done, in milliseconds. */
const shown = 5_000;

/** Carries out the rules of `holdfast.reopen.rules` when files are saved here. */
export class Rules implements Disposable {
  readonly #lookout: Lookout;
  readonly #units: Units;
  readonly #commands: Commands;
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #owned = new DisposableStore();
  readonly #jobs = new RuleJobs<Result>({
    find: (job) => this.#find(job),
    ask: (job, which, found) => this.#ask(job, which, found),
    act: (job, chosen) => this.#act(job, chosen),
    acted: (job, result) => {
      this.#tell(job, result);
    },
    leftOut: (job, why) => {
      this.#tell(job, typeof why === 'string' ? { outcome: { is: why } } : this.#failed(job, why));
    },
  });
  /** What was said last of each rule that failed: it is not said again at each save. */
  readonly #said = new Map<string, string>();
  #toldOfTrust = false;

  constructor(lookout: Lookout, units: Units, commands: Commands, settings: Settings, log: Log) {
    this.#lookout = lookout;
    this.#units = units;
    this.#commands = commands;
    this.#settings = settings;
    this.#log = log;
    const saved = ({ uri }: { readonly uri: vscode.Uri }): void => {
      this.#saved(uri);
    };
    this.#owned.add(vscode.workspace.onDidSaveTextDocument(saved));
    this.#owned.add(vscode.workspace.onDidSaveNotebookDocument(saved));
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('holdfast.reopen.rules')) this.#said.clear();
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #saved(uri: vscode.Uri): void {
    if (uri.scheme !== 'file' || this.#settings.unguarded(uri)) return;
    if (!vscode.workspace.isTrusted && this.#toldOfTrust) return;
    const rules = this.#settings.rules(uri);
    if (rules.length === 0) return;
    if (!vscode.workspace.isTrusted) {
      void this.#tellOfTrust(rules, uri.fsPath);
      return;
    }
    const folder = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;
    for (const rule of rules) {
      void this.#jobs.add({ rule, path: uri.fsPath, folder });
    }
  }

  /** Once in a window: such a workspace may have a thousand of them. */
  async #tellOfTrust(rules: readonly Rule[], path: string): Promise<void> {
    if (this.#toldOfTrust) return;
    this.#toldOfTrust = true;
    for (const rule of rules) this.#write({ rule, path }, { is: 'notTrusted' });
    const manage = translate(message(texts.manageTrust));
    const answer = await warn(untrustedMessage(rules, basename(path)), manage);
    if (answer === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  }

  /** The programs that are meant; `undefined`: a unit that runs, or none is asked for. */
  async #find({ rule: { process }, folder }: Job): Promise<readonly Candidate[] | ErrorFacts | undefined> {
    if (!process) return undefined;
    if (process.by === 'unit') {
      const active = await this.#units.isActive(process.unit);
      if (typeof active !== 'boolean') return active;
      return active ? undefined : [];
    }
    const { executable, pidFile } = process;
    if (pidFile === undefined) return this.#lookout.find(process);
    if (!isAbsolute(pidFile) && folder === undefined) return noFolder;
    const at = isAbsolute(pidFile) ? pidFile : join(folder ?? '', pidFile);
    return this.#lookout.find({ pidFile: at, ...(executable === undefined ? {} : { executable }) });
  }

  /** Which of them, or whether at all. */
  async #ask(
    { rule, path }: Job,
    which: 'whether' | 'of',
    found: readonly Candidate[] | undefined,
  ): Promise<Chosen | 'none'> {
    const all = found && new Set(found.map(keyOfCandidate));
    const several = which === 'of' && found !== undefined;
    const yes = translate(several ? message(texts.sendToAll) : ruleButton(rule));
    const choose = translate(message(texts.chooseSome));
    const sentence = askMessage(rule, basename(path), several ? found.length : 1);
    const answer = await inform(sentence, yes, ...(several ? [choose] : []));
    if (answer === yes) return all;
    if (answer !== choose || !several) return 'none';
    const picks = await vscode.window.showQuickPick(found.map(pickOf), {
      canPickMany: true,
      placeHolder: translate(message(texts.chooseSent, rule.action.is === 'signal' ? rule.action.signal : '')),
    });
    return picks && picks.length > 0 ? new Set(picks.map(({ key }) => key)) : 'none';
  }

  async #act(job: Job, chosen: Chosen): Promise<Result> {
    const { rule, path, folder } = job;
    const { action, process } = rule;
    switch (action.is) {
      case 'signal':
        return this.#signal(job, action.signal, chosen ?? new Set());
      case 'reload': {
        if (process?.by !== 'unit') return { outcome: { is: 'notRunning' } };
        const error = await this.#units.reload(process.unit);
        return error ? this.#failed(job, error) : done(message(texts.unitReloaded, process.unit.name));
      }
      case 'command': {
        const words = commandWords(action.words, { file: path, folder });
        if (!words) return this.#failed(job, noFolder);
        const error = await this.#commands.run(words, folder ?? dirname(path));
        return error ? this.#failed(job, error) : done(message(texts.commandRun, commandName(words)));
      }
    }
  }

  /** To those that are still what the rule names: the person may have taken an hour to answer. */
  async #signal(job: Job, signal: ReopenSignal, chosen: ReadonlySet<string>): Promise<Result> {
    const found = (await this.#find(job)) ?? [];
    if ('errno' in found) return this.#failed(job, found);
    const sent: Candidate[] = [];
    let refused: Result | undefined;
    for (const one of found.filter((candidate) => chosen.has(keyOfCandidate(candidate)))) {
      const error = maySend(one.program, one.caught, signal)
        ? await this.#lookout.signal(one.process, signal)
        : notCaught(one);
      if (!error) sent.push(one);
      else if (error.errno !== 'ESRCH') {
        refused = { outcome: { is: 'failed', error }, told: refusal(job, signal, one, error) };
      }
    }
    if (refused) return refused;
    const [first, ...others] = sent;
    if (!first) return { outcome: { is: 'notRunning' } };
    const pids = sent.map(({ process: { pid } }) => pid);
    return others.length === 0
      ? done(message(texts.signalSent, signal, programName(first), first.process.pid), pids)
      : done(message(texts.signalsSent, signal, sent.length), pids);
  }

  #failed({ rule, path }: Job, error: ErrorFacts): Result {
    return { outcome: { is: 'failed', error }, told: failedMessage(basename(path), whyFailed(rule, error)) };
  }

  #tell(job: Job, { outcome, told }: Result): void {
    this.#write(job, outcome);
    const key = JSON.stringify([job.folder ?? '', job.rule]);
    if (outcome.is === 'done') this.#said.delete(key);
    if (!told) return;
    if (outcome.is !== 'failed') {
      vscode.window.setStatusBarMessage(translate(told), shown);
      return;
    }
    const { operation, errno } = outcome.error;
    const what = `${operation} ${errno}`;
    if (this.#said.get(key) === what) return;
    this.#said.set(key, what);
    void this.#warn(told);
  }

  /** Nobody waits for the answer: the next save may come before it. */
  async #warn(told: Message): Promise<void> {
    const open = translate(message(texts.openSettings));
    const answer = await warn(told, open);
    if (answer === open) await vscode.commands.executeCommand('workbench.action.openSettings', 'holdfast.reopen.rules');
  }

  #write({ rule, path }: Pick<Job, 'rule' | 'path'>, outcome: RuleOutcome): void {
    this.#log.write(ruleLine(path, english(ruleMessage(rule)), outcome));
  }
}

interface CandidatePick extends vscode.QuickPickItem {
  readonly key: string;
}

function pickOf(candidate: Candidate): CandidatePick {
  const { process, since } = candidate;
  return {
    label: programName(candidate).replaceAll('$(', '$ ('),
    description: `${String(process.pid)} · ${writtenMoment(since)}`,
    key: keyOfCandidate(candidate),
  };
}

function done(told: Message, pids?: readonly number[]): Result {
  return { outcome: { is: 'done', ...(pids ? { pids } : {}) }, told };
}

function refusal({ path }: Job, signal: ReopenSignal, one: Candidate, { errno }: ErrorFacts): Message {
  const who = [programName(one), one.process.pid] as const;
  const why =
    errno === 'ENOTSUP' ? message(texts.notMeant, signal, ...who) : message(texts.signalNotSent, signal, ...who, errno);
  return failedMessage(basename(path), why);
}

function notCaught({ process }: Candidate): ErrorFacts {
  const path = `/proc/${String(process.pid)}`;
  return { operation: 'pidfd_send_signal', path, errno: 'ENOTSUP', detail: 'not caught, or caught in order to end' };
}

const noFolder: ErrorFacts = {
  operation: 'rule',
  path: '',
  errno: 'ENOENT',
  detail: 'the file is in no workspace folder',
};
