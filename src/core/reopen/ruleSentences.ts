/** What is said of rules. */
import type { ErrorFacts } from '../errors';
import { shortened } from '../shown/words';
import { message, texts, type Message } from '../text';
import { reopen } from './limits';
import type { Rule } from './rules';
import { plainReason } from './sentences';

/** What has become of a rule of one save. */
export type RuleOutcome =
  | { readonly is: 'done'; readonly pids?: readonly number[] }
  /** No such program runs; the person did not want it; the workspace is not trusted. */
  | { readonly is: 'notRunning' | 'notWanted' | 'notTrusted' }
  | { readonly is: 'failed'; readonly error: ErrorFacts };

/** What it does, behind "says to": `send SIGHUP to nginx`. */
export function ruleMessage({ action, process }: Rule): Message {
  switch (action.is) {
    case 'signal':
      return message(texts.ruleSignal, action.signal, targetName(process));
    case 'reload':
      return message(texts.ruleReload, targetName(process));
    case 'command':
      return message(texts.ruleCommand, commandName(action.words));
  }
}

/** A button. */
export function ruleButton({ action, process }: Rule): Message {
  switch (action.is) {
    case 'signal':
      return message(texts.sendSignal, action.signal);
    case 'reload':
      return message(texts.reloadUnit, targetName(process));
    case 'command':
      return message(texts.runCommand, commandName(action.words));
  }
}

function targetName(process: Rule['process']): string {
  if (process?.by === 'unit') return shortened(process.unit.name);
  return baseName(process?.executable ?? process?.pidFile ?? '');
}

/** Only which program: there may be secrets in the other words. */
export function commandName([program = '']: readonly string[]): string {
  return baseName(program);
}

function baseName(path: string): string {
  return shortened(path.slice(path.lastIndexOf('/') + 1) || path);
}

/** Asks whether, or about which of so many. @param name the file's base name */
export function askMessage(rule: Rule, name: string, programs: number): Message {
  return programs > 1
    ? message(texts.ruleAsksOf, name, ruleMessage(rule), programs)
    : message(texts.ruleAsks, name, ruleMessage(rule));
}

/** Of the rules for a file that is saved in a workspace that is not trusted. */
export function untrustedMessage([first, ...others]: readonly Rule[], name: string): Message {
  if (!first) return message('');
  return others.length === 0
    ? message(texts.ruleUntrusted, name, ruleMessage(first))
    : message(texts.ruleUntrustedMore, name, ruleMessage(first), others.length);
}

/** @param why `whyFailed`, or what is said of one program */
export function failedMessage(name: string, why: Message): Message {
  return message(texts.ruleFailed, name, why);
}

/** As a sentence. */
export function whyFailed({ action, process }: Rule, error: ErrorFacts): Message {
  const { operation, path, errno, detail } = error;
  if (operation === 'run') {
    const name = baseName(path);
    if (errno === 'ETIMEDOUT') return message(texts.commandTooLong, name, reopen.command / 1000);
    return message(texts.commandFailed, name, plainReason(detail));
  }
  if (operation === 'rule') return message(texts.noFolder);
  if (action.is === 'reload') return message(texts.unitNotReloaded, targetName(process), plainReason(detail));
  if (operation.startsWith('systemctl')) return message(texts.commandFailed, targetName(process), plainReason(detail));
  const isOfPidFile = process?.by === 'pidFile' && path !== '' && !path.startsWith('/proc');
  return isOfPidFile ? pidFileReason(baseName(path), errno) : message(texts.notLooked, errno);
}

function pidFileReason(name: string, errno: string): Message {
  switch (errno) {
    case 'EPERM':
      return message(texts.pidFileOthers, name);
    case 'ELOOP':
    case 'EINVAL':
      return message(texts.pidFileKind, name);
    case 'EBADMSG':
      return message(texts.pidFileNoPid, name);
    case 'ESTALE':
      return message(texts.pidFileStale, name);
    default:
      return message(texts.pidFileUnread, name, errno);
  }
}
