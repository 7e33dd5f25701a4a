/** What Holdfast's log says of the saves of a file. */
import { readdirSync, readFileSync, readlinkSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';

import { DeadlineError, within } from './deadline';

const deadline = 20_000;
/** VS Code starts a new file when one is full, and keeps the older ones with a number. */
const logName = /^Holdfast(\.\d+)?\.log$/;

/** The `name=value` pairs of one save's line. */
export type SavedFacts = Readonly<Record<string, string>>;

/**
 * Waits until the log has that many lines about saves of this file, and returns them.
 * @param extensionHost the process that has the log open
 */
export async function savedFacts(extensionHost: number, path: string, count: number): Promise<readonly SavedFacts[]> {
  return factsAbout(extensionHost, 'save', path, count);
}

/** Waits until the log has a save of this file that reached its level for this reason. */
export async function savedBecause(extensionHost: number, path: string, reason: string): Promise<void> {
  const isIt = (facts: string): boolean => facts.split(' ').includes(`reason=${reason}`);
  const found = await linesOf(extensionHost, `save ${JSON.stringify(path)}: `, 1, isIt);
  if (found.length === 0) throw new Error(`the log has no save of ${path} with the reason ${reason}`);
}

/**
 * How long VS Code waited for us at each of the saves of this file, in milliseconds. The window's log level must be `debug`.
 * @param count waits until there are so many
 */
export async function answerTimes(extensionHost: number, path: string, count: number): Promise<readonly number[]> {
  const lines = await factsAbout(extensionHost, 'answer', path, count);
  return lines.map(({ time = '' }) => parseFloat(time));
}

async function factsAbout(
  extensionHost: number,
  what: 'save' | 'answer',
  path: string,
  count: number,
): Promise<readonly SavedFacts[]> {
  const lines = await linesOf(extensionHost, `${what} ${JSON.stringify(path)}: `, count);
  if (lines.length < count) throw new Error(`the log has ${String(lines.length)} lines "${what}" about ${path}`);
  return lines.map((line) => {
    const pairs = line.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S+)/g);
    return Object.fromEntries(Array.from(pairs, ([, name = '', value = '']) => [name, value]));
  });
}

/**
 * The copies of other programs' versions of this file that saves have displaced so far, as the log names them.
 * @param count so many are waited for; if there are fewer, they are returned when the deadline has passed
 */
export async function keptFiles(extensionHost: number, path: string, count: number): Promise<readonly string[]> {
  const lines = await linesOf(extensionHost, `kept ${JSON.stringify(path)}: in=`, count);
  return lines.map((line) => JSON.parse(/^"(?:[^"\\]|\\.)*"/.exec(line)?.[0] ?? '') as string);
}

/**
 * The files that were told so far to have been changed in place, one for each time, in their order.
 * @param last waits until this one is among them
 */
export async function changesInPlace(extensionHost: number, last: string): Promise<readonly string[]> {
  await linesOf(extensionHost, `changed in place ${JSON.stringify(last)}: `, 1);
  return linesNow(logFolder(extensionHost), 'changed in place ').map(
    (line) => JSON.parse(/^"(?:[^"\\]|\\.)*"/.exec(line)?.[0] ?? '') as string,
  );
}

/**
 * What follows `start` in the lines that have it, when there are so many or the deadline has passed.
 * @param isMeant of these alone
 */
export async function linesOf(
  extensionHost: number,
  start: string,
  count: number,
  isMeant: (rest: string) => boolean = () => true,
): Promise<readonly string[]> {
  const folder = logFolder(extensionHost);
  const watcher = watch(folder);
  let found: readonly string[] = [];
  try {
    const complete = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        found = linesNow(folder, start).filter(isMeant);
        if (found.length >= count) resolve();
      };
      watcher.on('change', look);
      watcher.once('error', reject);
      look();
    });
    await within(deadline, `${String(count)} lines with ${start}`, complete);
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  } finally {
    watcher.close();
  }
  return found;
}

/** What follows `start` in the lines that have it so far. */
export function linesSoFar(extensionHost: number, start: string): readonly string[] {
  return linesNow(logFolder(extensionHost), start);
}

function logFolder(pid: number): string {
  const descriptors = `/proc/${String(pid)}/fd`;
  for (const fd of readdirSync(descriptors)) {
    try {
      const target = readlinkSync(join(descriptors, fd));
      if (target.endsWith('/Holdfast.log')) return dirname(target);
    } catch {
      // Closed meanwhile.
    }
  }
  throw new Error(`the process ${String(pid)} has no log of Holdfast open`);
}

function linesNow(folder: string, start: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => logName.test(name))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line.includes(start))
    .map((line) => line.slice(line.indexOf(start) + start.length));
}
