import assert from 'node:assert/strict';

import type { Harm, Holder } from '../../../../src/core/holders/holder';
import { changeOf } from '../../../../src/core/violations/compare';
import { isReached, victims, type Change, type Writer } from '../../../../src/core/violations/violation';

const holder = (pid: number, harm: Harm): Holder => ({
  process: { pid, started: 1 },
  program: 'bash',
  since: 0,
  harm,
  uid: 0,
  ancestors: [],
});
const cp: Writer = { pid: 900, program: 'cp' };
const rewritten: Change = { kind: 'rewritten' };

describe('a violation', () => {
  it('reaches who reads the file as it runs or maps it, and nobody who merely has it open or has loaded it', () => {
    const all = (['readsAsItRuns', 'mapped', 'open', 'loaded'] as const).map((harm, index) => holder(index + 1, harm));
    const reached = victims(all, [cp], rewritten);
    assert.deepEqual(
      reached.map(({ harm }) => harm),
      ['readsAsItRuns', 'mapped'],
    );
    assert.deepEqual(all.map(isReached), [true, true, false, false]);
  });

  it('by appending reaches who reads on, and no mapping', () => {
    const both = [holder(1, 'readsAsItRuns'), holder(2, 'mapped')];
    const reached = victims(both, [cp], { kind: 'appended', lines: 1 });
    assert.deepEqual(
      reached.map(({ process }) => process.pid),
      [1],
    );
  });

  it('does not hurt who maps the file and can write it, too', () => {
    const one: Holder = { ...holder(1, 'mapped'), writes: true };
    assert.equal(isReached(one), false);
    assert.deepEqual(victims([one], [cp], rewritten), []);
  });

  it('is none if a program writes the file that it holds itself', () => {
    assert.deepEqual(victims([holder(7, 'readsAsItRuns')], [{ pid: 7, program: 'bash' }], rewritten), []);
  });

  it('reaches the others who hold the file that one of them writes, and that one if somebody else writes, too', () => {
    const both = [holder(7, 'readsAsItRuns'), holder(8, 'readsAsItRuns')];
    const itself: Writer = { pid: 7, program: 'bash' };
    const pids = (writers: readonly Writer[]): readonly number[] =>
      victims(both, writers, rewritten).map(({ process }) => process.pid);
    assert.deepEqual(pids([itself]), [8]);
    assert.deepEqual(pids([itself, cp]), [7, 8]);
    assert.deepEqual(pids([]), [7, 8], 'nobody knows who it was');
  });
});

describe('how bytes differ', () => {
  const change = (before: string, after: string): Change | undefined =>
    changeOf(Buffer.from(before), Buffer.from(after));

  it('is told with the lines that were changed, added or taken out', () => {
    assert.equal(change('a\nb\nc\n', 'a\nb\nc\n'), undefined);
    assert.equal(change('', ''), undefined);
    assert.deepEqual(change('a\nb\nc\n', 'a\nX\nc\n'), { kind: 'rewritten', lines: 1 });
    assert.deepEqual(change('a\nb\nc\n', 'a\nX\nY\nc\n'), { kind: 'rewritten', lines: 2 });
    assert.deepEqual(change('a\nb\nc\n', 'a\nc\n'), { kind: 'rewritten', lines: 1 });
    assert.deepEqual(change('a\nb\nc\n', ''), { kind: 'rewritten', lines: 3 });
    assert.deepEqual(change('echo b\nc\n', 'echo a\necho b\nc\n'), { kind: 'rewritten', lines: 1 });
    assert.deepEqual(change('a b\nsame\n', 'c b\nsame\n'), { kind: 'rewritten', lines: 1 });
    assert.deepEqual(change('one long line', 'one wrong line'), { kind: 'rewritten', lines: 1 });
  });

  it('is told apart from what was only added at the end', () => {
    assert.deepEqual(change('a\n', 'a\nb\nc\n'), { kind: 'appended', lines: 2 });
    assert.deepEqual(change('a', 'ab'), { kind: 'appended', lines: 1 });
    assert.deepEqual(change('a\nb\n', 'a\n'), { kind: 'rewritten', lines: 1 });
    assert.deepEqual(change('', 'a\n'), { kind: 'appended', lines: 1 });
  });

  it('counts no line twice where the end repeats the beginning', () => {
    assert.deepEqual(change('x\nx\n', 'x\nx\nx\n'), { kind: 'appended', lines: 1 });
    assert.deepEqual(change('x\nx\nx\n', 'x\nx\n'), { kind: 'rewritten', lines: 1 });
  });
});
