import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isInitialUserMap,
  parseCapabilities,
  parseFileUser,
  parseStartTime,
  wouldInterrupt,
} from '../../src/core/linux/proc';
import { SystemError } from '../../src/core/errors';
import type { TargetFacts } from '../../src/core/ports';
import { openHost } from '../../src/platform/linux/linux';
import type { Host } from '../../src/platform/linux/linux';
import { openTarget } from '../../src/platform/linux/target';
import { openPlatform } from '../../src/platform/select';
import { mountFileSystem } from '../support/filesystems';
import { asNobody, mustOpen, openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

const never = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

function factsOf(host: Host, path: string): TargetFacts {
  const target = mustOpen(host, path);
  target.close();
  return target.facts;
}

function refuses(host: Host, path: string, errno: string, operation?: string): void {
  assert.throws(
    () => openTarget(host, path),
    (thrown: unknown) => SystemError.is(thrown, errno) && (operation === undefined || thrown.operation === operation),
  );
}

describe('what is known about a target', function () {
  this.timeout(30_000);
  let host: Host;
  let directory: string;
  let descriptors: string[];

  before(function () {
    if (process.platform !== 'linux') {
      skip(this, 'target', 'only Linux');
    }
    host = openHost();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-target-'));
    chmodSync(directory, 0o777);
    descriptors = openDescriptors();
  });
  afterEach(() => {
    assert.deepEqual(openDescriptors(), descriptors, 'descriptors leaked');
    rmSync(directory, { recursive: true });
  });

  function file(base = 'target'): string {
    const path = join(directory, base);
    writeFileSync(path, 'content\n');
    return path;
  }

  it('an ordinary file', () => {
    const path = file();
    chmodSync(path, 0o4640);
    const stat = statSync(path, { bigint: true });
    const { gate, born, ...facts } = factsOf(host, path);
    assert.equal(typeof gate.gate, 'boolean');
    // Node says something else where the file system does not know.
    assert.equal(born ?? stat.birthtimeNs, stat.birthtimeNs);
    assert.deepEqual(facts, {
      realPath: path,
      kind: 'regular',
      identity: { device: stat.dev, inode: stat.ino },
      size: 8n,
      mtime: stat.mtimeNs,
      links: 1n,
      mode: 0o4640,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mountPoint: false,
      sealed: false,
      synthetic: false,
      directoryWritable: true,
      stickyForbids: false,
      ownerKeepable: true,
      ownable: true,
      groupKeepable: true,
    } satisfies Omit<TargetFacts, 'gate' | 'born'>);
  });

  it('nothing, a dangling link, and what cannot be looked up', () => {
    symlinkSync('nowhere', join(directory, 'dangling'));
    symlinkSync('loop', join(directory, 'loop'));
    assert.equal(openTarget(host, join(directory, 'missing')), undefined);
    assert.equal(openTarget(host, join(directory, 'missing', 'deeper')), undefined);
    assert.equal(openTarget(host, join(directory, 'dangling')), undefined);
    refuses(host, join(directory, 'loop'), 'ELOOP');
    refuses(host, join(file(), 'below'), 'ENOTDIR');
    refuses(host, join(directory, 'n'.repeat(256)), 'ENAMETOOLONG');
  });

  it('the end of a chain of links, in its own directory', async () => {
    mkdirSync(join(directory, 'real'));
    mkdirSync(join(directory, 'links'));
    const path = file('real/target');
    symlinkSync('../real', join(directory, 'links', 'directory'));
    symlinkSync('directory/target', join(directory, 'links', 'first'));
    symlinkSync(join(directory, 'links', 'first'), join(directory, 'second'));
    const target = mustOpen(host, join(directory, 'second'));
    assert.equal(target.facts.realPath, path);
    const staged = await target.stage(never);
    assert.equal(staged.publish(), 'published');
    assert.deepEqual(staged.identity, factsOf(host, path).identity);
    staged.close();
    target.close();
    assert.equal(readFileSync(join(directory, 'second'), 'utf8'), 'content\n');
  });

  it('its hard links', () => {
    const path = file();
    linkSync(path, join(directory, 'other'));
    assert.equal(factsOf(host, path).links, 2n);
  });

  it('directories, FIFOs and devices, none of which is opened', async () => {
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const [path, kind] of [
      [directory, 'directory'],
      ['/', 'directory'],
      [fifo, 'other'],
      ['/dev/null', 'other'],
    ] as const) {
      const target = mustOpen(host, path);
      try {
        assert.equal(target.facts.kind, kind);
        await assert.rejects(target.stage(never), (thrown: unknown) => SystemError.is(thrown, 'EINVAL'));
      } finally {
        target.close();
      }
    }
    if (isRoot) {
      // No driver behind it: opening it would say ENXIO.
      const device = join(directory, 'device');
      execFileSync('mknod', [device, 'c', '240', '77']);
      assert.equal(factsOf(host, device).kind, 'other');
    }
  });

  it('files that the kernel makes up', () => {
    for (const path of [
      '/proc/self/status',
      '/proc/sys/kernel/pid_max',
      '/sys/kernel/mm/transparent_hugepage/enabled',
    ]) {
      const target = openTarget(host, path);
      assert.equal(target?.facts.synthetic ?? true, true, path);
      target?.close();
    }
  });

  it('a mount point, which also refuses the rename', async function () {
    const path = file();
    const source = file('source');
    try {
      execFileSync('mount', ['--bind', source, path], { stdio: 'pipe' });
    } catch {
      skip(this, 'target.mount', 'needs root to mount');
    }
    try {
      const target = mustOpen(host, path);
      assert.equal(target.facts.mountPoint, true);
      const staged = await target.stage(never);
      assert.throws(
        () => staged.publish(),
        (thrown: unknown) => SystemError.is(thrown, 'EBUSY'),
      );
      staged.close();
      target.close();
      assert.equal(factsOf(host, source).mountPoint, false);
    } finally {
      execFileSync('umount', [path]);
    }
    assert.equal(factsOf(host, path).mountPoint, false);
  });

  it('immutable and append-only files and directories', function () {
    const path = file();
    for (const letter of ['i', 'a']) {
      try {
        execFileSync('chattr', [`+${letter}`, path], { stdio: 'pipe' });
      } catch {
        skip(this, 'target.sealed', 'no flags on this file system, or not root');
      }
      try {
        assert.equal(factsOf(host, path).sealed, true);
        execFileSync('chattr', [`+${letter}`, directory]);
        assert.equal(factsOf(host, path).directoryWritable, false);
      } finally {
        execFileSync('chattr', [`-${letter}`, path, directory]);
      }
      assert.equal(factsOf(host, path).sealed, false);
    }
  });

  it('as an ordinary user: foreign owners, sticky and closed directories, unreadable files', async function () {
    if (!isRoot) {
      skip(this, 'target.nobody', 'needs root to become somebody else');
    }
    const path = file();
    const own = file('own');
    chownSync(own, 65534, 65534);
    const secret = file('secret');
    chmodSync(secret, 0o600);
    const ownable = [0o644, 0o666, 0o646, 0o466, 0o266].map((mode) => {
      const other = file(`mode-${mode.toString(8)}`);
      chmodSync(other, mode);
      return other;
    });
    await asNobody(() => {
      const ordinary = openHost();
      const facts = factsOf(ordinary, path);
      assert.deepEqual(
        [facts.ownerKeepable, facts.groupKeepable, facts.stickyForbids, facts.directoryWritable],
        [false, false, false, true],
      );
      assert.ok(!facts.gate.gate && (facts.gate.why === 'notOwner' || facts.gate.why === 'fileSystem'));
      refuses(ordinary, secret, 'EACCES', 'open');
      assert.deepEqual(
        ownable.map((other) => factsOf(ordinary, other).ownable),
        [false, true, true, false, false],
      );
    });
    chmodSync(directory, 0o1777);
    await asNobody(() => {
      const ordinary = openHost();
      assert.equal(factsOf(ordinary, path).stickyForbids, true);
      const facts = factsOf(ordinary, own);
      assert.deepEqual([facts.stickyForbids, facts.ownerKeepable, facts.groupKeepable], [false, true, true]);
      assert.equal(facts.unkeepable, undefined);
    });
    execFileSync('setcap', ['cap_net_raw+ep', own]);
    assert.equal(factsOf(host, own).unkeepable, undefined);
    await asNobody(() => {
      assert.deepEqual(factsOf(openHost(), own).unkeepable, { what: 'attribute', name: 'security.capability' });
    });
    assert.equal(factsOf(host, path).stickyForbids, false);
    chmodSync(directory, 0o755);
    await asNobody(() => {
      const ordinary = openHost();
      assert.equal(factsOf(ordinary, own).directoryWritable, false);
    });
    chmodSync(directory, 0o700);
    await asNobody(() => {
      refuses(openHost(), own, 'EACCES', 'realpath');
    });
  });

  it('a read-only file system', function () {
    const mounted = mountFileSystem('tmpfs');
    if (typeof mounted === 'string') {
      skip(this, 'target.readonly', mounted);
    }
    try {
      const path = join(mounted.directory, 'target');
      writeFileSync(path, 'x');
      execFileSync('mount', ['-o', 'remount,ro', join(mounted.directory, '..')]);
      assert.equal(factsOf(host, path).directoryWritable, false);
    } finally {
      mounted.release();
    }
  });

  it('pins the inode, and counts as nobody for a lease', async function () {
    const path = file();
    const target = mustOpen(host, path);
    try {
      // F_SETLEASE F_WRLCK is granted exactly if nobody else has the inode open.
      const script = 'import fcntl,os,sys; fd=os.open(sys.argv[1],os.O_RDONLY); fcntl.fcntl(fd,1024,1)';
      try {
        execFileSync('python3', ['-c', 'pass'], { stdio: 'ignore' });
      } catch {
        skip(this, 'target.lease', 'no python3');
      }
      execFileSync('python3', ['-c', script, path], { stdio: 'pipe' });
      rmSync(path);
      writeFileSync(path, 'content\n');
      assert.notDeepEqual(factsOf(host, path).identity, target.facts.identity);
    } finally {
      target.close();
    }
    await assert.rejects(target.stage(never), (thrown: unknown) => SystemError.is(thrown, 'EBADF'));
  });
});

describe('the selected platform', () => {
  function parts(folder: string): Parameters<typeof openPlatform>[0] {
    return {
      workshopFolder: join(folder, 'workshop'),
      ownersFolder: join(folder, 'owners'),
      healsFolder: join(folder, 'running'),
      oldNamesFolder: join(folder, 'oldNames'),
      oldNameProblem: () => undefined,
      oldNameStays: () => undefined,
      editor: process.ppid,
      problem: (error) => {
        throw error;
      },
      flagProblem: (error) => {
        throw error;
      },
    };
  }

  it('opens targets', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-selected-'));
    const platform = openPlatform(parts(folder));
    assert.ok(platform.supported);
    writeFileSync(join(folder, 'file'), 'x');
    const target = platform.targets.open(join(folder, 'file'));
    assert.equal(target?.facts.kind, 'regular');
    target.close();
    rmSync(folder, { recursive: true });
  });

  it('refuses what it does not know, as a value', () => {
    const fake = (key: 'platform' | 'arch', value: string): unknown => {
      const original = Object.getOwnPropertyDescriptor(process, key) ?? {};
      Object.defineProperty(process, key, { ...original, value });
      try {
        return openPlatform(parts(join(tmpdir(), 'holdfast-nothing')));
      } finally {
        Object.defineProperty(process, key, original);
      }
    };
    assert.deepEqual(fake('platform', 'darwin'), { supported: false, why: 'platform', detail: 'darwin' });
    assert.deepEqual(fake('arch', 'mips'), { supported: false, why: 'platform', detail: `${process.platform}-mips` });
  });
});

describe('proc text', () => {
  it('says whether a signal would interrupt a thread', () => {
    const status = (blocked: string, caught: string): string => `Name:\tx\nSigBlk:\t${blocked}\nSigCgt:\t${caught}\n`;
    assert.equal(wouldInterrupt(status('0000000000000000', '0000000000010000'), 17), true);
    assert.equal(wouldInterrupt(status('0000000000010000', '0000000000010000'), 17), false);
    assert.equal(wouldInterrupt(status('0000000000000000', '0000000000020000'), 17), false);
    for (const text of ['', 'SigCgt:', 'SigBlk:\t0\nSigCgt:\tzz\n', 'SigCgt:\tffffffffffffffff\n', '\0\0']) {
      assert.equal(wouldInterrupt(text, 17), false, text);
    }
  });

  it('gives capabilities', () => {
    const none = {
      dacOverride: false,
      linuxImmutable: false,
      chown: false,
      fowner: false,
      lease: false,
      setfcap: false,
      sysAdmin: false,
    };
    assert.deepEqual(parseCapabilities('Name:\tx\nCapEff:\t000001fffeffffff\n').value, {
      dacOverride: true,
      linuxImmutable: true,
      chown: true,
      fowner: true,
      lease: true,
      setfcap: true,
      sysAdmin: true,
    });
    assert.deepEqual(parseCapabilities('CapEff:\t0000000000000001\n').value, { ...none, chown: true });
    assert.deepEqual(parseCapabilities('CapEff:\t0000000000000002\n').value, { ...none, dacOverride: true });
    assert.deepEqual(parseCapabilities('CapEff:\t0000000000000200\n').value, { ...none, linuxImmutable: true });
    assert.deepEqual(parseCapabilities('CapEff:\t0000000000000008\n').value, { ...none, fowner: true });
    assert.deepEqual(parseCapabilities('CapEff:\t0000000010000000\n').value, { ...none, lease: true });
    assert.deepEqual(parseCapabilities('CapEff:\t0000000080000000\n').value, { ...none, setfcap: true });
    assert.deepEqual(parseCapabilities('CapEff:\t0000000000200000\n').value, { ...none, sysAdmin: true });
    for (const text of ['', 'CapEff:', 'CapEff:\tzz\n', `CapEff:\t${'f'.repeat(99)}\n`, '\0\0']) {
      assert.deepEqual(parseCapabilities(text), { value: none, problems: ['no CapEff line'] });
    }
  });

  it('gives the user as which a process touches files', () => {
    assert.equal(parseFileUser('Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n').value, 4);
    assert.equal(parseFileUser(readFileSync('/proc/self/status', 'latin1')).value, process.geteuid?.());
    for (const text of [
      '',
      'Uid:',
      'Uid:\t1\t2\t3\n',
      'Uid:\t1\t2\t3\tx\n',
      `Uid:\t1\t2\t3\t${'9'.repeat(99)}\n`,
      '\0\0',
    ]) {
      assert.deepEqual(parseFileUser(text), { value: undefined, problems: ['no Uid line'] }, text);
    }
  });

  it('knows the initial user namespace by its map', () => {
    assert.ok(isInitialUserMap('         0          0 4294967295\n'));
    for (const text of ['', '0 1000 1\n', '0 100000 65536\n', '0 0 4294967295\n1 1 1\n', '\0\0']) {
      assert.ok(!isInitialUserMap(text), text);
    }
  });

  it('gives a start time, whatever the command is called', () => {
    const rest = Array.from({ length: 50 }, (_, index) => String(index + 3)).join(' ');
    assert.deepEqual(parseStartTime(`1 (a) b) (c\n) ${rest}\n`), { value: 22n, problems: [] });
    for (const text of ['', '1 (x', '1 (x) S 1 2', 'a b c d e f g h i j k l m n o p q r s t u v w']) {
      assert.deepEqual(parseStartTime(text), { value: 0n, problems: ['no start time'] });
    }
    assert.ok(parseStartTime(readFileSync('/proc/self/stat', 'latin1')).value > 0n);
  });
});
