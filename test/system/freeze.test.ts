/** Saves on a file system that is frozen (fsfreeze(8), as for a snapshot) while the gate is shut. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as immediate, setTimeout } from 'node:timers/promises';

import { limits } from '../../src/core/limits';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { Faults } from '../support/faults';
import { mountFileSystem, type FileSystem } from '../support/filesystems';
import { LineProgram } from '../support/lineProgram';
import { openSaveBench, type SaveBench } from '../support/saveBench';
import { skip } from '../support/skip';

const deadline = 15_000;
/** For a machine that is busy. */
const slack = 1_500;

describe('a file system that is frozen', function () {
  this.timeout(60_000);
  let told: Faults;
  let fileSystem: FileSystem | undefined;
  let directory: string;
  let mountPoint: string;
  const programs: LineProgram[] = [];
  let editor: LineProgram;
  let other: LineProgram;
  let bench: SaveBench;

  before(async function () {
    told = Faults.share();
    const mounted = mountFileSystem('ext4');
    if (typeof mounted === 'string') skip(this, 'freeze.ext4', mounted);
    fileSystem = mounted;
    ({ directory } = mounted);
    mountPoint = dirname(directory);
    if (spawnSync('fsfreeze', ['--version']).status !== 0) skip(this, 'freeze.ext4', 'there is no fsfreeze');
    const program = await compiled('stand-in-editor');
    editor = await LineProgram.start(program);
    other = await LineProgram.start(program);
    programs.push(editor, other);
  });
  after(async () => {
    for (const program of programs) await program.end();
    fileSystem?.release();
  });
  beforeEach(async () => {
    told.disarm();
    bench = await openSaveBench(directory, 'old', editor.pid);
  });
  afterEach(async () => {
    thaw();
    told.letGo();
    await bench.client.stop();
    bench.remove();
  });

  /** Not frozen: nothing. */
  function thaw(): void {
    spawnSync('fsfreeze', ['-u', mountPoint]);
  }

  /** The freeze keeps new writers out: the answer of the first of them, which comes with the thaw. */
  async function writersWait(): Promise<{ readonly answer: Promise<string> }> {
    const due = performance.now() + deadline;
    while (performance.now() < due) {
      const opening = other.ask(`open ${join(directory, 'other')}`);
      const first = await Promise.race([opening, setTimeout(300, undefined)]);
      if (first === undefined) return { answer: opening };
      assert.equal(await other.ask('close'), 'CLOSED');
    }
    assert.fail('not in time: the freeze keeps writers out');
  }

  async function until(what: string, isSo: () => boolean): Promise<void> {
    const due = performance.now() + deadline;
    while (!isSo()) {
      assert.ok(performance.now() < due, `not in time: ${what}`);
      await immediate();
    }
  }

  it('holds the editor, and when it is thawed the save is gated', async () => {
    const guarded = bench.client.beforeSave(bench.path, Buffer.from('nnnn'));
    await guarded.answered;
    assert.equal(spawnSync('fsfreeze', ['-f', mountPoint]).status, 0);
    const saving = editor.ask(`save ${bench.path} 4 n 4`);
    try {
      await until('the editor waits for the thaw', () => stateOf(editor.pid) === 'D');
      assert.equal(readFileSync(bench.path, 'utf8'), 'old');
    } finally {
      thaw();
    }
    assert.equal(await saving, 'SAVED');
    guarded.over('saved');
    const { reason, counts } = await within(deadline, 'the end of the save', guarded.reached);
    assert.deepEqual([reason, counts?.residual], ['gated', 0]);
    assert.equal(readFileSync(bench.path, 'utf8'), 'nnnn');
    // A clone for the reader may have waited for the thaw, too.
    await until('the temporary names are gone', () => readdirSync(bench.folder).length === 1);
    assert.deepEqual(readdirSync(bench.folder), ['file']);
  });

  it('is not kept from freezing by a gate: the editor is let go, and the next save is gated', async () => {
    // The freeze waits for the editor's open, our rename for the freeze, the editor for us.
    told.arm('exchange', 1, 'waits');
    const guarded = bench.client.beforeSave(bench.path, Buffer.from('nnnn'));
    await guarded.answered;
    const opening = editor.ask(`open ${bench.path}`);
    await until('the editor waits in its open', () => told.struck);
    const freezer = spawn('fsfreeze', ['-f', mountPoint], { stdio: 'ignore' });
    const frozen = once(freezer, 'exit');
    try {
      const stuck = await writersWait();
      const began = performance.now();
      told.letGo();
      assert.equal(await opening, 'OPENED');
      const took = performance.now() - began;
      assert.ok(
        took < (limits.keeperMisses + 1) * limits.keeperBeats + slack,
        `the editor was held for ${took.toFixed(0)} ms`,
      );
      assert.deepEqual(await within(deadline, 'the freeze', frozen), [0, null]);
      thaw();
      assert.equal(await stuck.answer, 'OPENED');
      assert.equal(await other.ask('close'), 'CLOSED');
    } finally {
      thaw();
    }
    assert.equal(await editor.ask('write 4 n'), 'WRITTEN');
    assert.equal(await editor.ask('close'), 'CLOSED');
    guarded.over('saved');
    const first = await within(deadline, 'the end of the save', guarded.reached);
    assert.equal(first.reason, 'gateStopped');
    await bench.event('gateReady', 2);
    assert.equal(readFileSync(bench.path, 'utf8'), 'nnnn');
    const next = bench.client.beforeSave(bench.path, Buffer.from('mmmm'));
    await next.answered;
    assert.equal(await editor.ask(`save ${bench.path} 4 m 4`), 'SAVED');
    next.over('saved');
    const second = await within(deadline, 'the end of the save', next.reached);
    assert.equal(second.reason, 'gated');
    assert.equal(readFileSync(bench.path, 'utf8'), 'mmmm');
  });
});

/** As in proc_pid_stat(5); `D`: waits in the kernel, for nothing that a signal could end. */
function stateOf(pid: number): string | undefined {
  return /\) (.) /.exec(readFileSync(`/proc/${String(pid)}/stat`, 'latin1'))?.[1];
}
