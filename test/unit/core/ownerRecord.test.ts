import assert from 'node:assert/strict';

import {
  beginLine,
  completeLine,
  ended,
  ownerLine,
  parseOwnerRecord,
  targetLine,
  type Owner,
  type OwnerSigns,
} from '../../../src/core/ownerRecord';
import { parseTemporaryName, temporaryName } from '../../../src/core/temporaryName';

const owner: Owner = { pid: 7, startTime: 123n, boot: 'b', namespace: 'pid:[1]', machine: 'm' };
const free: OwnerSigns = { locked: false, local: true, process: 'gone' };

describe('a temporary name', () => {
  it('says whose it is, and on its way where', () => {
    const whose = { pid: 4711, startTime: 2n ** 60n, target: 3 };
    assert.deepEqual(parseTemporaryName(temporaryName(whose, 5 * 2 ** 32)), whose);
  });

  it('is no other', () => {
    for (const name of [
      'file',
      '.holdfast-1-2-3~',
      '.holdfast-1-2-3-4',
      '.holdfast-1-2-3-4~~',
      'x.holdfast-1-2-3-4~',
    ]) {
      assert.equal(parseTemporaryName(name), undefined, name);
    }
  });
});

describe('the record of a process', () => {
  const head = ownerLine(owner);

  it('says who it is and where its names may be', () => {
    const path = Buffer.from('/a\n"ü/b').toString('latin1');
    const text = `${head}\n${targetLine(1, path)}${targetLine(2, '/c')}${beginLine('x')}${beginLine('y')}${completeLine('x')}`;
    const { value, problems } = parseOwnerRecord(text);
    assert.deepEqual(problems, []);
    assert.deepEqual(value?.owner, owner);
    assert.deepEqual([...value.targets], [[1, path], [2, '/c']]); // prettier-ignore
    assert.deepEqual([...value.unfinished], ['y']);
  });

  it('loses a last line that was cut off, and nothing else', () => {
    const { value, problems } = parseOwnerRecord(`${head}${targetLine(1, '/a')}${targetLine(2, '/b').slice(0, -3)}`);
    assert.deepEqual([[...(value?.targets.keys() ?? [])], problems], [[1], []]);
    const goneOn = parseOwnerRecord(`${head}${targetLine(1, '/a').slice(0, 9)}\n${targetLine(2, '/b')}`);
    assert.deepEqual([[...(goneOn.value?.targets.keys() ?? [])], goneOn.problems.length], [[2], 1]);
  });

  it('is none if it is of another format, or damaged at its beginning', () => {
    for (const text of [
      '',
      '\n',
      'null\n',
      head.slice(0, -1),
      head.replace('"holdfast":1', '"holdfast":2'),
      `x${head}`,
    ]) {
      const { value, problems } = parseOwnerRecord(text);
      assert.deepEqual([value, problems.length], [undefined, 1], text);
    }
  });

  it('leads nowhere but to absolute paths of files', () => {
    for (const path of ['', 'a', '/', '/a/', '/a\0b']) {
      const { value, problems } = parseOwnerRecord(head + targetLine(1, path));
      assert.deepEqual([value?.targets.size, problems.length], [0, 1], path);
    }
  });
});

describe('a process has ended', () => {
  const rebooted = { ...owner, boot: 'a' };
  const container = { ...owner, namespace: 'pid:[2]' };
  const elsewhere = { ...rebooted, machine: 'n' };
  const cases: readonly (readonly [string, Owner, Partial<OwnerSigns>, boolean])[] = [
    ['its pid is gone', owner, {}, true],
    ['its pid is gone, on a shared file system', owner, { local: false }, true],
    ['it is there, though its thread has ended', owner, { process: 'there' }, false],
    ['it cannot be told', owner, { process: 'unknown' }, false],
    ['its record is locked, whatever its pid says', owner, { locked: true }, false],
    ['the machine was started again', rebooted, { process: 'there' }, true],
    ['the machine was started again, its storage is on a server', rebooted, { local: false }, true],
    ['another machine, storage on a server', elsewhere, { local: false }, false],
    ['machines without a name, storage on a server', { ...rebooted, machine: '' }, { local: false }, false],
    ['a container that has ended', container, { process: 'unknown' }, true],
    ['a container that runs', container, { locked: true }, false],
    ['a container, storage on a server', container, { local: false }, false],
  ];
  for (const [what, whose, signs, expected] of cases) {
    it(`${expected ? 'yes' : 'no'}: ${what}`, () => {
      assert.equal(ended(whose, owner, { ...free, ...signs }), expected);
    });
  }

  it('no: machines without a name are not the same', () => {
    const nameless = { ...owner, machine: '' };
    assert.equal(ended({ ...nameless, boot: 'a' }, nameless, { ...free, local: false }), false);
  });
});
