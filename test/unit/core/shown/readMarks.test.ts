import assert from 'node:assert/strict';

import { readMarks, type ShownText } from '../../../../src/core/shown/readMarks';
import { english } from '../../../../src/core/text';
import { at, bash, dash, file, generation, holder } from '../../../support/fakes/filesInUse';

const clean: ShownText = { size: 100, edits: [], lineCount: 30 };

function lines(...[one, shown]: [Parameters<typeof readMarks>[0], ShownText?]): readonly number[] {
  return readMarks(one, shown ?? clean, 'gated', at).map(({ line }) => line);
}

describe('readMarks', () => {
  it('marks how far each program has read the version that is shown, one mark a line', () => {
    const marks = readMarks(file([dash(3, 20), bash(1, 12), bash(2, 12)]), clean, 'gated', at);
    assert.deepEqual(
      marks.map(({ line }) => line),
      [11, 19],
    );
    const [first, second] = marks.map(({ hover }) => hover.map(english));
    assert.equal(first?.length, 3);
    assert.match(first[0] ?? '', /^bash \(pid 1\).*up to line 12/);
    assert.match(first[2] ?? '', /is safe/);
    assert.match(second?.[0] ?? '', /^dash \(pid 3\).*read ahead/);
  });

  it('says what a direct save would do to the programs of this mark', () => {
    const [mark] = readMarks(file([bash(1, 12), holder(2, 'open')], [], { unnamed: true }), clean, 'direct', at);
    assert.match(mark?.hover.map(english).at(-1) ?? '', /under the program\.$/);
  });

  it('marks nothing of other versions, of who is no reader, and where no line is known', () => {
    assert.deepEqual(lines(undefined), []);
    assert.deepEqual(lines(file([holder(1, 'open', { line: 3 }), holder(2, 'readsAsItRuns')])), []);
    assert.deepEqual(lines(file([], [generation([bash(1, 12)])])), []);
    assert.deepEqual(lines({ ...file([bash(1, 2)]), current: undefined }), []);
  });

  it('marks nothing while the editor shows another version than the one that is at the path', () => {
    assert.deepEqual(lines(file([bash(1, 12)]), { ...clean, size: 101 }), []);
    assert.deepEqual(lines(file([bash(1, 12)]), { ...clean, size: undefined }), []);
  });

  it('follows the edits since, and leaves out what they have swallowed', () => {
    const put = { start: { line: 3, character: 0 }, end: { line: 3, character: 0 }, lines: 2 };
    const taken = { start: { line: 13, character: 0 }, end: { line: 14, character: 0 }, lines: 0 };
    assert.deepEqual(lines(file([bash(1, 12)]), { ...clean, edits: [put] }), [13]);
    assert.deepEqual(lines(file([bash(1, 12)]), { ...clean, edits: [put, taken] }), []);
  });

  it('marks nothing behind the end', () => {
    assert.deepEqual(lines(file([bash(1, 31), bash(2, 0)])), []);
    assert.deepEqual(lines(file([bash(1, 30)])), [29]);
  });
});
