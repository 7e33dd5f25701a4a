/**
 * Whole saves through both threads, with a program in the editor's place, while the keeper's thread throws, ends or sticks at
 * each of its operations in turn: at the first call of it in a save; where HOLDFAST_FAULTS is `all`, and where the system refuses,
 * also at the second, and so on until a save passes untouched. A thread that sticks is slow, and does so at fewer of them.
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as immediate } from 'node:timers/promises';

import { gateLimits } from '../../src/core/gate/limits';
import type { Report } from '../../src/core/level';
import { limits } from '../../src/core/limits';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { faults, Faults, points, type Fault, type Point } from '../support/faults';
import { LineProgram } from '../support/lineProgram';
import { openSaveBench, type SaveBench } from '../support/saveBench';
import { plainVersion, wholeText } from '../support/scenarios/versions';

/** For a machine that is busy. */
const slack = 1_500;
/**
 * How long the editor's write may take. A keeper that lives holds it and waits for readers; one that has ended lets it go by
 * that; one that sticks is found out by the second look at the latest.
 */
const boundOf: Readonly<Record<Fault, number>> = {
  refuses: gateLimits.hold + gateLimits.drain + slack,
  throws: gateLimits.hold + gateLimits.drain + slack,
  ends: slack,
  sticks: (limits.keeperMisses + 1) * limits.keeperBeats + slack,
};
const bytes = 60_000;
/** What does not happen. */
const cannot: readonly (readonly [Point, Fault])[] = [
  // Whatever a claim cannot have, it goes without (`openGateSystem`); a port takes what it is given.
  ['claim', 'refuses'],
  ['claim', 'throws'],
  ['toldStager', 'refuses'],
  ['toldStager', 'throws'],
  // poll(2) refuses only what a broken program asks.
  ['wait', 'refuses'],
  ['wait', 'throws'],
];
/** Without these there is no keeper any more, whatever the fault. */
const vital: readonly Point[] = ['wait', 'end'];
const all = process.env['HOLDFAST_FAULTS'] === 'all';

/** `held` has all points of `free`. */
function scenariosOf(fault: Fault): readonly (typeof scenarios)[number][] {
  return all || fault === 'refuses' || fault === 'throws' ? scenarios : ['held'];
}

/** What ends the thread costs a start of two. */
function callsAtMost(fault: Fault): number {
  return fault === 'refuses' || all ? 12 : 1;
}
const deadline = 15_000;
/** Saves in a row. */
const mayBeLate = 3;

/**
 * - `free`: nobody uses the file.
 * - `held`: somebody has had it open since before, another one comes and goes while the gate is shut, and a later participant
 *   changes the text.
 */
const scenarios = ['free', 'held'] as const;

interface Saved {
  readonly reached: Report;
  /** How long the participant took, in milliseconds. */
  readonly answered: number;
  /** How long the editor wrote. */
  readonly took: number;
  readonly staged: string;
  readonly written: string;
}

/** A thread that is stuck costs a second: where nobody waits, where the editor does, and where it is past that. */
const stuckAt: readonly Point[] = ['probe', 'clone', 'waiting', 'exchange', 'compare', 'end'];

function pointsOf(fault: Fault): readonly Point[] {
  if (fault === 'sticks' && !all) return stuckAt;
  return points.filter((one) => !cannot.some(([at, what]) => at === one && what === fault));
}

describe('a keeper that fails', function () {
  this.timeout(900_000);
  let told: Faults;
  let editor: LineProgram;
  let version = 0;
  let bench: SaveBench | undefined;

  before(async () => {
    told = Faults.share();
    editor = await LineProgram.start(await compiled('stand-in-editor'));
  });
  after(async () => {
    await closeBench();
    await editor.end();
  });

  async function openBench(): Promise<SaveBench> {
    told.disarm();
    return openSaveBench(tmpdir(), text(++version), editor.pid);
  }

  async function closeBench(): Promise<void> {
    const closing = bench;
    bench = undefined;
    if (!closing) return;
    await closing.client.stop();
    assert.ok(!closing.events.some(({ kind }) => kind === 'died'), 'the stager has lived on');
    closing.remove();
  }

  /** On a machine that stands still for a moment some are late, and say so. */
  async function nextSave(at: SaveBench): Promise<Saved> {
    for (let late = 0; ; late++) {
      const next = await save(at, false);
      const isLate = next.reached.reason === 'busy' || next.reached.reason === 'tooSlow';
      if (!isLate || late === mayBeLate) return next;
    }
  }

  async function save(at: SaveBench, held: boolean): Promise<Saved> {
    const staged = text(++version);
    const written = held ? text(++version) : staged;
    const source = join(at.storage, 'source');
    writeFileSync(source, written);
    const began = performance.now();
    const guarded = at.client.beforeSave(at.path, Buffer.from(staged));
    await guarded.answered;
    const answered = performance.now() - began;
    assert.ok(answered < limits.participantAnswers + slack, 'the participant has answered');
    if (held) readFileSync(at.path);
    const opened = performance.now();
    assert.equal(await editor.ask(`put ${at.path} ${source} 4096`), 'SAVED');
    const took = performance.now() - opened;
    guarded.over('saved');
    const reached = await within(deadline, 'the end of the save', guarded.reached);
    return { reached, answered, took, staged, written };
  }

  /** Returns whether the fault has struck. */
  async function failAt(
    point: Point,
    nth: number,
    fault: Fault,
    scenario: (typeof scenarios)[number],
  ): Promise<boolean> {
    const at = (bench ??= await openBench());
    at.events.length = 0;
    const held = scenario === 'held';
    const old = readFileSync(at.path, 'utf8');
    const holder = held ? openSync(at.path, 'r') : undefined;
    try {
      told.arm(point, nth, fault);
      const first = await save(at, held);
      told.disarm();
      const { struck, exchanges } = told;
      const ended = struck && (fault === 'ends' || fault === 'sticks' || vital.includes(point));
      if (ended) {
        await at.event('gateDied', 1);
        await at.event('gateReady', 1);
      }
      assert.ok(first.took < boundOf[fault], `the editor was held for ${first.took.toFixed(0)} ms`);
      // A version that is being kept has its temporary name until then.
      const left = ended ? temporaryNames(at) : [];
      checkBytes(at, old, first, left, ended ? exchanges : 0);
      // The level is true.
      if (holder !== undefined && (first.reached.level === 'gated' || first.reached.level === 'detached')) {
        assert.ok(readFileSync(holder, 'utf8') === old, `a holder's bytes changed at level ${first.reached.level}`);
      }
      await until('the leases are gone', holdsNoLease);
      reasons.set(first.reached.reason, (reasons.get(first.reached.reason) ?? 0) + 1);

      const next = await nextSave(at);
      assert.equal(next.reached.level, 'gated', `the next save: ${JSON.stringify(next.reached)}`);
      assert.ok(readFileSync(at.path, 'utf8') === next.written);
      await until('the leases are gone', holdsNoLease);
      await until('the temporary names are gone', () => temporaryNames(at).length <= left.length);
      assert.deepEqual(temporaryNames(at), left);
      assert.equal(at.events.filter(({ kind }) => kind === 'gateDied').length, ended ? 1 : 0);
      if (ended) await closeBench();
      return struck;
    } finally {
      if (holder !== undefined) closeSync(holder);
    }
  }

  for (const point of ['waiting', 'exchange', 'glance', 'letGo'] as const) {
    it(`an editor that is stopped and goes on while the keeper is at ${point} writes what it was to write, gated`, async () => {
      const at = (bench ??= await openBench());
      const holder = openSync(at.path, 'r');
      try {
        for (let round = 0; round < 5; round++) {
          const old = readFileSync(at.path, 'utf8');
          const reader = openSync(at.path, 'r');
          // The first exchange is that of the clone.
          told.arm(point, point === 'exchange' ? 2 : 1, 'waits');
          const length = 1000 + version++;
          const guarded = at.client.beforeSave(at.path, Buffer.alloc(length, 'n'));
          await guarded.answered;
          const saving = editor.ask(`save ${at.path} ${String(length)} n 4096`);
          await until('the keeper has come to that point', () => told.struck);
          process.kill(editor.pid, 'SIGSTOP');
          await until('the editor is stopped', () => stateOf(editor.pid) === 'T');
          process.kill(editor.pid, 'SIGCONT');
          // In its open again, or through.
          await until('the editor goes on', () => stateOf(editor.pid) === 'S');
          told.letGo();
          assert.equal(await saving, 'SAVED');
          guarded.over('saved');
          const { reason } = await within(deadline, 'the end of the save', guarded.reached);
          assert.equal(reason, 'gated');
          assert.ok(readFileSync(at.path, 'utf8') === 'n'.repeat(length));
          assert.ok(readFileSync(reader, 'utf8') === old);
          closeSync(reader);
          await until('the leases are gone', holdsNoLease);
        }
        await until('the temporary names are gone', () => temporaryNames(at).length === 0);
      } finally {
        told.letGo();
        closeSync(holder);
      }
    });
  }

  it('parts an editor from another program that has come to the same place while the keeper was busy, and keeps what that writes', async () => {
    const at = (bench ??= await openBench());
    const other = await LineProgram.start(await compiled('stand-in-editor'));
    try {
      const keptBefore = at.events.filter(({ kind }) => kind === 'kept').length;
      told.arm('waiting', 1, 'waits');
      const length = 1000 + version++;
      const guarded = at.client.beforeSave(at.path, Buffer.alloc(length, 'n'));
      await guarded.answered;
      const saving = editor.ask(`save ${at.path} ${String(length)} n 4096`);
      await until('the keeper looks who waits', () => told.struck);
      const theirs = other.ask(`save ${at.path} 6 o 6`);
      await until('both wait', () => waitingForLeases() === 2);
      told.letGo();
      assert.deepEqual(await Promise.all([saving, theirs]), ['SAVED', 'SAVED']);
      guarded.over('saved');
      const { reason } = await within(deadline, 'the end of the save', guarded.reached);
      assert.equal(reason, 'gated');
      assert.ok(readFileSync(at.path, 'utf8') === 'n'.repeat(length));
      await at.event('kept', keptBefore + 1);
      const kept = at.events.findLast((happened) => happened.kind === 'kept');
      assert.equal(kept && readFileSync(kept.file, 'utf8'), 'oooooo');
    } finally {
      told.letGo();
      await other.end();
    }
  });

  const reasons = new Map<string, number>();

  it('stops in time while its thread is still starting', async () => {
    // The keeper of an earlier test would be struck instead.
    await closeBench();
    // Before it can be waiting already, with nobody to wake it.
    told.arm('wait', 1, 'ends');
    const at = await openSaveBench(tmpdir(), text(++version), editor.pid);
    let took: number;
    try {
      await at.event('gateDied', 1);
    } finally {
      // The second one is being started, and will find the order when it is ready.
      const began = performance.now();
      await at.client.stop();
      took = performance.now() - began;
      at.remove();
    }
    assert.ok(took < limits.stop + slack, `${took.toFixed(0)} ms`);
    // On a machine that takes longer than that to start a thread.
    const late = at.events.some(({ kind }) => kind === 'stoppedLate');
    assert.ok(!late || took >= limits.stop - 1, `late after ${took.toFixed(0)} ms`);
  });

  for (const fault of faults) {
    for (const scenario of scenariosOf(fault)) {
      it(`${fault}: each is whole, none is held beyond its bound, the level is true (${scenario})`, async () => {
        reasons.clear();
        const failures: string[] = [];
        const tried: string[] = [];
        for (const point of pointsOf(fault)) {
          let nth = 1;
          try {
            while (nth <= callsAtMost(fault) && (await failAt(point, nth, fault, scenario))) nth++;
          } catch (thrown) {
            failures.push(`${point} ${String(nth)}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
            await closeBench();
          }
          if (nth > 1) tried.push(`${point} ${String(nth - 1)}`);
        }
        console.log(`      tried: ${tried.join(', ')}`);
        console.log(`      reached: ${[...reasons].map(([reason, count]) => `${reason} ${String(count)}`).join(', ')}`);
        assert.deepEqual(failures, []);
      });
    }
  }
});

function text(version: number): string {
  return wholeText(plainVersion(version, bytes));
}

function temporaryNames({ folder }: SaveBench): string[] {
  return readdirSync(folder).filter((name) => name !== 'file');
}

/** @param mayBeLeft so many versions that came out of the path may have kept their temporary names: a thread that ended drops none */
function checkBytes(at: SaveBench, old: string, saved: Saved, left: readonly string[], mayBeLeft: number): void {
  const { staged, written } = saved;
  const now = readFileSync(at.path, 'utf8');
  const texts = left.map((name) => readFileSync(join(at.folder, name), 'utf8'));
  assert.ok(left.length <= mayBeLeft, `${left.join()} after ${String(mayBeLeft)} exchanges`);
  assert.ok(
    left.every((name) => /^\.holdfast(-\d+){4}~$/.test(name)),
    left.join(),
  );
  assert.ok(
    texts.every((text) => [old, staged, written].includes(text)),
    'what is left is whole',
  );
  // A later participant has changed the text, and the one who would have published that is dead: it is beside the path. Or the
  // participant's time was over just when the clone came to the path, and the editor had come to what that displaced.
  const wasLate = saved.answered >= limits.saveGivesUp - 1;
  const beside = texts.includes(written) && (now === staged || (wasLate && now === old));
  const versions = texts.map((text) => text.slice(0, 12)).join();
  assert.ok(
    now === written || beside,
    `at the path: ${now.slice(0, 12)}, beside it: ${versions}, written: ${written.slice(0, 12)}, staged: ${staged.slice(0, 12)}; ${JSON.stringify(saved.reached)}, answered after ${saved.answered.toFixed(0)} ms`,
  );
}

/** The kernel tells nobody of the end of a lease, and nobody of that of a name: they are asked for until then. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  const due = performance.now() + deadline;
  while (!isSo()) {
    assert.ok(performance.now() < due, `not in time: ${what}`);
    await immediate();
  }
}

/** How many wait for a lease of ours; proc_locks(5). */
function waitingForLeases(): number {
  const lines = readFileSync('/proc/locks', 'utf8').split('\n');
  return lines.filter((line) => line.includes('-> LEASE')).length;
}

function holdsNoLease(): boolean {
  const locks = readFileSync('/proc/locks', 'utf8').split('\n');
  return !locks.some((line) => line.includes('LEASE') && line.includes(` ${String(process.pid)} `));
}

/** As in proc_pid_stat(5). */
function stateOf(pid: number): string | undefined {
  return /\) (.) /.exec(readFileSync(`/proc/${String(pid)}/stat`, 'latin1'))?.[1];
}
