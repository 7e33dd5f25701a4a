/** How often the keeper's thread is given a processor while nothing is saved. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';

/** Node.js names the thread as the extension names its worker; the kernel keeps 15 characters. */
const threadName = 'holdfast keeper';

/** Seconds in which nothing happens before the keeper is taken to be at rest, and how long that is waited for. */
const quiet = 3;
const restsWithin = 60;

export interface Idle {
  /** How long it took to come to rest: after a save the keeper is asked for a sign of life for a second more. */
  readonly restAfterSeconds: number;
  readonly seconds: number;
  readonly voluntary: number;
  readonly involuntary: number;
}

/**
 * Counts for that long, from when the keeper has come to rest; to be called when nobody saves.
 * @param extensionHost the process with the keeper's thread
 */
export async function countIdle(extensionHost: number, seconds: number, stop: AbortSignal): Promise<Idle> {
  const status = keeperStatus(extensionHost);
  const restAfterSeconds = await rest(status, stop);
  const before = switches(status);
  await pass(seconds * 1000, undefined, { signal: stop });
  const after = switches(status);
  return {
    restAfterSeconds,
    seconds,
    voluntary: after.voluntary - before.voluntary,
    involuntary: after.involuntary - before.involuntary,
  };
}

/** If it does not come to rest, that shows in what is counted. */
async function rest(status: string, stop: AbortSignal): Promise<number> {
  let last = switches(status).voluntary;
  let quietFor = 0;
  let seconds = 0;
  for (; quietFor < quiet && seconds < restsWithin; seconds++) {
    await pass(1000, undefined, { signal: stop });
    const now = switches(status).voluntary;
    quietFor = now === last ? quietFor + 1 : 0;
    last = now;
  }
  return seconds - quietFor;
}

function keeperStatus(pid: number): string {
  const tasks = `/proc/${String(pid)}/task`;
  const found = readdirSync(tasks)
    .map((thread) => join(tasks, thread, 'status'))
    .filter((status) => field(status, 'Name') === threadName);
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Error(`${String(found.length)} threads of the extension host are called "${threadName}"`);
  return only;
}

function switches(status: string): Pick<Idle, 'voluntary' | 'involuntary'> {
  return {
    voluntary: Number(field(status, 'voluntary_ctxt_switches')),
    involuntary: Number(field(status, 'nonvoluntary_ctxt_switches')),
  };
}

function field(status: string, name: string): string {
  const value = new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(status, 'latin1'))?.[1];
  if (value === undefined) throw new Error(`no ${name} in a thread's status`);
  return value;
}
