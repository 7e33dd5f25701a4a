import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { HolderInUse } from '../core/holders/inUse';
import { hasEnded, type Inspected } from '../core/holders/inspected';
import type { Lookout } from '../core/holders/service';
import { lastingActions, type Action, type LastingAction } from '../core/reopen/actions';
import { reopen } from '../core/reopen/limits';
import { parseRules, ruleFor, type WrittenRule } from '../core/reopen/rules';
import { ruleMessage } from '../core/reopen/ruleSentences';
import { actionLabel, plainReason } from '../core/reopen/sentences';
import type { ReopenSignal } from '../core/reopen/signals';
import type { Units } from '../core/reopen/units';
import { programName } from '../core/shown/words';
import { message, texts, type Message } from '../core/text';
import { warn } from './notify';
import type { OlderVersions } from './olderVersions';
import type { Reruns } from './reruns';
import type { Restarts } from './restarts';
import type { Settings } from './settings';
import { translate } from './translate';

/** What was done, or why it was not. */
type Outcome = { readonly done?: Message } | { readonly refused: Message };

/** So long the status bar says what was done, in milliseconds. */
const shown = 5_000;

/** Does what the user has chosen about a program that has an older version. */
export class ReopenActions {
  readonly #lookout: Lookout;
  readonly #units: Units;
  readonly #reruns: Reruns;
  readonly #restarts: Restarts;
  readonly #versions: OlderVersions;
  readonly #settings: Settings;
  readonly #uid = process.getuid?.();

  constructor(
    lookout: Lookout,
    units: Units,
    reruns: Reruns,
    restarts: Restarts,
    versions: OlderVersions,
    settings: Settings,
  ) {
    this.#lookout = lookout;
    this.#units = units;
    this.#reruns = reruns;
    this.#restarts = restarts;
    this.#versions = versions;
    this.#settings = settings;
  }

  /** @param preferred what is always to be done; otherwise that is asked, if there are several */
  async run(action: Action, path: string, holder: HolderInUse, preferred?: Action): Promise<void> {
    const outcome =
      action === 'always' ? await this.#always(path, holder, preferred) : await this.#run(action, path, holder);
    if ('refused' in outcome) await warn(outcome.refused);
    else if (outcome.done) vscode.window.setStatusBarMessage(translate(outcome.done), shown);
  }

  async #run(action: Exclude<Action, 'always'>, path: string, holder: HolderInUse): Promise<Outcome> {
    switch (action) {
      case 'rerun':
        return this.#rerun(path, holder);
      case 'restartTask':
      case 'restartDebugging':
        return this.#restart(path, holder);
      case 'reloadUnit':
        return this.#reload(holder);
      case 'SIGHUP':
      case 'SIGUSR1':
      case 'SIGUSR2':
        return this.#signal(action, holder);
      case 'compare': {
        const refused = await this.#versions.compare(path, holder);
        return refused ? { refused } : {};
      }
      case 'ignore':
        return this.#ignore(path, holder);
    }
  }

  /** Writes the rule, and does it now as well. */
  async #always(path: string, holder: HolderInUse, preferred: Action | undefined): Promise<Outcome> {
    const inspected = await this.#lookout.inspect(holder.process);
    if ('errno' in inspected) {
      const why = hasEnded(inspected) === 'yes' ? texts.endedBefore : texts.unseen;
      return { refused: message(why, ...whoIs(holder)) };
    }
    const { unit } = inspected;
    const canReload = unit !== undefined && (await this.#units.canReload(unit));
    const possible = lastingActions(holder, { inspected, canReload }, this.#uid);
    const action = possible.find((one) => one === preferred) ?? (await this.#choose(possible, path, holder, inspected));
    if (!action) return {};
    const made = (at: string): WrittenRule | undefined =>
      ruleFor(at, action === 'reloadUnit' ? 'reload' : action, inspected);
    try {
      const refused = await this.#settings.addRule(vscode.Uri.file(path), made);
      if (refused) return { refused: message(texts.notAlways, refused) };
    } catch (thrown) {
      return { refused: message(texts.notAlways, plainReason(String(thrown))) };
    }
    const outcome = await this.#run(action, path, holder);
    if ('refused' in outcome) return outcome;
    const [rule] = parseRules([made(basename(path))])?.rules ?? [];
    return rule ? { done: message(texts.alwaysNow, basename(path), ruleMessage(rule)) } : outcome;
  }

  async #choose(
    possible: readonly LastingAction[],
    path: string,
    holder: HolderInUse,
    inspected: Inspected,
  ): Promise<LastingAction | undefined> {
    const name = basename(path);
    const picks = possible.map((action) => ({
      label: translate(actionLabel(action, { name, holder, inspected })).replaceAll('$(', '$ ('),
      action,
    }));
    if (picks.length <= 1) return picks[0]?.action;
    const placeHolder = translate(message(texts.chooseAlways, name));
    return (await vscode.window.showQuickPick(picks, { placeHolder }))?.action;
  }

  async #rerun(path: string, holder: HolderInUse): Promise<Outcome> {
    const who = whoIs(holder);
    switch (await this.#reruns.rerun(path, holder)) {
      case 'done':
        return {};
      case 'ended':
        return { refused: message(texts.nothingSent, ...who) };
      case 'unseen':
        return { refused: message(texts.unseen, ...who) };
      case 'noCommand':
        return { refused: message(texts.noRerun, ...who) };
      case 'noPrompt':
        return { refused: message(texts.noPrompt, ...who, reopen.prompt / 1000) };
      case 'goesOn':
        return { refused: message(texts.notInterrupted, ...who) };
    }
  }

  async #restart(path: string, holder: HolderInUse): Promise<Outcome> {
    const who = whoIs(holder);
    try {
      switch (await this.#restarts.restart(path, holder)) {
        case 'done':
          return {};
        case 'ended':
          return { refused: message(texts.endedBefore, ...who) };
        case 'unseen':
          return { refused: message(texts.unseen, ...who) };
        case 'notKnown':
          return { refused: message(texts.restartUnknown, ...who) };
        case 'goesOn':
          return { refused: message(texts.notStopped, ...who, reopen.prompt / 1000) };
        case 'notStarted':
          return { refused: message(texts.notRestarted, ...who, message(texts.notDebugging)) };
      }
    } catch (thrown) {
      return { refused: message(texts.notRestarted, ...who, plainReason(String(thrown))) };
    }
  }

  async #reload(holder: HolderInUse): Promise<Outcome> {
    const who = whoIs(holder);
    const inspected = await this.#lookout.inspect(holder.process);
    if ('errno' in inspected) return { refused: message(texts.nothingSent, ...who) };
    const { unit } = inspected;
    if (!unit || !(await this.#units.canReload(unit))) return { refused: message(texts.unitGone, ...who) };
    const error = await this.#units.reload(unit);
    return error
      ? { refused: message(texts.unitNotReloaded, unit.name, plainReason(error.detail)) }
      : { done: message(texts.unitReloaded, unit.name) };
  }

  async #signal(signal: ReopenSignal, holder: HolderInUse): Promise<Outcome> {
    const who = whoIs(holder);
    const error = await this.#lookout.signal(holder.process, signal);
    switch (error?.errno) {
      case undefined:
        return { done: message(texts.signalSent, signal, ...who) };
      case 'ESRCH':
        return { refused: message(texts.nothingSent, ...who) };
      case 'ENOTSUP':
        return { refused: message(texts.signalNotCaught, signal, ...who) };
      default:
        return { refused: message(texts.signalNotSent, signal, ...who, error?.errno ?? '') };
    }
  }

  async #ignore(path: string, holder: HolderInUse): Promise<Outcome> {
    const inspected = await this.#lookout.inspect(holder.process);
    // Also one that has ended since: by its name.
    const entry = ('errno' in inspected ? undefined : inspected.executable) ?? holder.program;
    try {
      await this.#settings.ignoreProgram(vscode.Uri.file(path), entry);
      return { done: message(texts.ignoredNow, programName(holder)) };
    } catch (thrown) {
      return { refused: message(texts.notIgnored, programName(holder), plainReason(String(thrown))) };
    }
  }
}

function whoIs(holder: HolderInUse): readonly [string, number] {
  return [programName(holder), holder.process.pid];
}
