/** Files that are healed after another program has written them in place, on the real kernel. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import type { Violation } from '../../src/core/violations/violation';
import { coordinationFolder, PathLocks } from '../../src/platform/linux/gate/coordination';
import { openHost } from '../../src/platform/linux/linux';
import { compiled } from '../support/compiled';
import { identityOf } from '../support/gate';
import { healDeathLine, healDeaths } from '../support/healDeath';
import { LineProgram } from '../support/lineProgram';
import { openDescriptors } from '../support/platform';
import { randomFrom } from '../support/random';
import { appendRuns, healLines, healRuns, rewriters } from '../support/scenarios/healRuns';
import { isThere } from '../support/scenarios/holderTable';
import { SentryBench, until } from '../support/sentryBench';
import { skip } from '../support/skip';

const deaths = Number(process.env['HOLDFAST_DEATHS'] ?? 6);

/** As a save of another window does. */
function lockForSaving(path: string): () => void {
  const uid = process.geteuid?.() ?? -1;
  const locks = new PathLocks(openHost().gateCalls(), coordinationFolder(uid, tmpdir()), uid);
  const unlock = locks.take({ directoryIdentity: identityOf(dirname(path)), name: Buffer.from(basename(path)) });
  if (!unlock) throw new Error('somebody saves it');
  return () => {
    unlock();
    locks.close();
  };
}

/** A string: why there is none here. */
function mountOverlay(folder: string): { readonly folder: string; readonly unmount: () => void } | string {
  if (process.geteuid?.() !== 0) return 'not root';
  const place = join(folder, 'overlay');
  for (const name of ['', 'base', 'base/lower', 'base/upper', 'base/work', 'merged']) mkdirSync(join(place, name));
  const base = join(place, 'base');
  // An upper folder may not be on an overlayfs itself.
  const of = ['lowerdir', 'upperdir', 'workdir'].map((kind) => `${kind}=${join(base, kind.replace('dir', ''))}`);
  const merged = join(place, 'merged');
  const { status, stderr } = spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', of.join(','), merged], {
    encoding: 'latin1',
  });
  if (status !== 0) return stderr;
  return { folder: merged, unmount: () => execFileSync('umount', [merged]) };
}

const scriptText = `echo READY\nread x\necho went on\n`;
const otherText = `echo READY\nread x\necho WRONG\necho and more\n`;

describe('a file that is healed', function () {
  this.timeout(60_000);
  let folder: string;
  let bench: SentryBench;
  let descriptors: string[];
  const scripts: LineProgram[] = [];

  before(function () {
    if (process.platform !== 'linux') skip(this, 'violations', 'only Linux');
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-heal-'));
    descriptors = openDescriptors();
    bench = new SentryBench(join(folder, 'copies'));
  });

  afterEach(async () => {
    for (const bash of scripts.splice(0)) await bash.kill();
    await bench.stop();
    // A thread that is late with its end is not waited for.
    const left = (): readonly string[] =>
      openDescriptors().filter((one) => !descriptors.includes(one) && !one.includes('eventfd'));
    await until(`the end of the threads, which have open ${left().join()}`, () => left().length === 0);
    assert.deepEqual(
      bench.events.filter(({ kind }) => kind !== 'sentryReady' && kind !== 'violation' && kind !== 'violationOver'),
      [],
    );
    rmSync(folder, { recursive: true });
  });

  async function run(): Promise<{ readonly path: string; readonly bash: LineProgram }> {
    const path = join(folder, 'job.sh');
    writeFileSync(path, scriptText, { mode: 0o751 });
    writeFileSync(join(folder, 'new'), otherText);
    const bash = await LineProgram.start('bash', path);
    scripts.push(bash);
    return { path, bash };
  }

  /** What has a name where copies and records are made. */
  function inStorage(): readonly string[] {
    const storage = join(folder, 'copies');
    return existsSync(storage) ? readdirSync(storage) : [];
  }

  /** What the holder has. */
  function held({ pid }: LineProgram): string {
    return readFileSync(`/proc/${String(pid)}/fd/255`, 'latin1');
  }

  /** The next telling of what became of it. On a slow machine a plain warning comes first, and that it goes on. */
  async function ended(path: string): Promise<Violation | undefined> {
    for (;;) {
      const violation = await bench.told(path);
      if (violation?.healed) return violation;
    }
  }

  async function healed(path: string): Promise<Violation> {
    const violation = await ended(path);
    assert.equal(violation?.healed?.is, 'healed', JSON.stringify(violation));
    return violation;
  }

  it('has what was written at the path, and what runs goes on with what it had', async () => {
    const { path, bash } = await run();
    const { ino } = statSync(path);
    await bench.guard(path, bash.pid, true, true);
    execFileSync('cp', [join(folder, 'new'), path]);
    const violation = await healed(path);
    assert.deepEqual(
      violation.writers.map(({ program }) => program),
      ['cp'],
    );
    assert.equal(held(bash), scriptText);
    assert.equal(readFileSync(path, 'latin1'), otherText);
    assert.notEqual(statSync(path).ino, ino);
    assert.equal(statSync(path).mode & 0o777, 0o751);
    assert.deepEqual(readdirSync(folder).toSorted(), ['copies', 'job.sh', 'new'], 'no name is left');
    assert.deepEqual(inStorage(), [], 'no record is left');
    assert.equal(await bash.ask(), 'went on');
    assert.deepEqual(await bash.end(), ['READY', 'went on']);
  });

  it('is not touched by a writer that leaves it as it was; what was made ready is made anew, and goes when nobody runs from it', async () => {
    const { path, bash } = await run();
    const { ino } = statSync(path);
    const records = (): readonly string[] => inStorage().filter((name) => name.endsWith('.heal'));
    const opener = await LineProgram.start(await compiled('opener'));
    await bench.guard(path, bash.pid, true, true);
    for (let turn = 0; turn < 5; turn++) {
      await until('a record', () => records().length === 1);
      const [before] = records();
      await opener.ask(`open w ${path}`);
      await opener.ask('close');
      await until('the lease', () => bench.isLeased(path));
      await until('another record', () => records().length === 1 && records()[0] !== before);
    }
    assert.deepEqual([statSync(path).ino, held(bash)], [ino, scriptText]);
    await bench.guard(path, bash.pid, true, false);
    await until('no record where nothing is healed', () => records().length === 0);
    await bench.guard(path, bash.pid, true, true);
    await until('a record', () => records().length === 1);
    await bench.unguard(path);
    await until('no record', () => records().length === 0);
    assert.deepEqual(bench.tellings, []);
    await opener.end();
  });

  it('loses nothing of two writers, one after the other', async () => {
    const { runs, healed: times, lost } = await appendRuns(folder, 20);
    assert.deepEqual(lost, []);
    // How many heals the second one is in the way of is the machine's matter: on a quick one nearly all.
    console.log(`      ${String(times)} of ${String(runs)} healed`);
  });

  it('is healed once, though two windows guard it', async () => {
    const { path, bash } = await run();
    const other = new SentryBench(join(folder, 'copies2'));
    try {
      await bench.guard(path, bash.pid, true, true);
      await other.guard(path, bash.pid, true, true);
      execFileSync('cp', [join(folder, 'new'), path]);
      const told = (): readonly string[] =>
        [...bench.tellings, ...other.tellings].flatMap(({ violation }) =>
          violation?.healed ? JSON.stringify(violation.healed) : [],
        );
      const healed = (): readonly string[] => told().filter((one) => one.includes('"healed"'));
      await until(`a heal, and not ${told().join()}`, () => healed().length > 0);
      await bench.done();
      await other.done();
      assert.equal(healed().length, 1, told().join());
      // A machine that is busy may have given up a first try, and said so.
      if (told().length > 1) console.log(`      ${told().join()}`);
      assert.equal(held(bash), scriptText);
      assert.equal(readFileSync(path, 'latin1'), otherText);
      assert.deepEqual(
        readdirSync(folder).filter((name) => name.endsWith('~')),
        [],
      );
    } finally {
      await other.stop();
    }
  });

  it('is left to a warning when its writer keeps it open, and healed when that has closed it', async () => {
    const { path, bash } = await run();
    await bench.guard(path, bash.pid, true, true);
    const opener = await LineProgram.start(await compiled('opener'));
    await opener.ask(`open w ${path}`);
    await opener.ask('write one');
    const first = await bench.told(path);
    assert.equal(first?.healed, undefined);
    await opener.ask('write two');
    await opener.ask('close');
    await healed(path);
    assert.equal(held(bash), scriptText);
    assert.match(readFileSync(path, 'latin1'), /^one\n?two/);
    await opener.end();
  });

  const refusals: readonly (readonly [why: string, what: string, prepare: (path: string) => void])[] = [
    ['otherNames', 'that has another name', (path) => linkSync(path, join(folder, 'other'))],
    ['saving', 'while it is being saved', (path) => saving.push(lockForSaving(path))],
  ];
  const saving: (() => void)[] = [];
  for (const [why, what, prepare] of refusals) {
    it(`is not healed ${what}: that is said, and nothing is touched`, async () => {
      const { path, bash } = await run();
      prepare(path);
      const { ino } = statSync(path);
      await bench.guard(path, bash.pid, true, true);
      execFileSync('cp', [join(folder, 'new'), path]);
      assert.deepEqual((await ended(path))?.healed, { is: 'not', why });
      assert.equal(statSync(path).ino, ino);
      assert.equal(held(bash), otherText);
      await bench.unguard(path);
      assert.deepEqual(inStorage(), []);
      for (const unlock of saving.splice(0)) unlock();
    });
  }

  it('is not healed on overlayfs', async function () {
    const mounted = mountOverlay(folder);
    if (typeof mounted === 'string') skip(this, 'heal.overlay', mounted);
    try {
      const path = join(mounted.folder, 'job.sh');
      writeFileSync(path, scriptText);
      const bash = await LineProgram.start('bash', path);
      scripts.push(bash);
      await bench.guard(path, bash.pid, true, true);
      writeFileSync(path, otherText);
      assert.deepEqual((await ended(path))?.healed, { is: 'not', why: 'fileSystem' });
    } finally {
      for (const bash of scripts.splice(0)) await bash.kill();
      await bench.stop();
      mounted.unmount();
    }
  });

  it('keeps its access list and its attributes, and has the time of what was written', async function () {
    const { path, bash } = await run();
    if (!isThere('setfacl') || !isThere('setfattr')) skip(this, 'heal.attributes', 'setfacl, setfattr');
    execFileSync('setfacl', ['-m', 'u:12345:r', path]);
    execFileSync('setfattr', ['-n', 'user.mine', '-v', 'yes', path]);
    await bench.guard(path, bash.pid, true, true);
    // What was written some time ago, as far as the file tells.
    execFileSync('cp', ['--preserve=timestamps', join(folder, 'new'), path]);
    await healed(path);
    assert.equal(statSync(path).mtimeMs, statSync(join(folder, 'new')).mtimeMs);
    assert.match(execFileSync('getfacl', ['-cnp', path], { encoding: 'latin1' }), /user:12345:r--/);
    assert.match(execFileSync('getfattr', ['-n', 'user.mine', path], { encoding: 'latin1' }), /user\.mine="yes"/);
  });

  it('goes on undisturbed, and all is there, when it is rewritten by cp and by nano', async function () {
    // nano waits for the disk before it closes (fsync(2)), and a heal for nano.
    const memory = mkdtempSync('/dev/shm/holdfast-heal-');
    const tries = rewriters.filter(isThere).map(async (writer) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const runs = await healRuns(memory, writer, 2, true, seed, 2);
      console.log(`      seed ${String(seed)}, ${healLines(runs).join('\n        ')}`);
      assert.ok(runs.every(({ written }) => written));
      assert.ok(runs.some(({ healed: is }) => is));
      // It may have read in between; that is counted by `npm run prove -- violations`.
      assert.ok(runs.some(({ undisturbed }) => undisturbed));
    });
    await Promise.all(tries).finally(() => {
      rmSync(memory, { recursive: true });
    });
  });

  for (const what of ['longer', 'shorter'] as const) {
    it(`is old or new, and never a mixture that stays, when the process is killed in the middle of a heal (${what})`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const random = randomFrom(seed);
      const spread = (steps: number): readonly number[] =>
        Array.from({ length: deaths }, (_, part) => 1 + Math.floor(((part + random()) * steps) / deaths));
      const found = await healDeaths(what, spread);
      console.log(`      seed ${String(seed)}, ${healDeathLine(found)}`);
      assert.deepEqual(found.failures, []);
      assert.ok(found.deaths.some(({ killed }) => killed));
    });
  }
});
