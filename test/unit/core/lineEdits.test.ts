import assert from 'node:assert/strict';

import { concernsLines, lineAfter, lineEnds, type LineEdit, type TextPosition } from '../../../src/core/lineEdits';
import { pick, randomFrom } from '../../support/random';

function edit(start: readonly [number, number], end: readonly [number, number], lines = 0): LineEdit {
  return { start: { line: start[0], character: start[1] }, end: { line: end[0], character: end[1] }, lines };
}

describe('lineAfter', () => {
  const cases: readonly [what: string, edits: readonly LineEdit[], after: number | undefined][] = [
    ['nothing', [], 5],
    ['lines put in above', [edit([2, 3], [2, 3], 2)], 7],
    ['lines taken out above', [edit([1, 0], [3, 0])], 3],
    ['lines put in below', [edit([6, 0], [6, 0], 4)], 5],
    ['lines taken out below', [edit([6, 0], [9, 0])], 5],
    ['a line put in at its beginning', [edit([5, 0], [5, 0], 1)], 6],
    ['words put in at its beginning', [edit([5, 0], [5, 0])], 5],
    ['words put into it', [edit([5, 4], [5, 4])], 5],
    ['a line begun at its end', [edit([5, 9], [5, 9], 1)], 5],
    ['words of it replaced', [edit([5, 0], [5, 4])], 5],
    ['its end and the next line replaced', [edit([5, 4], [6, 3])], 5],
    ['the lines before replaced up to its beginning', [edit([3, 2], [5, 0], 1)], 4],
    ['the line taken out', [edit([5, 0], [6, 0])], undefined],
    ['the line and those around it taken out', [edit([4, 2], [6, 1])], undefined],
    ['joined to the one before, with its beginning', [edit([4, 8], [5, 2])], undefined],
    ['the line replaced by another', [edit([5, 0], [6, 0], 1)], undefined],
    ['one edit after the other', [edit([0, 0], [0, 0], 1), edit([6, 0], [6, 0], 1), edit([0, 0], [1, 0])], 6],
    ['an edit after it was swallowed', [edit([5, 0], [6, 0]), edit([0, 0], [0, 0], 1)], undefined],
  ];
  for (const [what, edits, after] of cases) {
    it(what, () => {
      assert.equal(lineAfter(5, edits), after);
    });
  }

  it('finds every line whose beginning an edit has left, whatever the edit', () => {
    const seed = Number(process.env['HOLDFAST_SEED'] ?? Date.now() % 1_000_000);
    const random = randomFrom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    let found = 0;
    for (let round = 0; round < 2_000; round++) {
      const text = Array.from({ length: 12 }, (_, line) => `<${String(line)}>${'x'.repeat(below(4))}`).join('\n');
      const from = below(text.length + 1);
      const to = Math.min(text.length, from + below(12));
      const put = pick(random, ['', 'y', '\n', 'y\n', '\ny\n', '\ny']);
      const one = { start: position(text, from), end: position(text, to), lines: lineEnds(put) };
      const edited = text.slice(0, from) + put + text.slice(to);
      for (let line = 0; line < 12; line++) {
        const mark = `<${String(line)}>`;
        const was = text.indexOf(mark);
        if (was < to && was + mark.length > from) continue;
        const wanted = position(edited, was < to ? was : was + edited.length - text.length).line;
        assert.equal(lineAfter(line, concernsLines(one) ? [one] : []), wanted, `seed ${String(seed)}`);
        found++;
      }
    }
    assert.ok(found > 10_000);
  });
});

function position(text: string, offset: number): TextPosition {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length - 1, character: (before.at(-1) ?? '').length };
}

describe('lineEnds', () => {
  it('counts each kind', () => {
    assert.deepEqual(['', 'a', 'a\n', 'a\r\nb\r\n', '\r', '\n\r\n'].map(lineEnds), [0, 0, 1, 2, 1, 2]);
  });
});
