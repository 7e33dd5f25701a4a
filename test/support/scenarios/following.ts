/** Tools that follow a file while it is saved: what they tell, save by save, with Holdfast off and on. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DeadlineError } from '../deadline';
import type { Run } from '../run';
import { savedFacts } from '../saveLog';
import type { Follower } from '../watchers/follower';
import { sentinelText, writeProject, type Tool } from '../watchers/tools';

/**
 * How the saves are made:
 * - `stock`: with Holdfast switched off
 * - `guarded`: as Holdfast is
 * - `held`: the same, and another program has the file open, so that a clone takes its place first
 * - `whenHeld`: with `holdfast.when` at `whenHeld`
 * - `never`: the file is named by `holdfast.never`
 */
export const ways = ['stock', 'guarded', 'held', 'whenHeld', 'never'] as const;
export type Way = (typeof ways)[number];

export interface Following {
  readonly tool: string;
  readonly follows: Tool['follows'];
  readonly way: Way;
  readonly saves: number;
  /** Saves of which the tool told nothing. */
  readonly untold: number;
  /** Saves of which it told once. */
  readonly once: number;
  /** Saves of which it told more than once. */
  readonly more: number;
  /** The most that it told of one save. */
  readonly most: number;
  /** How often it told of something that was no version: an empty or half file. */
  readonly broken: number;
  /** What it called that, where it has words for it → how often. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Level and reason in Holdfast's log → saves. */
  readonly levels: Readonly<Record<string, number>>;
}

/** What is needed of a tool in order to count. */
export type Followed = Pick<Tool, 'name' | 'follows' | 'files' | 'text' | 'project' | 'grows' | 'holds' | 'raw'> & {
  start(folder: string): Promise<Follower>;
  /** The text of a version of the sentinel, all of them of one length. */
  sentinelText?(version: number): string;
  /** What a tool that cannot see more than this of a version calls it. */
  seenAs?(version: number): number;
};

/**
 * Those that tell something of this tool: what keeps the inode is only of interest to who stays with it. A file that the tool itself
 * has open is held anyway.
 */
export function waysOf({ follows, holds }: Pick<Tool, 'follows' | 'holds'>): readonly Way[] {
  return ways.filter((way) => {
    if (holds && (way === 'held' || way === 'whenHeld')) return false;
    return follows === 'inode' || (way !== 'whenHeld' && way !== 'never');
  });
}

/** Milliseconds in which a tool that goes on must tell of a save, and of the sentinel. */
const telling = 10_000;
/** Milliseconds between two saves, and two versions of the sentinel, at least: chokidar drops a change of a file within 50 ms of the last one. */
const apart = 100;

/**
 * Saves the file and says how the tool took each save. After each of them a second file that the tool follows, the sentinel, is
 * rewritten: when the tool tells of that one, it has told all that it has to say of the save.
 * @param run in a window in which Holdfast is active
 */
export async function follow(run: Run, folder: string, tool: Followed, way: Way, saves: number): Promise<Following> {
  const own = join(folder, `${tool.name} ${way}`.replace(/[^\w-]+/g, '-'));
  await mkdir(own);
  const [path, sentinel] = await writeProject(own, tool);
  const extensionHost = await run(() => process.pid);
  const follower = await tool.start(own);
  try {
    const counts: number[] = [];
    let broken = 0;
    const kinds: Record<string, number> = {};
    for (let version = 1; version <= saves; version++) {
      await new Promise((resolve) => setTimeout(resolve, apart));
      const { reports } = follower;
      const from = reports.all.length;
      const seen = tool.seenAs?.(version) ?? version;
      const holder = way === 'held' ? openSync(path, 'r') : undefined;
      try {
        await saveText(run, path, tool.text(version));
        await savedFacts(extensionHost, path, version);
      } finally {
        if (holder !== undefined) closeSync(holder);
      }
      if ((await readFile(path, 'utf8')) !== tool.text(version)) throw new Error(`${path} is not what was saved`);
      const untilTold = (): Promise<number> =>
        reports.until(from, telling, `${tool.name} tells of save ${String(version)}`, (report) =>
          'file' in report ? report.file === undefined || report.file === seen : false,
        );
      // Who has lost the file once does not find it again; should it tell of one save after all, that is counted.
      if (!counts.includes(0)) await orNothing(untilTold());
      touch(sentinel, tool.sentinelText?.(version) ?? sentinelText(sentinel, version), tool.grows === true);
      const end = await reports.until(
        from,
        telling,
        `${tool.name} tells of the sentinel after save ${String(version)}`,
        (report) => report.sentinel === Infinity || report.sentinel === seen,
      );
      const all = reports.all.slice(from, end);
      const mine = all.filter((report) => 'file' in report);
      counts.push(mine.filter(({ file }) => file === undefined || file === seen).length);
      broken += mine.filter(({ file }) => Number.isNaN(file)).length;
      for (const { kind } of all) if (kind !== undefined) kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    const levels: Record<string, number> = {};
    for (const { level = '?', reason = '?' } of await savedFacts(extensionHost, path, saves)) {
      const key = level === reason ? level : `${level} ${reason}`;
      levels[key] = (levels[key] ?? 0) + 1;
    }
    return {
      tool: tool.name,
      follows: tool.follows,
      way,
      saves,
      untold: counts.filter((count) => count === 0).length,
      once: counts.filter((count) => count === 1).length,
      more: counts.filter((count) => count > 1).length,
      most: Math.max(...counts),
      broken,
      kinds,
      levels,
    };
  } finally {
    await follower.stop();
    await closeDocument(run, path);
  }
}

/** Sets Holdfast's settings for this window as the way wants them. */
export async function goThisWay(run: Run, way: Way): Promise<void> {
  await run(async (api, how) => {
    const settings = api.workspace.getConfiguration('holdfast');
    const user = api.ConfigurationTarget.Global;
    await settings.update('enabled', how === 'stock' ? false : undefined, user);
    await settings.update('when', how === 'whenHeld' ? 'whenHeld' : undefined, user);
    await settings.update('never', how === 'never' ? ['**/watched.*'] : undefined, user);
  }, way);
}

/** Makes this the document, and saves it. */
export async function saveText(run: Run, path: string, text: string): Promise<void> {
  await run(
    async (api, at, newText) => {
      const document = await api.workspace.openTextDocument(at);
      const edit = new api.WorkspaceEdit();
      edit.replace(document.uri, new api.Range(0, 0, document.lineCount, 0), newText);
      if (!(await api.workspace.applyEdit(edit)) || !document.isDirty) throw new Error(`${at} was not changed`);
      if (!(await document.save())) throw new Error(`${at} was not saved`);
    },
    path,
    text,
  );
}

/** By one `write`, in place of as many bytes or behind them: whoever follows it is told of one change. */
function touch(path: string, text: string, append: boolean): void {
  const fd = openSync(path, append ? 'a' : 'r+');
  try {
    if (writeSync(fd, text) !== Buffer.byteLength(text)) throw new Error(`${path}: written in part`);
  } finally {
    closeSync(fd);
  }
}

async function closeDocument(run: Run, path: string): Promise<void> {
  await run(async (api, at) => {
    const tabs = api.window.tabGroups.all.flatMap((group) => group.tabs);
    await api.window.tabGroups.close(
      tabs.filter(({ input }) => input instanceof api.TabInputText && input.uri.fsPath === at),
    );
  }, path);
}

async function orNothing(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  }
}
