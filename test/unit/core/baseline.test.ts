import assert from 'node:assert/strict';

import { isWrittenAsRead } from '../../../src/core/baseline';

describe('bytes that VS Code writes as it has read them', () => {
  for (const text of ['', 'a', 'a\n', '\n\n', 'a\r\nb\r\n', '\ufeffa\n', 'ä€😀\n', '\ufeff\r\n', 'a\u2028b\n']) {
    it(`are those of ${JSON.stringify(text)}`, () => {
      assert.equal(isWrittenAsRead(Buffer.from(text)), true);
    });
  }
  for (const bytes of [
    Buffer.from('a\r\nb\n'),
    Buffer.from('a\nb\r\n'),
    Buffer.from('a\rb\n'),
    Buffer.from('a\r'),
    Buffer.from('\r\r\n'),
    Buffer.from([0xff]),
    Buffer.from([0xe2, 0x82]),
    Buffer.from('ä', 'latin1'),
    Buffer.from('a\n', 'utf16le').subarray(0, 3).fill(0xd8, 2),
  ]) {
    it(`are not ${bytes.toString('hex')}`, () => {
      assert.equal(isWrittenAsRead(bytes), false);
    });
  }
});
