import assert from 'node:assert/strict';

import { decode } from '../../../src/core/settings';

describe('decode', () => {
  it('takes what is right, and the default for what is not set', () => {
    assert.deepEqual(decode('holdfast.enabled', true), { value: true });
    assert.deepEqual(decode('holdfast.enabled', false), { value: false });
    assert.deepEqual(decode('holdfast.enabled', undefined), { value: true });
  });

  it('uses the default for anything else, and says what it found without repeating it', () => {
    const wrong: [unknown, string][] = [
      ['yes', 'string'],
      [0, 'number'],
      [null, 'null'],
      [[], 'array'],
      [{ secret: 1 }, 'object'],
      [Symbol('x'), 'symbol'],
    ];
    for (const [raw, found] of wrong) {
      assert.deepEqual(decode('holdfast.enabled', raw), {
        value: true,
        problem: { setting: 'holdfast.enabled', expected: 'true or false', found },
      });
    }
  });
});
