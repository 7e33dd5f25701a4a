import assert from 'node:assert/strict';

import { oldNames as bounds } from '../../../src/core/limits';
import {
  folderOfOldName,
  isAsNoted,
  keepOldName,
  notAsNoted,
  oldNameText,
  readNote,
  surplus,
  timeLeft,
  toldLine,
  wholeOldName,
  type OldName,
} from '../../../src/core/oldNames';
import { defaultOptions } from '../../../src/core/options';
import { plainFacts } from '../../support/fakes/targets';

const nfs = { fileSystem: 0x6969n, lastingNumbers: true };

const note: OldName = {
  path: '/shared/run.sh',
  name: '.holdfast-4711-123-1-0~',
  inode: 7n,
  clone: undefined,
  size: 100n,
  mtime: 1_700_000_000_123_456_789n,
  ...nfs,
  folder: 2n,
  made: { machine: 'm', boot: 'b', uptime: 50_000 },
  when: 1_000_000,
  keepFor: 10_000,
  told: undefined,
};

describe('an old name', () => {
  it('is left by a save on a network file system, of a file with one name, for as long as the setting says', () => {
    const options = { ...defaultOptions, oldNameSeconds: 5 };
    assert.deepEqual(keepOldName({ ...plainFacts, remote: nfs }, options), { milliseconds: 5_000, on: nfs });
    assert.equal(keepOldName(plainFacts, options), undefined);
    assert.equal(keepOldName({ ...plainFacts, remote: nfs, links: 2n }, options), undefined);
    assert.equal(keepOldName({ ...plainFacts, remote: nfs }, { ...options, oldNameSeconds: 0 }), undefined);
    assert.equal(defaultOptions.oldNameSeconds, 600);
  });

  it('comes back from its note as it was, whatever bytes are in its path', () => {
    const odd = { ...note, path: '/sh\xfcred/"\n\\/run.sh', inode: (1n << 64n) - 1n, mtime: -5n };
    for (const one of [note, odd, { ...note, clone: 8n }]) {
      assert.deepEqual(readNote(oldNameText(one)), { is: 'note', value: one });
    }
    const told = `${oldNameText(note)}${toldLine('EACCES')}${toldLine('EEXIST')}{"told":"EIO`;
    assert.deepEqual(readNote(told), { is: 'note', value: { ...note, told: 'EEXIST' } });
  });

  it('is not read from what is no such note', () => {
    const text = oldNameText(note);
    const wrong = [
      '',
      'nonsense\n',
      text.trimEnd(),
      // What is removed must be one of ours, beside a file.
      text.replace(note.name, 'run.sh'),
      text.replace(note.name, '.holdfast-1/../x~'),
      text.replace('/shared/run.sh', 'run.sh'),
      text.replace('/shared/run.sh', '/shared/'),
      text.replace('"inode":"7"', '"inode":7'),
      text.replace('"keepFor":10000', '"keepFor":"10000"'),
    ];
    for (const one of wrong) assert.deepEqual(readNote(one), { is: 'broken' }, one);
  });

  it('is known by its path and name if another Holdfast has noted it in its own way', () => {
    const text = oldNameText(note).replace('"holdfast":1', '"holdfast":2').replace('"inode":"7"', '"node":{"id":7}');
    assert.deepEqual(readNote(text), { is: 'foreign', of: { path: note.path, name: note.name } });
    for (const unread of ['{"holdfast":2}\n', text.replace(note.name, 'run.sh'), text.replace('"path"', '"target"')]) {
      assert.deepEqual(readNote(unread), { is: 'foreign', of: undefined }, unread);
    }
    assert.deepEqual(readNote(text.trimEnd()), { is: 'broken' });
  });

  it('is beside its file, also in the root', () => {
    assert.deepEqual([folderOfOldName(note), wholeOldName(note)], ['/shared', `/shared/${note.name}`]);
    const top = { ...note, path: '/run.sh' };
    assert.deepEqual([folderOfOldName(top), wholeOldName(top)], ['/', `/${note.name}`]);
  });

  it('is due when its while is over, by the time since boot', () => {
    const at = (uptime: number): number | undefined =>
      timeLeft(note, { machine: 'm', boot: 'b', uptime }, false, note.when);
    assert.deepEqual([at(50_000), at(59_999), at(60_000), at(1e9)], [10_000, 1, 0, 0]);
    // A clock that is behind: another namespace's.
    assert.equal(at(10), 10_000);
  });

  it('is due after a restart of the machine when that has lasted for the while, and is another machine’s otherwise', () => {
    const after = { machine: 'm', boot: 'c', uptime: 4_000 };
    const today = note.when + 60_000;
    assert.equal(timeLeft(note, after, false, today), 6_000);
    assert.equal(timeLeft(note, { ...after, uptime: 10_000 }, false, today), 0);
    assert.equal(timeLeft(note, { ...after, machine: 'n' }, false, today), undefined);
    const unnamed = { ...note, made: { ...note.made, machine: '' } };
    assert.equal(timeLeft(unnamed, { ...after, machine: '' }, false, today), undefined);
    assert.equal(timeLeft(unnamed, { ...after, machine: '' }, true, today), 6_000);
  });

  it('is another machine’s if it was made in another boot while this one lasted, though the two have one machine-id', () => {
    const other = { machine: 'm', boot: 'c', uptime: 40_000 };
    assert.equal(timeLeft(note, other, false, note.when + 39_999), undefined);
    assert.equal(timeLeft(note, other, false, note.when + 40_000), 0);
    // Nobody else has this folder: the time of day has no say.
    assert.equal(timeLeft(note, other, true, note.when), 0);
  });

  it('leads to what was noted, or is left', () => {
    const found = { kind: 'regular', inode: 7n, size: 100n, mtime: note.mtime } as const;
    assert.ok(isAsNoted(note, found));
    for (const other of [
      { ...found, inode: 8n },
      { ...found, size: 101n },
      { ...found, mtime: note.mtime + 1n },
      { ...found, kind: 'other' as const },
    ]) {
      assert.ok(!isAsNoted(note, other));
    }
    // Its process died before the exchange.
    assert.ok(isAsNoted({ ...note, clone: 8n }, { ...found, inode: 8n }));
    assert.ok(!isAsNoted({ ...note, clone: 8n }, { ...found, inode: 8n, mtime: note.mtime + 1n }));
    assert.ok(!isAsNoted({ ...note, clone: 8n }, { ...found, inode: 9n }));
    const changing = { ...note, lastingNumbers: false };
    assert.ok(isAsNoted(changing, { ...found, inode: 8n }));
    assert.ok(!isAsNoted(changing, { ...found, inode: 8n, mtime: note.mtime + 1n }));
    assert.ok(!isAsNoted(changing, { ...found, size: 99n }));
  });

  it('is too much when it is one of the oldest, of its file or of all', () => {
    const many = (count: number, like: (index: number) => Partial<OldName>): OldName[] =>
      Array.from({ length: count }, (_, index) => ({ ...note, when: index, ...like(index) }));
    const ofOne = many(bounds.ofOneFile + 2, () => ({}));
    assert.deepEqual(
      surplus(ofOne).map(({ when }) => when),
      [1, 0],
    );
    const ofAll = many(bounds.names + 1, (index) => ({ path: `/shared/${String(index)}` }));
    assert.deepEqual(
      surplus(ofAll).map(({ when }) => when),
      [0],
    );
    const half = BigInt(bounds.bytes) / 2n;
    assert.deepEqual(
      surplus(many(3, () => ({ size: half }))).map(({ when }) => when),
      [0],
    );
    // The newest stays, and leaves no room for others.
    assert.deepEqual(
      surplus(many(3, () => ({ size: half * 3n }))).map(({ when }) => when),
      [1, 0],
    );
    // What is left for good is not ours to count.
    assert.deepEqual(surplus(many(2, () => ({ size: half * 3n, told: notAsNoted }))), []);
    assert.deepEqual(surplus([]), []);
  });
});
