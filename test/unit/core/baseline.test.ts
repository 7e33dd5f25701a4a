import assert from 'node:assert/strict';

import { changeSince, isWrittenAsRead, type Baseline } from '../../../src/core/baseline';
import type { TargetFacts } from '../../../src/core/ports';

describe('what the editor does to a version that it may not know', () => {
  const millisecond = 1_000_000n;
  const at = 1_000n * millisecond;
  const facts = (size: bigint, mtime: bigint): TargetFacts => ({ size, mtime }) as TargetFacts;
  for (const [what, from, size, mtime, expected] of [
    ['is nothing if it is the same', 'disk', 7n, at, 'none'],
    ['is to overwrite one of the same size', 'disk', 7n, at + millisecond, 'overwrites'],
    ['is to overwrite an older one', 'disk', 8n, at - millisecond, 'overwrites'],
    ['is to overwrite one of the same millisecond', 'disk', 8n, at + 1n, 'overwrites'],
    ['is to refuse a newer one of another size', 'disk', 8n, at + millisecond, 'refuses'],
    ['is not known where it may have seen that size', 'document', 8n, at + millisecond, 'mayRefuse'],
    ['is to overwrite one that came before its text was taken', 'document', 8n, at - millisecond, 'overwrites'],
  ] as const) {
    it(what, () => {
      const baseline: Baseline = { from, size: 7n, mtime: at, digest: '' };
      assert.equal(changeSince(baseline, facts(size, mtime)), expected);
    });
  }
});

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
