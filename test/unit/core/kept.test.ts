import assert from 'node:assert/strict';

import { expired, keptText, parseKept, type KeptRecord, type KeptVersion } from '../../../src/core/kept';
import { keptAtLeastDays, keptBytes, keptDays } from '../../../src/core/limits';

const day = 86_400_000;
const now = 1000 * day;

describe('the record of a kept version', () => {
  const record: KeptRecord = { path: '/a\n"ü', when: 5, why: 'interrupted', mode: 0o755, told: false };

  it('is read as it was written', () => {
    assert.deepEqual(parseKept(keptText(record)), { value: record, problems: [] });
  });

  it('is none if it is of another format or damaged', () => {
    const text = keptText(record);
    const others = [
      '',
      'null',
      '[]',
      text.slice(0, -5),
      text.replace(':1', ':2'),
      text.replace('interrupted', 'other'),
    ];
    for (const other of others) {
      const { value, problems } = parseKept(other);
      assert.deepEqual([value, problems.length], [undefined, 1], other);
    }
  });
});

describe('kept versions go', () => {
  function version(file: string, days: number, size = 1, told = true): KeptVersion {
    return { file, size, told, when: now - days * day, path: '/p', why: 'otherProgram', mode: 0o600 };
  }
  function gone(...versions: readonly KeptVersion[]): readonly string[] {
    return expired(versions, now).map(({ file }) => file);
  }

  it('when they are too old', () => {
    assert.deepEqual(gone(version('new', keptDays - 1), version('old', keptDays + 1)), ['old']);
  });

  it('when they are too much: the oldest, until the others fit', () => {
    const third = keptBytes / 3;
    const versions = [2, 3, 4, 5].map((days) => version(String(days), days, third));
    assert.deepEqual(gone(...versions), ['5']);
    assert.deepEqual(gone(...versions, version('6', 6, keptBytes)), ['6', '5']);
  });

  it('never before the user was told of them, and not on their first day', () => {
    const untold = version('untold', 10 * keptDays, 2 * keptBytes, false);
    const recent = version('recent', keptAtLeastDays / 2, 2 * keptBytes);
    assert.deepEqual(gone(untold, recent), []);
    assert.deepEqual(gone(untold, recent, version('other', 2)), ['other']);
  });
});
