import assert from 'node:assert/strict';

import { describeError, SystemError } from '../../../src/core/errors';
import {
  joinNotice,
  leftBecause,
  notJoined,
  type Joined,
  type LeftWhy,
  type NotJoinedWhy,
} from '../../../src/core/join';
import { joinedLine } from '../../../src/core/logLines';
import {
  decodeSeparations,
  encodeSeparations,
  isSameInode,
  looksUntouched,
  withSeparation,
  type Separation,
} from '../../../src/core/separation';
import { english, leftAlone } from '../../../src/core/text';

function done(joined: number, missing: number, ...why: readonly LeftWhy[]): Joined {
  return { is: 'done', joined, missing, left: why.map((one, index) => ({ path: `/f/${String(index)}`, why: one })) };
}

describe('what is told of a join', () => {
  const refusals: Record<NotJoinedWhy, 'information' | 'warning' | 'nothing'> = {
    nothingKnown: 'information',
    gone: 'warning',
    busy: 'warning',
    cancelled: 'nothing',
    platform: 'information',
    library: 'information',
    stopped: 'warning',
    failed: 'warning',
  };

  it('is one sentence with nothing left open, whatever came of it', () => {
    const error = describeError(new SystemError('open', '/x', 'EIO'));
    const results = [
      done(2, 0),
      done(1, 1),
      done(0, 3),
      { ...done(1, 1), late: true } as const,
      { ...done(0, 1), late: true } as const,
      ...(Object.keys(leftAlone) as LeftWhy[]).flatMap((why) => [done(0, 0, why), done(1, 2, why, 'changed')]),
      ...(Object.keys(refusals) as NotJoinedWhy[]).map((why) => notJoined(why, error)),
    ];
    for (const result of results) {
      const notice = joinNotice('run.sh', result);
      if (!notice) continue;
      assert.match(english(notice.message), /^[^{}]*run\.sh[^{}]*[a-z)][^.]*\.( [A-Z][^.]*\.)?$/);
      assert.doesNotMatch(english(notice.message), /undefined|object/);
    }
  });

  it('warns of names that were left alone, not of those that are elsewhere', () => {
    const severity = (result: Joined): string => joinNotice('run.sh', result)?.severity ?? 'nothing';
    assert.deepEqual([done(2, 0), done(1, 1), done(0, 1)].map(severity), Array(3).fill('information'));
    assert.equal(severity(done(1, 0, 'changed')), 'warning');
    for (const [why, expected] of Object.entries(refusals)) {
      assert.equal(severity(notJoined(why as NotJoinedWhy)), expected, why);
    }
  });

  it('offers to search on exactly if names are missing', () => {
    for (const result of [done(1, 1), done(0, 2), done(1, 1, 'notPermitted')]) {
      assert.equal(joinNotice('a', result)?.searchOn, true);
    }
    for (const result of [done(1, 0), done(0, 0, 'changed'), notJoined('gone')]) {
      assert.equal(joinNotice('a', result)?.searchOn, false);
    }
  });

  it('counts, and names the first that was left alone', () => {
    const told = (result: Joined): string => {
      const notice = joinNotice('run.sh', result);
      assert.ok(notice);
      return english(notice.message);
    };
    assert.match(told(done(2, 1)), /^2 of 3 other names of run\.sh .*not found/);
    assert.match(told(done(1, 1, 'changed')), /^1 of 3 other names of run\.sh .*\/f\/0 was changed since/);
  });

  it('is a line in the log with every error', () => {
    const left = [leftBecause('/a\nb', new SystemError('linkat', '/a\nb', 'EMLINK'))];
    const line = joinedLine('/p', { is: 'done', joined: 1, left, missing: 2 });
    assert.equal(line.severity, 'warn');
    assert.match(
      line.text,
      /^join "\/p": joined=1 missing=2 left="\/a\\nb" why=tooManyNames operation=linkat errno=EMLINK at="\/a\\nb"/,
    );
    assert.equal(joinedLine('/p', done(1, 0)).severity, 'info');
    assert.match(joinedLine('/p', notJoined('busy')).text, /refused=busy$/);
  });

  it('tells errnos apart', () => {
    const why = (errno: string): LeftWhy => leftBecause('/x', new SystemError('linkat', '/x', errno)).why;
    assert.deepEqual(['EXDEV', 'EMLINK', 'EPERM', 'EACCES', 'EROFS', 'EBUSY', 'EINVAL', 'ENOENT', 'EIO'].map(why), [
      'otherMount',
      'tooManyNames',
      'notPermitted',
      'notPermitted',
      'notPermitted',
      'mountPoint',
      'notSupported',
      'replaced',
      'failed',
    ]);
  });
});

describe('a separation', () => {
  const one: Separation = {
    identity: { device: 66n, inode: 2n ** 63n },
    born: 1_700_000_000_123_456_789n,
    size: 10n,
    mtime: -5n,
    fingerprint: 'abc=',
    otherNames: 2,
  };

  it('comes back as it was written, also without a time of birth', () => {
    const written = [one, { ...one, born: undefined }];
    assert.deepEqual(decodeSeparations('/p', encodeSeparations('/p', written)), written);
  });

  it('is nothing if the text is broken, of another path, or lacks a field', () => {
    const good = encodeSeparations('/p', [one]);
    for (const text of [
      '',
      'null',
      '[]',
      good.slice(0, -3),
      good.replace('"10"', '10'),
      good.replace('size', 'sise'),
    ]) {
      assert.deepEqual(decodeSeparations('/p', text), [], text);
    }
    assert.deepEqual(decodeSeparations('/q', good), []);
  });

  it('is not taken for another file of the same number', () => {
    assert.ok(isSameInode(one, { ...one }));
    assert.ok(!isSameInode(one, { ...one, born: 1n }));
    assert.ok(!isSameInode(one, { ...one, identity: { device: 67n, inode: one.identity.inode } }));
    assert.ok(looksUntouched(one, one));
    assert.ok(!looksUntouched(one, { ...one, mtime: 0n }));
    assert.ok(!looksUntouched(one, { ...one, size: 0n }));
  });

  it('replaces an earlier one of the same inode, and many make the oldest be forgotten', () => {
    assert.deepEqual(withSeparation([one], { ...one, size: 3n }), [{ ...one, size: 3n }]);
    let known: readonly Separation[] = [];
    for (let inode = 1n; inode <= 50n; inode++)
      known = withSeparation(known, { ...one, identity: { device: 1n, inode } });
    assert.equal(known.length, 16);
    assert.equal(known.at(-1)?.identity.inode, 50n);
  });
});
