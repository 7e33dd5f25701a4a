import assert from 'node:assert/strict';

import { inheritedAccess, type Access } from '../../../../src/platform/linux/access';
import { POSIX_ACL } from '../../../../src/platform/linux/layouts';
import { pick, randomFrom } from '../../../support/random';

const ACCESS_LIST = 'system.posix_acl_access';
const { owner, user, owningGroup, group, mask, other } = POSIX_ACL;

interface Entry {
  readonly tag: number;
  readonly allows: number;
  readonly id: number;
}

interface File {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly acl?: readonly Entry[];
}

interface Person {
  readonly uid: number;
  readonly groups: readonly number[];
}

function encode(entries: readonly Entry[]): Buffer {
  const acl = Buffer.alloc(POSIX_ACL.header + entries.length * POSIX_ACL.entry);
  acl.writeUInt32LE(POSIX_ACL.version, 0);
  entries.forEach(({ tag, allows, id }, index) => {
    const at = POSIX_ACL.header + index * POSIX_ACL.entry;
    acl.writeUInt16LE(tag, at);
    acl.writeUInt16LE(allows, at + 2);
    acl.writeUInt32LE(id, at + 4);
  });
  return acl;
}

function decode(acl: Buffer): readonly Entry[] {
  return Array.from({ length: (acl.length - POSIX_ACL.header) / POSIX_ACL.entry }, (_, index) => {
    const at = POSIX_ACL.header + index * POSIX_ACL.entry;
    return { tag: acl.readUInt16LE(at), allows: acl.readUInt16LE(at + 2), id: acl.readUInt32LE(at + 4) };
  });
}

/** Whether the kernel lets somebody do all of `wanted` (4 read, 2 write, 1 run); acl(5), "access check algorithm". */
function may({ uid, groups }: Person, file: File, wanted: number): boolean {
  const has = (allows: number): boolean => (allows & wanted) === wanted;
  if (uid === file.uid) return has(file.mode >> 6);
  if (!file.acl) return has(groups.includes(file.gid) ? file.mode >> 3 : file.mode);
  const masked = file.acl.some(({ tag }) => tag === mask) ? file.mode >> 3 : 7;
  const named = file.acl.find(({ tag, id }) => tag === user && id === uid);
  if (named) return has(named.allows & masked);
  const theirs = file.acl.filter(
    ({ tag, id }) => (tag === owningGroup && groups.includes(file.gid)) || (tag === group && groups.includes(id)),
  );
  return theirs.length > 0 ? theirs.some(({ allows }) => has(allows & masked)) : has(file.mode);
}

function inherited(file: File, now: { uid: number; gid: number }): { access: Access; file: File } {
  const attributes = new Map(file.acl ? [[ACCESS_LIST, encode(file.acl)]] : []);
  const access = inheritedAccess({ ...file, mode: 0o100000 | file.mode }, attributes, now);
  const acl = access.attributes.get(ACCESS_LIST);
  return { access, file: { ...now, mode: access.mode, ...(acl ? { acl: decode(acl) } : {}) } };
}

const groups = [10, 20, 30];
const everybody: readonly Person[] = [1, 2, 3, 4].flatMap((uid) =>
  Array.from({ length: 8 }, (_, bits) => ({ uid, groups: groups.filter((_group, index) => bits & (1 << index)) })),
);

/** The old owner, who could have given himself anything, and the new one are not asked. */
function assertNobodyGains(file: File, now: { uid: number; gid: number }, what: string): void {
  const after = inherited(file, now);
  assert.deepEqual(after.access.unknown, []);
  for (const person of everybody) {
    if (person.uid === file.uid || person.uid === now.uid) continue;
    for (let wanted = 1; wanted < 8; wanted++) {
      if (may(person, file, wanted) || !may(person, after.file, wanted)) continue;
      assert.fail(`${what}: ${JSON.stringify({ file, now, person, wanted, after: after.file })}`);
    }
  }
}

const changes = [
  { uid: 2, gid: 10 },
  { uid: 1, gid: 20 },
  { uid: 2, gid: 20 },
];

describe('the access that a new file is given after another', () => {
  it('is the same where owner and group are', () => {
    for (let mode = 0; mode < 0o10000; mode++) {
      assert.equal(inherited({ uid: 1, gid: 10, mode }, { uid: 1, gid: 10 }).access.mode, mode);
    }
  });

  it('lets nobody do more than before, whatever the permissions are', () => {
    for (let mode = 0; mode < 0o1000; mode++) {
      for (const now of changes) assertNobodyGains({ uid: 1, gid: 10, mode }, now, 'mode');
    }
  });

  it('nor with an access control list', () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    const any = (): number => Math.floor(random() * 8);
    for (let round = 0; round < 1000; round++) {
      const [ofOwner, ofMask, ofOther] = [any(), any(), any()];
      const acl: Entry[] = [
        { tag: owner, allows: ofOwner, id: 0xffffffff },
        ...[3, 2].filter(() => random() < 0.5).map((id) => ({ tag: user, allows: any(), id })),
        { tag: owningGroup, allows: any(), id: 0xffffffff },
        ...[10, 20, 30].filter(() => random() < 0.5).map((id) => ({ tag: group, allows: any(), id })),
        { tag: mask, allows: ofMask, id: 0xffffffff },
        { tag: other, allows: ofOther, id: 0xffffffff },
      ];
      const file = { uid: 1, gid: 10, mode: (ofOwner << 6) | (ofMask << 3) | ofOther, acl };
      const now = pick(random, changes);
      assertNobodyGains(file, now, `seed ${String(seed)}`);
      const after = inherited(file, now);
      const ofOthers = after.file.acl?.find(({ tag }) => tag === other)?.allows;
      assert.equal(ofOthers, after.access.mode & 7, 'list and permissions say the same');
      assert.equal(after.access.mode >> 3, file.mode >> 3, 'owner and mask stay');
      if (now.gid === file.gid) assert.deepEqual(after.file.acl, acl, 'the list of the same group stays');
    }
  });

  it('takes as little as that needs', () => {
    const modeFor = (mode: number, now: { uid: number; gid: number }): string =>
      inherited({ uid: 1, gid: 10, mode }, now).access.mode.toString(8);
    const [otherOwner, otherGroup, both] = changes as [(typeof changes)[0], (typeof changes)[0], (typeof changes)[0]];
    assert.equal(modeFor(0o664, otherOwner), '664');
    assert.equal(modeFor(0o664, otherGroup), '644');
    assert.equal(modeFor(0o660, both), '600');
    assert.equal(modeFor(0o755, both), '755');
    assert.equal(modeFor(0o604, both), '600');
    assert.equal(modeFor(0o7775, otherOwner), '3775');
    assert.equal(modeFor(0o7775, otherGroup), '5755');
    assert.equal(modeFor(0o7775, both), '1755');
  });

  it('is not known where a list is not understood', () => {
    const stat = { uid: 1, gid: 10, mode: 0o100666 };
    const unknown = (name: string, value: Buffer, now: { uid: number; gid: number }): readonly string[] =>
      inheritedAccess(stat, new Map([[name, value]]), now).unknown;
    const list = encode([{ tag: other, allows: 4, id: 0 }]);
    for (const value of [Buffer.alloc(0), list.subarray(1), Buffer.concat([list, list]), Buffer.from([3, 0, 0, 0])]) {
      assert.deepEqual(unknown(ACCESS_LIST, value, { uid: 1, gid: 20 }), [ACCESS_LIST]);
      assert.deepEqual(unknown(ACCESS_LIST, value, { uid: 2, gid: 10 }), [], 'it is kept as it is');
    }
    for (const now of changes) {
      assert.deepEqual(unknown('system.nfs4_acl', Buffer.from('x'), now), ['system.nfs4_acl']);
      assert.deepEqual(unknown('user.note', Buffer.from('x'), now), []);
    }
    assert.deepEqual(unknown('system.nfs4_acl', Buffer.from('x'), { uid: 1, gid: 10 }), []);
  });
});
