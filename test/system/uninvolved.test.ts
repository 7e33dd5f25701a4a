import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';

import { bystanders } from '../../src/platform/linux/gate/bystanders';
import type { GateCalls } from '../../src/platform/linux/gate/calls';
import { Uninvolved } from '../../src/platform/linux/gate/uninvolved';
import { openHost } from '../../src/platform/linux/linux';
import { compiled } from '../support/compiled';
import { GateBench } from '../support/gate';
import { LineProgram } from '../support/lineProgram';
import { skip } from '../support/skip';

const deadline = 10_000;

async function until(what: string, condition: () => boolean): Promise<void> {
  const due = performance.now() + deadline;
  while (!condition()) {
    assert.ok(performance.now() < due, what);
    await immediate();
  }
}

describe('who has not run since', function () {
  this.timeout(3 * deadline);
  let calls: GateCalls;
  let programs: LineProgram[];
  let busy: ChildProcess[];

  beforeEach(function () {
    if (process.platform !== 'linux') skip(this, 'processor times of processes', 'only Linux');
    calls = openHost().gateCalls();
    programs = [];
    busy = [];
  });
  afterEach(async () => {
    for (const program of programs) await program.end();
    for (const child of busy) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  });

  async function opener(): Promise<LineProgram> {
    const program = await LineProgram.start(await compiled('opener'));
    programs.push(program);
    await asleep(program);
    return program;
  }

  /** It has answered, and waits for the next line: what it has run is noted. */
  async function asleep({ pid }: LineProgram): Promise<void> {
    const stat = `/proc/${String(pid)}/stat`;
    await until('it sleeps', () =>
      readFileSync(stat, 'latin1')
        .replace(/^.*\) /s, '')
        .startsWith('S'),
    );
  }

  it('is not looked at again, and who has is', async () => {
    const program = await opener();
    const uninvolved = new Uninvolved(calls);
    let looks = 0;
    const asks = (answer: boolean): boolean =>
      uninvolved.asks(program.pid, () => {
        looks++;
        return answer;
      });
    assert.equal(asks(true), true, 'nothing is known of it');
    assert.equal(asks(true), true, 'that it was involved is not kept');
    assert.equal(asks(false), false);
    assert.equal(looks, 3);
    assert.equal(asks(true), false, 'it sleeps');
    assert.equal(looks, 3);
    await program.ask('close');
    await asleep(program);
    assert.equal(asks(true), true, 'it has run');
    uninvolved.all([program.pid]);
    assert.equal(asks(true), false, 'all who are there');
  });

  it('is known of every process that has run before it was waited for', async () => {
    // More than there are processors: some run, and some wait in the middle of what they do.
    busy = Array.from({ length: availableParallelism() + 2 }, () =>
      spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }),
    );
    const times = (): readonly (bigint | undefined)[] => busy.map(({ pid }) => calls.processTime(pid ?? 0));
    await until('they run', () => times().every((time) => time !== undefined && time > 0n));
    for (let round = 0; round < 20; round++) {
      const before = times();
      const settled = bystanders();
      await until('each has run', settled);
      const after = times();
      before.forEach((time, index) => {
        assert.notEqual(after[index], time, `number ${String(index)} has run`);
      });
    }
  });

  it('is nobody who is not there', () => {
    assert.equal(calls.processTime(2 ** 22 + 1), undefined);
  });

  it('is passed over in the search for who has an inode that nobody could reach', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-uninvolved-'));
    const path = join(directory, 'target');
    writeFileSync(path, 'old bytes\n');
    const bench = new GateBench();
    try {
      const first = await opener();
      const second = await opener();
      const site = bench.site(path);
      site.take(0, bench.handed(path));
      site.take(1, { ...bench.staged(directory, 'new bytes\n'), unreached: true });
      site.exchange(1);
      for (const program of [first, second]) {
        assert.equal(await program.ask(`open r ${path}`), 'OPEN');
        assert.equal(await program.ask('map'), 'MAPPED');
        await asleep(program);
        assert.deepEqual(site.search(1, []), [program.pid]);
        assert.equal(await program.ask('close'), 'CLOSED');
        await asleep(program);
        assert.deepEqual(site.search(1, []), []);
      }
      assert.equal(await first.ask(`open r ${path}`), 'OPEN');
      await asleep(first);
      // Had it been so when the inode was handed over, nobody would have looked.
      const other = bench.site(path);
      other.take(2, { ...bench.handed(path), unreached: true });
      assert.deepEqual(other.search(2, []), []);
      assert.deepEqual(site.search(1, []), [first.pid]);
    } finally {
      bench.close();
      rmSync(directory, { recursive: true });
    }
  });
});
