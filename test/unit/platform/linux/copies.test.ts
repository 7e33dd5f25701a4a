import assert from 'node:assert/strict';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { violationLimits } from '../../../../src/core/violations/limits';
import { Copies } from '../../../../src/platform/linux/violations/copies';
import { skip } from '../../../support/skip';

const first = 1_000;

/** What this process has open. */
function openNames(): readonly string[] {
  const folder = '/proc/self/fd';
  return readdirSync(folder).flatMap((fd) => {
    try {
      return `${readlinkSync(join(folder, fd))} ${fd}`;
    } catch {
      // The descriptor of the listing itself.
      return [];
    }
  });
}

describe('copies of what is running', () => {
  let folder: string;
  let copies: Copies;
  let fd: number;

  before(function () {
    if (process.platform !== 'linux') skip(this, 'violations', 'only Linux');
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-copies-'));
    const path = join(folder, 'file');
    writeFileSync(path, 'running\n');
    fd = openSync(path, 'r+');
    copies = new Copies(join(folder, 'copies'), first, () => undefined);
  });

  afterEach(() => {
    copies.close();
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  const make = (size = 8): number | undefined => copies.make(fd, size, Infinity, violationLimits.compared, '');

  it('have the numbers of their life, and no others', () => {
    assert.equal(make(), first);
    assert.equal(make(), first + 1);
    assert.equal(copies.read(1), undefined);
    assert.equal(String(copies.read(first)), 'running\n');
  });

  it('are in memory if they are small, as long as there is room for them', () => {
    const size = violationLimits.copiedInMemory;
    ftruncateSync(fd, size + 1);
    const where = (bytes: number): string => {
      const before = new Set(openNames());
      assert.notEqual(make(bytes), undefined);
      return openNames().find((name) => !before.has(name)) ?? '';
    };
    assert.match(where(size + 1), new RegExp(`^${folder}/copies/`));
    ftruncateSync(fd, size);
    const fitting = violationLimits.copiesInMemory / size;
    for (let copy = 0; copy < fitting; copy++) assert.match(where(size), /^\/dev\/shm\//);
    assert.match(where(size), new RegExp(`^${folder}/copies/`));
  });

  it('are none of what is too large to be read out, also if it has grown', () => {
    ftruncateSync(fd, violationLimits.compared + 1);
    assert.equal(make(violationLimits.compared + 1), undefined);
    assert.equal(make(violationLimits.compared), undefined);
    ftruncateSync(fd, violationLimits.compared);
    const copy = make(violationLimits.compared);
    assert.equal(copy && copies.read(copy)?.length, violationLimits.compared);
  });

  it('have no age as long as something is compared with them', () => {
    const copy = make() ?? 0;
    assert.equal(copies.expire(), undefined);
    copies.leave(copy);
    const left = copies.expire() ?? 0;
    assert.ok(left > 0 && left <= violationLimits.copyAge, String(left));
  });

  it('go when nobody wants them, and nothing is compared with them', () => {
    const [one = 0, other = 0] = [make(), make()];
    copies.unwanted(one);
    assert.equal(copies.has(one), true);
    copies.leave(one);
    assert.equal(copies.has(one), false);
    copies.leave(other);
    assert.equal(copies.has(other), true);
    copies.unwanted(other);
    assert.equal(copies.has(other), false);
  });

  it('make room for each other: those first that nothing is compared with', () => {
    const oldest = make() ?? 0;
    const left = make() ?? 0;
    copies.leave(left);
    for (let count = copies.has(left) ? 2 : 0; count <= violationLimits.copies; count++) make();
    assert.deepEqual([copies.has(oldest), copies.has(left)], [true, false]);
    make();
    assert.equal(copies.has(oldest), false);
  });
});
