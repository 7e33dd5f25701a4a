import assert from 'node:assert/strict';

import { remoteOf } from '../../../../src/platform/linux/remote';

describe('where other machines may have a file open', () => {
  it('is told by the type of the file system, as statfs says it on any machine', () => {
    for (const [type, lastingNumbers] of [
      [0x6969n, true],
      [0x73757245n, false],
      // With the sign of a number of 32 bits drawn out.
      [BigInt.asIntN(64, 0xffff_ffff_7375_7245n), false],
    ] as const) {
      assert.deepEqual(remoteOf(type, 1n), { fileSystem: BigInt.asUintN(32, type), lastingNumbers });
    }
    // ext4, XFS, overlayfs, Lustre
    for (const type of [0xef53n, 0x58465342n, 0x794c7630n, 0x0bd00bd0n]) assert.equal(remoteOf(type, 1n), undefined);
  });

  it('is not where the server keeps what its clients have open', () => {
    // 9p, SMB, CIFS, SMB2 (as a signed number of 32 bits, too), Ceph
    for (const type of [0x01021997n, 0x517bn, 0xff534d42n, 0xfe534d42n, BigInt.asIntN(32, 0xfe534d42n), 0x00c36400n]) {
      assert.equal(remoteOf(type, 1n), undefined, type.toString(16));
    }
  });

  it('is taken for granted of FUSE whose mount is not known', () => {
    const fuse = { fileSystem: 0x65735546n, lastingNumbers: false };
    assert.deepEqual(remoteOf(0x65735546n, undefined), fuse);
    assert.deepEqual(remoteOf(0x65735546n, 1n << 40n), fuse);
  });
});
