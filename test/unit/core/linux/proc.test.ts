import assert from 'node:assert/strict';

import {
  mountsOf,
  onFileSystem,
  parseDescriptorFacts,
  parseLeaseWaiters,
  parseMappings,
  parseMountDevice,
  mountsOfTypes,
  mountType,
  parseMounts,
} from '../../../../src/core/linux/proc';
import { pick, randomFrom } from '../../../support/random';

/** Recorded on Linux 6.18, shortened. */
const LEASED =
  'pos:\t0\nflags:\t02120000\nmnt_id:\t27\nino:\t2146315\nlock:\t1: LEASE  ACTIVE    READ 31579 fe:00:2146315 0 EOF\n';
const BREAKING = LEASED.replace('ACTIVE    READ ', 'BREAKING  UNLCK ');
const LOCKS = `1: LEASE  ACTIVE    READ  4295 fe:00:11 0 EOF
2: LEASE  BREAKING  UNLCK 4295 fe:00:2146315 0 EOF
2: -> LEASE  BREAKER   WRITE 4302 <none>:0 0 EOF
2:  -> LEASE  BREAKER   WRITE 0 <none>:0 0 EOF
2: -> LEASE  BREAKER   READ  4400 <none>:0 0 EOF
3: POSIX  ADVISORY  WRITE 812 fe:00:2146315 0 EOF
3: -> POSIX  ADVISORY  WRITE 813 fe:00:2146315 0 EOF
4: LEASE  BREAKING  UNLCK 9999 fe:00:2146315 0 EOF
4: -> LEASE  BREAKER   WRITE 4303 <none>:0 0 EOF
5: FLOCK  ADVISORY  WRITE 540 00:1a:702 0 EOF
6: OFDLCK ADVISORY  READ  -1 00:05:125 0 EOF
7: DELEG  ACTIVE    READ  5 fe:00:7 0 EOF
`;
const MOUNTS = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
27 22 0:26 /a\\040b /mnt rw shared:3 master:1 - btrfs /dev/loop0 rw
127 22 259:17 / /data rw - xfs /dev/nvme0n1p1 rw
`;
const MAPS = `55d0c8a00000-55d0c8a02000 r--p 00000000 00:1a 257                         /mnt/file with spaces
55d0c8a02000-55d0c8a03000 r-xp 00002000 00:1a 257                         /mnt/file with spaces
55d0c8a04000-55d0c8a05000 rw-p 00000000 00:00 0                           [heap]
7f3c00000000-7f3c00001000 rw-s 00000000 00:1a 257                         /mnt/other (deleted)
7f3c00002000-7f3c00003000 rw-s 00000000 fe:00 257                         /x 00:1a 257 y
7f3c00004000-7f3c00005000 r--p 00000000 00:1a 2570                        /mnt/third
`;

describe('descriptor facts', () => {
  it('are read, lease and all', () => {
    assert.deepEqual(parseDescriptorFacts(LEASED), {
      value: {
        position: 0,
        flags: 0o2120000,
        mount: 27,
        inode: '2146315',
        lease: { file: 'fe:00:2146315', breaking: false },
      },
      problems: [],
    });
    assert.equal(parseDescriptorFacts(BREAKING).value.lease?.breaking, true);
  });

  it('are absent where the kernel does not tell', () => {
    const old = 'pos:\t0\nflags:\t0100000\nmnt_id:\t27\n';
    assert.deepEqual(parseDescriptorFacts(old).value, {
      position: 0,
      flags: 0o100000,
      mount: 27,
      inode: undefined,
      lease: undefined,
    });
    const none = { position: undefined, flags: undefined, mount: undefined, inode: undefined, lease: undefined };
    assert.deepEqual(parseDescriptorFacts(''), { value: none, problems: ['no flags line'] });
    const locked = `${old}lock:\t1: POSIX  ADVISORY  WRITE 812 fe:00:2146315 0 EOF\n`;
    assert.equal(parseDescriptorFacts(locked).value.lease, undefined);
  });
});

describe('lease waiters', () => {
  it('are those who want to write, under every lease on the file', () => {
    assert.deepEqual(parseLeaseWaiters(LOCKS, 'fe:00:2146315'), {
      value: { leased: true, writers: [4302, 0, 4303] },
      problems: [],
    });
  });

  it('are none where nobody waits, or there is no lease', () => {
    assert.deepEqual(parseLeaseWaiters(LOCKS, 'fe:00:11').value, { leased: true, writers: [] });
    assert.deepEqual(parseLeaseWaiters(LOCKS, 'fe:00:7').value, { leased: false, writers: [] });
    assert.deepEqual(parseLeaseWaiters(LOCKS, 'fe:00:1').value, { leased: false, writers: [] });
    assert.deepEqual(parseLeaseWaiters('', 'fe:00:11'), { value: { leased: false, writers: [] }, problems: [] });
  });

  it('do not pass from one lock to the next over a line that is not understood', () => {
    const torn = LOCKS.replace('2: LEASE', '2 LEASE');
    const { value, problems } = parseLeaseWaiters(torn, 'fe:00:2146315');
    assert.deepEqual(value, { leased: true, writers: [4303] });
    assert.equal(problems.length, 1);
  });
});

describe('a mount', () => {
  it('has the device that maps show', () => {
    assert.equal(parseMountDevice(MOUNTS, 22).value, 'fe:00');
    assert.equal(parseMountDevice(MOUNTS, 27).value, '00:1a');
    assert.equal(parseMountDevice(MOUNTS, 127).value, '103:11');
    assert.deepEqual(parseMountDevice(MOUNTS, 7), { value: undefined, problems: ['no mount 7'] });
  });
});

describe('mounts', () => {
  /** Recorded on Linux 6.18, shortened: ext4, two subvolumes of one btrfs, overlayfs, and a namespace file. */
  const NAMESPACE = String.raw`22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 254:0 /srv/app.conf /etc/app.conf rw,relatime - ext4 /dev/vda rw
31 22 254:0 /srv/old.conf//deleted /etc/old.conf rw,relatime - ext4 /dev/vda rw
32 22 254:0 /srv/a\040b\011c\012d\134e\043f /mnt/a\040b rw - ext4 /dev/vda rw
40 22 0:26 /@home /home rw,noatime shared:3 master:1 - btrfs /dev/loop0 rw,subvol=/@home
41 22 0:26 /@home/user/run.sh /opt/run.sh rw - btrfs /dev/loop0 rw,subvol=/@home
42 22 0:26 /@other/user/run.sh /opt/other.sh rw - btrfs /dev/loop0 rw,subvol=/@other
50 22 0:45 / /merged rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
51 22 0:45 /etc/run.sh /opt/over.sh rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
60 22 0:4 mnt:[4026532281] /run/ns rw - nsfs nsfs rw
`;
  const { value: mounts, problems } = parseMounts(NAMESPACE);
  const mountsFor = (id: number, path: string): readonly string[] => {
    const file = onFileSystem(mounts, id, path);
    return file ? mountsOf(mounts, file) : ['nowhere'];
  };

  it('are read: escapes, deleted names, and roots that are no paths', () => {
    assert.deepEqual(problems, []);
    assert.deepEqual(mounts[3], {
      id: 32,
      device: '254:0',
      root: '/srv/a b\tc\nd\\e#f',
      deleted: false,
      at: '/mnt/a b',
    });
    assert.deepEqual([mounts[2]?.root, mounts[2]?.deleted], ['/srv/old.conf', true]);
    assert.equal(mounts.at(-1)?.root, 'mnt:[4026532281]');
    assert.deepEqual(parseMounts('').value, []);
    assert.equal(parseMounts(`x\n${NAMESPACE}22 1 254:0 /`).problems.length, 2);
    assert.equal(parseMounts(`x\n${NAMESPACE}22 1 254:0 /`).value.length, mounts.length);
  });

  it('say what is mounted, with optional fields before and without', () => {
    const mountinfo = [
      '36 35 0:30 / /home rw,relatime shared:1 master:2 - nfs4 server:/home - rw',
      '3 35 0:31 / /over\\040there rw - fuse.sshfs me@server: rw,user_id=0',
      '37 35 0:32 / /broken rw',
    ].join('\n');
    assert.deepEqual(
      [36n, 3n, 37n, 6n].map((id) => mountType(mountinfo, id)),
      ['nfs4', 'fuse.sshfs', undefined, undefined],
    );
    assert.deepEqual(mountsOfTypes(mountinfo, new Set(['nfs4', 'ext4'])), new Set([36n]));
    assert.deepEqual(mountsOfTypes(`${mountinfo}\nx`, new Set(['fuse'])), new Set());
  });

  it('are found by what is mounted, by its path in its file system', () => {
    assert.deepEqual(mountsFor(22, '/srv/app.conf'), ['/etc/app.conf']);
    assert.deepEqual(mountsFor(22, '/srv/app.con'), []);
    assert.deepEqual(mountsFor(22, '/srv/old.conf'), [], 'what is mounted there is another file');
    assert.deepEqual(mountsFor(22, '/srv/a b\tc\nd\\e#f'), ['/mnt/a b']);
    assert.deepEqual(mountsFor(40, '/home/user/run.sh'), ['/opt/run.sh'], 'of this subvolume');
    assert.deepEqual(mountsFor(50, '/merged/etc/run.sh'), ['/opt/over.sh']);
    assert.deepEqual(mountsFor(50, '/merged/srv/app.conf'), [], 'of another file system');
  });

  it('are unknown of what is not below its mount', () => {
    assert.deepEqual(mountsFor(30, '/etc/app.conf'), ['nowhere'], 'the mount point itself');
    assert.deepEqual(mountsFor(40, '/srv/app.conf'), ['nowhere']);
    assert.deepEqual(mountsFor(40, '/homes/x'), ['nowhere']);
    assert.deepEqual(mountsFor(31, '/etc/old.conf/x'), ['nowhere']);
    assert.deepEqual(mountsFor(99, '/srv/app.conf'), ['nowhere']);
    assert.equal(onFileSystem(mounts, 22, '/'), undefined);
  });
});

describe('mappings', () => {
  it('are found by device and inode, each path once', () => {
    assert.deepEqual(parseMappings(MAPS, '00:1a', '257').value, ['/mnt/file with spaces', '/mnt/other (deleted)']);
    assert.deepEqual(parseMappings(MAPS, 'fe:00', '257').value, ['/x 00:1a 257 y']);
    assert.deepEqual(parseMappings(MAPS, 'fe:00', '25').value, []);
    assert.deepEqual(parseMappings(MAPS.trimEnd(), '00:1a', '2570').value, ['/mnt/third']);
  });
});

describe('parsers of /proc', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);

  it(`have an answer to anything (seed ${seed})`, () => {
    const random = randomFrom(seed);
    const texts = [LEASED, BREAKING, LOCKS, MOUNTS, MAPS];
    for (let round = 0; round < 10_000; round++) {
      let text = pick(random, texts);
      for (let change = 0; change < 1 + random() * 8; change++) {
        const at = Math.floor(random() * text.length);
        const inserted = pick(random, [
          '',
          '\n',
          ' ',
          '0',
          '-> ',
          'LEASE',
          ':',
          '\0',
          '\u00ff',
          '999999999999999999999',
        ]);
        text = text.slice(0, at) + inserted + text.slice(at + Math.floor(random() * 40));
      }
      const facts = parseDescriptorFacts(text).value;
      assert.ok(facts.flags === undefined || Number.isSafeInteger(facts.flags), text);
      const { writers } = parseLeaseWaiters(text, 'fe:00:2146315').value;
      assert.ok(writers.every(Number.isSafeInteger), text);
      assert.ok(
        parseMounts(text).value.every(({ id, root, at }) => Number.isSafeInteger(id) && root !== '' && at !== ''),
        text,
      );
      assert.ok(
        [...mountsOfTypes(text, new Set(['ext4']))].every((id) => text.includes(String(id))),
        text,
      );
      assert.match(parseMountDevice(text, 27).value ?? '00:00', /^[\da-f]{2,}:[\da-f]{2,}$/);
      assert.ok(
        parseMappings(text, '00:1a', '257').value.every((path) => !path.includes('\n')),
        text,
      );
    }
  });
});
