import assert from 'node:assert/strict';

import { sharedBytes } from '../../../src/shell/sharedBytes';

describe('the bytes of a text for all threads', () => {
  it('are UTF-8, with a replacement for half a character, and shared', () => {
    for (const text of ['', 'plain\n', 'ä€😀\uFEFF', 'half \uD83D', '\uDE00 half'.repeat(1000)]) {
      const bytes = sharedBytes(text);
      assert.deepEqual([...bytes], [...Buffer.from(text)]);
      assert.ok(bytes.buffer instanceof SharedArrayBuffer);
    }
  });
});
