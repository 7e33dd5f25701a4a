/** Saves in a process of their own that is killed before a step of it, or whose editor is, and what is found then. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { openHost, type Host } from '../../src/platform/linux/linux';
import { recordName } from '../../src/platform/linux/records';
import { recover } from '../../src/platform/linux/recovery';
import { compiled } from './compiled';
import { projectFolder } from './editor/installations';
import { LineProgram } from './lineProgram';
import { plainVersion, wholeText } from './scenarios/versions';
import { sumOf } from './sum';

/**
 * - `free`: nobody uses the file.
 * - `held`: somebody has it open, another one comes while the gate is shut, and a later participant changes the text.
 * - `beside`: as `held`, in a folder to which nothing can be linked from the workshop.
 * - `detached`: what is written is not known before.
 */
export const deathScenarios = ['free', 'held', 'beside', 'detached'] as const;
export type DeathScenario = (typeof deathScenarios)[number];

/** `host`: who guards the save. `editor`: who writes. */
export type Victim = 'host' | 'editor';

/** What an editor has begun to write in place is written as in stock. */
export function victimsIn(scenario: DeathScenario): readonly Victim[] {
  return scenario === 'detached' ? ['host'] : ['host', 'editor'];
}

/** One save. */
export interface Death {
  /** The process was killed; otherwise the save has passed untouched. */
  readonly killed: boolean;
  /** Then: the reason of its level. */
  readonly passed: string | undefined;
  /** Whether the editor had been told to go on. */
  readonly answered: boolean;
  /** Steps of a save that has passed. */
  readonly steps: number;
  /** Temporary names that were left. */
  readonly left: number;
  /** Versions that recovery kept. */
  readonly kept: number;
  /** The old version is at the path, and what the editor wrote is among those that were kept. */
  readonly missed: boolean;
}

const bytes = 20_000;
const attempts = 3;

function built(name: string): string {
  return join(projectFolder(), 'out', 'test', 'support', `${name}.cjs`);
}

/** One file, and Holdfast's own folder. Another process, which lives, has left a name beside the file. */
export class DeathBench {
  readonly #scenario: DeathScenario;
  readonly #victim: Victim;
  readonly #folder: string;
  readonly #storage: string;
  readonly #path: string;
  readonly #system: Host = openHost();
  readonly #living: LineProgram;
  readonly #livingName: string;
  /** Started ahead, each pair for one save. */
  #pair: Promise<Pair>;
  #version = 0;

  private constructor(
    scenario: DeathScenario,
    victim: Victim,
    [folder, storage]: readonly [string, string],
    living: LineProgram,
    livingName: string,
  ) {
    this.#scenario = scenario;
    this.#victim = victim;
    this.#folder = folder;
    this.#storage = storage;
    this.#path = join(folder, 'file');
    this.#living = living;
    this.#livingName = livingName;
    this.#pair = this.#start();
  }

  /** @returns a string: why there is none here */
  static async open(scenario: DeathScenario, victim: Victim): Promise<DeathBench | string> {
    const memory = '/dev/shm';
    const other = existsSync(memory) && statSync(memory).dev !== statSync(tmpdir()).dev;
    if (scenario === 'beside' && !other) return `${memory} is not another mount than ${tmpdir()}`;
    const folder = mkdtempSync(join(scenario === 'beside' ? memory : tmpdir(), 'holdfast-death-'));
    const storage = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
    const path = join(folder, 'file');
    writeFileSync(path, text(0));
    const leaver = [built('leaver.entry'), join(storage, 'owners'), path, 'of one who lives'];
    const living = await LineProgram.start(process.execPath, ...leaver);
    return new DeathBench(scenario, victim, [folder, storage], living, await living.ask());
  }

  /**
   * One save, in which the victim dies before its `nth` step; 0: never. Then recovery.
   *
   * @throws AssertionError if anything is not whole, is lost, or is left over
   */
  async save(nth: number): Promise<Death> {
    const { host, editor } = await this.#pair;
    this.#pair = this.#start();
    const held = this.#isHeld;
    const old = readFileSync(this.#path, 'utf8');
    const staged = text(++this.#version);
    const written = held ? text(++this.#version) : staged;
    const holder = held ? openSync(this.#path, 'r') : undefined;
    try {
      this.#begin(host, nth, staged);
      const answered = (await host.nextOrEnd()) === 'ANSWERED';
      if (!answered) assert.ok(readFileSync(this.#path, 'utf8') === old, 'the old version is at the path');
      else if (held) readFileSync(this.#path);
      // An editor whose extension host has died goes on, too.
      writeFileSync(this.#source, written);
      editor.tell(`put ${this.#path} ${this.#source} 4096`);
      const saved = await editor.nextOrEnd();
      assert.ok(saved === 'SAVED' || (saved === undefined && this.#victim === 'editor'), saved);
      const end = answered ? await ended(host, saved === 'SAVED' ? 'saved' : 'orphaned') : undefined;
      await host.kill();
      if (end !== undefined) {
        if (holder !== undefined && end.level === 'gated')
          assert.ok(readFileSync(holder, 'utf8') === old, 'the holder has the old version');
      }
      const { left, kept, missed } = await this.#recover({ old, staged, written }, saved === 'SAVED');
      if (end !== undefined) assert.equal(left, 0, 'a save that has come to its end leaves nothing');
      const killed = end === undefined || saved === undefined;
      return { killed, passed: killed ? undefined : end.reason, answered, steps: end?.steps ?? 0, left, kept, missed };
    } finally {
      await editor.end();
      if (holder !== undefined) closeSync(holder);
    }
  }

  async close(): Promise<void> {
    const { host, editor } = await this.#pair;
    await host.end();
    await editor.end();
    await this.#living.end();
    rmSync(this.#folder, { recursive: true });
    rmSync(this.#storage, { recursive: true });
  }

  get victim(): Victim {
    return this.#victim;
  }

  get #isHeld(): boolean {
    return this.#scenario === 'held' || this.#scenario === 'beside';
  }

  get #source(): string {
    return join(this.#storage, 'source');
  }

  async #start(): Promise<Pair> {
    const editor = await LineProgram.start(await compiled('stand-in-editor'));
    const args = [built('mortalHost.entry'), this.#storage, String(editor.pid), this.#victim];
    return { editor, host: await LineProgram.start(process.execPath, ...args) };
  }

  #begin(host: LineProgram, nth: number, staged: string): void {
    writeFileSync(this.#source, staged);
    const how =
      this.#scenario === 'detached' ? ['detached', nth, this.#path] : ['gated', nth, this.#path, this.#source];
    host.tell(how.join(' '));
  }

  async #recover(
    versions: Readonly<Record<'old' | 'staged' | 'written', string>>,
    saved: boolean,
  ): Promise<Pick<Death, 'left' | 'kept' | 'missed'>> {
    const { old, staged, written } = versions;
    const found = readFileSync(this.#path, 'utf8');
    const left = readdirSync(this.#folder).length - 2;
    const kept: string[] = [];
    const problems: string[] = [];
    await recover(
      this.#system,
      join(this.#storage, 'owners'),
      {
        keep: async (descriptor) => {
          await Promise.resolve();
          kept.push(readFileSync(`/proc/self/fd/${String(descriptor)}`, 'utf8'));
        },
        removed: () => undefined,
        unprotected: () => undefined,
        healed: () => undefined,
        problem: ({ message }) => problems.push(message),
      },
      new AbortController().signal,
    );
    assert.deepEqual(problems, []);
    assert.ok(readFileSync(this.#path, 'utf8') === found, 'recovery does not touch the path');
    const named = (version: string): string => name(version, versions);
    // The editor can have come to the bait in the very moment in which a clone took its place.
    const displaced = [staged, ...(this.#isHeld ? [old] : [])].includes(found);
    const whole = [old, staged, written].includes(found);
    assert.ok(
      saved ? found === written || (displaced && kept.includes(written)) : whole,
      `at the path: ${named(found)}, kept: ${kept.map(named).join(', ') || 'nothing'}`,
    );
    assert.ok(
      kept.every((version) => [old, staged, written].includes(version)),
      'what is kept is whole',
    );
    const remaining = readdirSync(this.#folder).toSorted();
    assert.deepEqual(remaining, [basename(this.#livingName), 'file'].toSorted(), 'nothing is left over');
    // One that has no name yet has nothing in it.
    const records = readdirSync(join(this.#storage, 'owners')).filter((name) => recordName.test(name));
    assert.equal(records.length, 1, 'the record of the one who lives');
    return { left, kept: kept.length, missed: saved && found === old };
  }
}

interface Pair {
  readonly host: LineProgram;
  readonly editor: LineProgram;
}

function name(found: string, versions: Readonly<Record<string, string>>): string {
  const [which] = Object.entries(versions).find(([, version]) => version === found) ?? [];
  return which ?? `${String(found.length)} bytes, ${JSON.stringify(found.slice(0, 30))}`;
}

interface End {
  readonly level: string;
  readonly reason: string;
  readonly steps: number;
}

/** `undefined`: it was killed. */
async function ended(host: LineProgram, how: 'saved' | 'orphaned'): Promise<End | undefined> {
  host.tell(how);
  const [, level, reason, steps] = /^ENDED (\w+) (\w+) (\d+)$/.exec((await host.nextOrEnd()) ?? '') ?? [];
  return level === undefined || reason === undefined ? undefined : { level, reason, steps: Number(steps) };
}

function text(version: number): string {
  return wholeText(plainVersion(version, bytes));
}

/** What came of the saves of one scenario. */
export interface Deaths {
  readonly scenario: DeathScenario;
  readonly victim: Victim;
  /** Of a save that passes untouched. */
  readonly steps: number;
  readonly killed: number;
  readonly beforeAnswer: number;
  /** Temporary names that were left in all. */
  readonly left: number;
  readonly kept: number;
  /** How often the old version stayed at the path, and what the editor wrote was kept. */
  readonly missed: number;
  /** Saves that passed untouched in another way, and the reasons. */
  readonly otherwise: readonly string[];
  readonly failures: readonly string[];
}

/** @param choose before which steps it is to die, out of so many; a save with more steps than that passes untouched */
export async function die(
  bench: DeathBench,
  scenario: DeathScenario,
  choose: (steps: number) => Iterable<number>,
): Promise<Deaths> {
  const expected = scenario === 'detached' ? 'bytesUnknown' : 'gated';
  const deaths: Death[] = [];
  const failures: string[] = [];
  const otherwise: string[] = [];
  /** A save that was too slow for the gate has taken another way, with other steps. */
  const dieAt = async (nth: number): Promise<Death> => {
    for (let attempt = 1; ; attempt++) {
      const death = await bench.save(nth);
      if (death.killed || death.passed === expected || attempt === attempts) return death;
      otherwise.push(`step ${String(nth)}: ${death.passed ?? ''}`);
    }
  };
  const { steps, passed } = await dieAt(0);
  assert.equal(passed, expected);
  for (const nth of choose(steps)) {
    try {
      const death = await dieAt(nth);
      deaths.push(death);
      if (death.passed === expected) break;
    } catch (thrown) {
      failures.push(`step ${String(nth)}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
  const killed = sumOf(deaths, (death) => death.killed);
  const missed = sumOf(deaths, (death) => death.missed);
  if (missed > Math.max(1, killed / 20)) failures.push(`${String(missed)} of ${String(killed)}: written off the path`);
  return {
    scenario,
    victim: bench.victim,
    steps,
    killed,
    beforeAnswer: sumOf(deaths, (death) => death.killed && !death.answered),
    left: sumOf(deaths, (death) => death.left),
    kept: sumOf(deaths, (death) => death.kept),
    missed,
    otherwise,
    failures,
  };
}

/** In words, on one line. */
export function deathLine(deaths: Deaths): string {
  const { scenario, victim, steps, killed, beforeAnswer, left, kept, missed, otherwise } = deaths;
  const counts = `${scenario}: ${victim} killed ${String(killed)} times in ${String(steps)} steps, ${String(beforeAnswer)} of them before the editor went on`;
  const found = `left ${String(left)} names, kept ${String(kept)} versions, ${String(missed)} times with the old one at the path`;
  return [counts, found, ...(otherwise.length > 0 ? [otherwise.join(', ')] : [])].join('; ');
}
