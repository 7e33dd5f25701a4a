import assert from 'node:assert/strict';

import { rememberedEdits } from '../../../../src/core/limits';
import type { LineEdit } from '../../../../src/core/lineEdits';
import { afterChange, type TextBase, type TextChange } from '../../../../src/core/shown/textBase';

const put: LineEdit = { start: { line: 1, character: 0 }, end: { line: 1, character: 0 }, lines: 1 };
const change = (dirty: boolean, ...edits: LineEdit[]): TextChange => ({ changed: true, edits, dirty });
const told = (dirty: boolean): TextChange => ({ changed: false, edits: [], dirty });

/** What it is after these changes; the text's size is 100, and one more with each change. */
function after(base: TextBase | undefined, ...changes: TextChange[]): TextBase | undefined {
  return changes.reduce<TextBase | undefined>((now, one, index) => afterChange(now, one, () => 100 + index + 1), base);
}

const clean: TextBase = { size: 100, edits: [] };

describe('what a text was when it was clean', () => {
  it('stays while it is edited, however VS Code tells the first edit', () => {
    assert.deepEqual(after(clean, change(false, put), told(true), change(true, put)), { size: 100, edits: [put, put] });
    assert.deepEqual(after(clean, change(true, put), change(true)), { size: 100, edits: [put] });
    assert.deepEqual(after(clean, change(true, put), told(true)), { size: 100, edits: [put] });
  });

  it('is another after a save, after an undo of everything, and after another text was read', () => {
    assert.deepEqual(after(clean, change(true, put), told(false)), { size: 102, edits: [] });
    const read = after(clean, change(false, put));
    assert.deepEqual([read?.size, read?.edits], [101, []]);
  });

  it('is that of the text that was read, when that is edited', () => {
    assert.deepEqual(after(clean, change(false, put), change(false, put), told(true)), { size: 101, edits: [put] });
    assert.deepEqual(after(clean, change(false, put), change(true, put)), { size: 101, edits: [put] });
  });

  it('is not known of a text that was dirty at first, until it is saved, nor after too many edits', () => {
    assert.equal(after(undefined, told(true), change(true, put)), undefined);
    assert.deepEqual(after(undefined, change(true, put), told(false)), { size: 102, edits: [] });
    const many = Array.from({ length: rememberedEdits }, () => put);
    assert.equal(after(clean, change(true, ...many))?.edits.length, rememberedEdits);
    assert.equal(after(clean, change(true, ...many), change(true, put)), undefined);
  });
});
