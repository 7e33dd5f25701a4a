/** Heals in a process of their own that is killed before a step of it, and what is found then. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openHost, type Host } from '../../src/platform/linux/linux';
import { recover } from '../../src/platform/linux/recovery';
import { projectFolder } from './editor/installations';
import { LineProgram } from './lineProgram';
import { within } from './deadline';

const before = `echo READY\nread x\necho went on\n`;

/** What the other program writes: more than there was, or less. */
const written = { longer: `${'# padding\n'.repeat(50)}${before}`, shorter: 'echo READY\n' } as const;
export type Written = keyof typeof written;

export interface HealDeath {
  readonly killed: boolean;
  /** What became of one that has passed. */
  readonly passed: string | undefined;
  readonly steps: number;
  /** What the holder had when the process had died, and after the next start. */
  readonly left: 'old' | 'new' | 'mixture';
  readonly after: 'old' | 'new';
  /** What the next start said of it. */
  readonly said: string | undefined;
}

function built(name: string): string {
  return join(projectFolder(), 'out', 'test', 'support', `${name}.cjs`);
}

/**
 * One heal, whose process dies before its `nth` step; 0: never. Then recovery.
 *
 * @throws AssertionError if anything is not whole, is lost, or is left over
 */
export async function healDying(nth: number, what: Written, host: Host = openHost()): Promise<HealDeath> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-heal-death-'));
  const storage = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
  const path = join(folder, 'job.sh');
  const fresh = join(storage, 'fresh');
  writeFileSync(path, before);
  writeFileSync(fresh, written[what]);
  mkdirSync(join(storage, 'owners'));
  const bash = await LineProgram.start('bash', path);
  const healer = await LineProgram.start(process.execPath, built('mortalHealer.entry'), storage);
  const held = (): string => readFileSync(`/proc/${String(bash.pid)}/fd/255`, 'utf8');
  const wordFor = (bytes: string): 'old' | 'new' | 'mixture' =>
    bytes === before ? 'old' : bytes === written[what] ? 'new' : 'mixture';
  try {
    healer.tell([nth, bash.pid, path].join(' '));
    const guarded = (await healer.nextOrEnd()) === 'GUARDED';
    assert.ok(guarded, 'it is guarded');
    const cp = spawn('cp', [fresh, path], { stdio: 'inherit' });
    await within(20_000, 'cp', new Promise((resolve) => cp.once('close', resolve)));
    const [, passed, steps] = /^ENDED (\w+) (\d+)$/.exec((await healer.nextOrEnd()) ?? '') ?? [];
    await healer.kill();
    assert.equal(readFileSync(path, 'utf8'), written[what], 'what was written is at the path, whole');
    const left = wordFor(held());
    if (passed !== undefined)
      assert.deepEqual(readdirSync(folder), ['job.sh'], 'a heal that has passed leaves nothing');
    const said: string[] = [];
    const problems: string[] = [];
    await recover(
      host,
      join(storage, 'owners'),
      {
        keep: () => Promise.reject(new Error('there is nothing to keep')),
        removed: (name) => problems.push(name),
        unprotected: (of) => problems.push(of),
        healed: (of, how) => said.push(`${of === path ? '' : of}${how}`),
        problem: ({ message }) => problems.push(message),
      },
      new AbortController().signal,
      join(storage, 'running'),
    );
    assert.deepEqual(problems, []);
    assert.equal(readFileSync(path, 'utf8'), written[what], 'recovery does not touch the path');
    const after = wordFor(held());
    if (after === 'mixture') assert.fail(`a mixture stays: ${held().slice(0, 80)}`);
    assert.deepEqual(readdirSync(folder), ['job.sh'], 'no name is left');
    const running = join(storage, 'running');
    const remaining = existsSync(running) ? readdirSync(running).filter((name) => name.endsWith('.heal')) : [];
    assert.deepEqual(remaining, [], 'no record is left');
    if (left !== after) assert.deepEqual(said, ['finished'], 'the next start says what it did');
    return { killed: passed === undefined, passed, steps: Number(steps ?? 0), left, after, said: said[0] };
  } finally {
    await healer.kill();
    await bash.kill();
    rmSync(folder, { recursive: true });
    rmSync(storage, { recursive: true });
  }
}

export interface HealDeaths {
  readonly what: Written;
  readonly steps: number;
  readonly deaths: readonly HealDeath[];
  readonly failures: readonly string[];
}

/** @param choose before which steps it is to die, out of so many */
export async function healDeaths(what: Written, choose: (steps: number) => Iterable<number>): Promise<HealDeaths> {
  const host = openHost();
  const { steps, passed } = await healDying(0, what, host);
  assert.equal(passed, 'healed');
  const deaths: HealDeath[] = [];
  const failures: string[] = [];
  for (const nth of choose(steps)) {
    try {
      deaths.push(await healDying(nth, what, host));
    } catch (thrown) {
      failures.push(`step ${String(nth)}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
  return { what, steps, deaths, failures };
}

/** In words, on one line. */
export function healDeathLine({ what, steps, deaths, failures }: HealDeaths): string {
  const count = (is: (death: HealDeath) => boolean): string => String(deaths.filter(is).length);
  return (
    `${what}: killed ${count(({ killed }) => killed)} times in ${String(steps)} steps; the held inode had the old bytes ` +
    `${count(({ left }) => left === 'old')} times, the new ones ${count(({ left }) => left === 'new')}, a mixture ` +
    `${count(({ left }) => left === 'mixture')}; after the next start the old ones ${count(({ after }) => after === 'old')} times, ` +
    `the new ones ${count(({ after }) => after === 'new')}; ${String(failures.length)} failures`
  );
}
