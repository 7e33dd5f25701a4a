/** What processes left that were killed in the middle of a save, on real file systems. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import type { SystemError } from '../../src/core/errors';
import type { KeeperEvent } from '../../src/core/guard';
import { limits } from '../../src/core/limits';
import { parseStartTime } from '../../src/core/linux/proc';
import {
  beginLine,
  completeLine,
  ownerLine,
  protectLine,
  targetLine,
  unprotectLine,
  type Owner,
} from '../../src/core/ownerRecord';
import { temporaryName } from '../../src/core/temporaryName';
import { KeeperClient } from '../../src/keeper/client';
import { openHost, type Host } from '../../src/platform/linux/linux';
import { lookFor, thisOwner } from '../../src/platform/linux/owner';
import { Place } from '../../src/platform/linux/place';
import { OwnRecord, recordName } from '../../src/platform/linux/records';
import { recover } from '../../src/platform/linux/recovery';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { mountFileSystem, type FileSystem } from '../support/filesystems';
import { LineProgram } from '../support/lineProgram';
import { asNobody, openDescriptors, visible } from '../support/platform';
import { skip } from '../support/skip';

const never = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

/** A process that was, and is no more. */
function endedOwner(): Owner {
  const { pid } = spawnSync('true');
  return { ...thisOwner(), pid, startTime: 1n };
}

describe('recovery', function () {
  this.timeout(60_000);
  let host: Host;
  let root: string;
  let folder: string;
  let owners: string;
  let path: string;
  let counter = 0;
  const kept: { readonly path: string; readonly bytes: string }[] = [];
  const removed: string[] = [];
  const unprotected: string[] = [];
  const problems: SystemError[] = [];
  let refuseToKeep = false;
  let descriptors: readonly string[];

  before(() => {
    host = openHost();
  });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-recovery-'));
    [folder, owners] = [join(root, 'folder'), join(root, 'owners')];
    mkdirSync(folder);
    mkdirSync(owners);
    path = join(folder, 'file');
    writeFileSync(path, 'new version\n');
    kept.length = removed.length = unprotected.length = problems.length = 0;
    refuseToKeep = false;
    descriptors = openDescriptors();
  });
  afterEach(() => {
    assert.deepEqual(openDescriptors(), descriptors);
    rmSync(root, { recursive: true });
  });

  function record(owner: Owner, ...lines: readonly string[]): string {
    const file = join(owners, `${String(owner.pid)}-${String(owner.startTime)}-0123456789abcdef.owner`);
    assert.match(file.slice(owners.length + 1), recordName);
    writeFileSync(file, [ownerLine(owner), ...lines].join(''), 'latin1');
    return file;
  }

  function leave(owner: Owner, bytes: string, target = 1): string {
    const name = join(folder, temporaryName({ ...owner, target }, counter++));
    writeFileSync(name, bytes);
    return name;
  }

  async function recoverAll(): Promise<void> {
    await recover(
      host,
      owners,
      {
        keep: async (descriptor, of) => {
          await Promise.resolve();
          if (refuseToKeep) throw Object.assign(new Error('no room'), { code: 'ENOSPC', errno: -28, syscall: 'write' });
          kept.push({ path: of, bytes: readFileSync(`/proc/self/fd/${String(descriptor)}`, 'utf8') });
        },
        removed: (name) => removed.push(name),
        healed: () => undefined,
        unprotected: (of) => unprotected.push(of),
        problem: (error) => problems.push(error),
      },
      never,
    );
  }

  function errnos(): readonly string[] {
    return problems.map(({ errno }) => errno);
  }

  it('gives a file the permission back that a veto had taken when its process died, and no other file', async () => {
    const files = ['left', 'replaced', 'ended', 'gone'].map((name) => join(folder, name));
    const [left = '', replaced = '', endedBefore = '', gone = ''] = files;
    for (const name of files) writeFileSync(name, 'x', { mode: 0o640 });
    const lines = files.map((name) => {
      const { ino } = statSync(name, { bigint: true });
      return protectLine(name, { by: 'writeBit', inode: name === replaced ? ino + 1n : ino });
    });
    for (const name of files) chmodSync(name, 0o440);
    rmSync(gone);
    const file = record(endedOwner(), ...lines, unprotectLine(endedBefore));
    await recoverAll();
    assert.deepEqual(
      [left, replaced, endedBefore].map((name) => statSync(name).mode & 0o777),
      [0o640, 0o440, 0o440],
    );
    assert.deepEqual([unprotected, problems, existsSync(file)], [[left], [], false]);
    const living = record(thisOwner(), ...lines);
    chmodSync(left, 0o440);
    await recoverAll();
    assert.deepEqual([statSync(left).mode & 0o777, existsSync(living)], [0o440, true], 'its process lives');
  });

  it('removes what is at the path, its beginning, and what never was a version', async () => {
    const owner = endedOwner();
    const unfinished = leave(owner, 'new, but not yet wh');
    const complete = leave(owner, 'new version\n');
    const [begun, finished] = [unfinished, complete].map((name) => name.slice(folder.length + 1));
    const lines = [beginLine(begun ?? ''), beginLine(finished ?? ''), completeLine(finished ?? '')];
    const file = record(owner, targetLine(1, path), ...lines);
    const left = [unfinished, complete, leave(owner, 'new ver'), leave(owner, '')];
    const second = join(folder, temporaryName({ ...owner, target: 1 }, counter++));
    linkSync(path, second);
    await recoverAll();
    assert.deepEqual(readdirSync(folder), ['file']);
    assert.deepEqual(removed.toSorted(), [...left, second].toSorted());
    assert.deepEqual([kept, problems, existsSync(file)], [[], [], false]);
    assert.equal(readFileSync(path, 'utf8'), 'new version\n');
  });

  it('does not take a version for unfinished that the machine’s death may have kept from being called complete', async () => {
    const owner = { ...endedOwner(), boot: 'another' };
    const left = leave(owner, 'old version\n');
    record(owner, targetLine(1, path), beginLine(left.slice(folder.length + 1)));
    await recoverAll();
    assert.deepEqual(
      kept.map(({ bytes }) => bytes),
      ['old version\n'],
    );
  });

  it('keeps a version that is nowhere else before it removes it', async () => {
    const owner = endedOwner();
    const bytes = Buffer.from([0x66, 0xfc]);
    const odd = Buffer.concat([Buffer.from(`${folder}/`), bytes]);
    writeFileSync(odd, 'new odd\n');
    const file = record(owner, targetLine(1, path), targetLine(2, odd.toString('latin1')));
    leave(owner, 'old version\n');
    leave(owner, 'new version\nand more\n');
    leave(owner, 'old odd\n', 2);
    // The same again is kept already; of another file it is another version.
    leave(owner, 'old version\n');
    leave(owner, 'old version\n', 2);
    await recoverAll();
    const versions = kept.map((one) => one.bytes).toSorted();
    assert.deepEqual(versions, ['new version\nand more\n', 'old odd\n', 'old version\n', 'old version\n']);
    assert.equal(kept.filter((one) => one.path === path).length, 2);
    assert.deepEqual([readdirSync(folder).length, removed.length, problems, existsSync(file)], [2, 5, [], false]);
  });

  it('puts nothing back to a path that leads to nothing, or to something else', async () => {
    const owner = endedOwner();
    rmSync(path);
    mkdirSync(path);
    record(owner, targetLine(1, path), targetLine(2, join(folder, 'gone')));
    leave(owner, 'a version\n');
    leave(owner, 'another\n', 2);
    await recoverAll();
    assert.deepEqual(kept.map((one) => one.bytes).toSorted(), ['a version\n', 'another\n']);
    assert.deepEqual([readdirSync(folder), problems], [['file'], []]);
  });

  it('leaves what cannot be kept, goes on with the others, and looks again at the next start', async () => {
    const owner = endedOwner();
    const file = record(owner, targetLine(1, path));
    const only = leave(owner, 'old version\n');
    leave(owner, 'new version\n');
    refuseToKeep = true;
    await recoverAll();
    assert.deepEqual([errnos(), problems[0]?.operation, problems[0]?.path], [['ENOSPC'], 'write', only]);
    assert.deepEqual([readFileSync(only, 'utf8'), removed.length, existsSync(file)], ['old version\n', 1, true]);
    refuseToKeep = false;
    await recoverAll();
    assert.deepEqual([kept.length, readdirSync(folder), existsSync(file)], [1, ['file'], false]);
  });

  it('leaves what somebody writes, and looks again at the next start', async () => {
    const owner = endedOwner();
    const file = record(owner, targetLine(1, path));
    const bait = leave(owner, 'new ver');
    const writer = openSync(bait, 'a');
    const began = performance.now();
    await recoverAll();
    assert.ok(performance.now() - began >= limits.recoveryWriters);
    assert.deepEqual([errnos(), existsSync(bait), existsSync(file)], [['EBUSY'], true, true]);
    closeSync(writer);
    await recoverAll();
    assert.deepEqual([kept, existsSync(bait), existsSync(file)], [[], false, false]);
  });

  it('waits for an editor that is writing it, and then finds what is at the path', async () => {
    const owner = endedOwner();
    record(owner, targetLine(1, path));
    const bait = leave(owner, '');
    const writer = openSync(bait, 'a');
    const recovering = recoverAll();
    appendFileSync(writer, 'new version\n');
    closeSync(writer);
    await recovering;
    assert.deepEqual([kept, problems, existsSync(bait)], [[], [], false]);
  });

  it('touches nothing of a process that lives, though its record is not locked', async () => {
    const owner = { ...thisOwner(), pid: process.ppid };
    const stat = readFileSync(`/proc/${String(process.ppid)}/stat`, 'latin1');
    const living = { ...owner, startTime: parseStartTime(stat).value };
    const file = record(living, targetLine(1, path));
    const name = leave(living, 'new version\n');
    await recoverAll();
    assert.deepEqual([existsSync(name), existsSync(file), removed, problems], [true, true, [], []]);
  });

  it('touches nothing but the names of the record: not those of others, and nothing in other folders', async () => {
    const owner = endedOwner();
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    record(owner, targetLine(1, path), targetLine(2, join(inner, 'file')));
    const others = [
      leave({ ...owner, pid: owner.pid + 1 }, 'new version\n'),
      leave({ ...owner, startTime: 2n }, 'new version\n'),
      // Their paths were not written down, or are elsewhere.
      leave(owner, 'new version\n', 0),
      leave(owner, 'new version\n', 2),
      leave(owner, 'new version\n', 3),
    ];
    await recoverAll();
    assert.deepEqual(
      others.map((name) => existsSync(name)),
      others.map(() => true),
    );
    assert.deepEqual([removed, kept, errnos()], [[], [], ['ENOKEY', 'ENOKEY', 'ENOKEY']]);
  });

  it('leaves what is no file, and follows no link', async () => {
    const owner = endedOwner();
    record(owner, targetLine(1, path));
    const name = (): string => join(folder, temporaryName({ ...owner, target: 1 }, counter++));
    const precious = join(root, 'precious');
    writeFileSync(precious, 'new version\n');
    const [link, pipe, directory] = [name(), name(), name()];
    symlinkSync(precious, link);
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    mkdirSync(directory);
    await recoverAll();
    assert.deepEqual([errnos(), readdirSync(folder).length], [['EINVAL', 'EINVAL', 'EINVAL'], 4]);
    assert.equal(readFileSync(precious, 'utf8'), 'new version\n');
  });

  it('leaves what belongs to another user', async function () {
    if (!isRoot) skip(this, 'recovery.owner', 'only root can give a file away');
    const owner = endedOwner();
    record(owner, targetLine(1, path));
    const theirs = leave(owner, 'new version\n');
    chownSync(theirs, 65534, 65534);
    await recoverAll();
    assert.deepEqual([errnos(), existsSync(theirs)], [['EPERM'], true]);
  });

  it('does what is left of a file of another user whose path is that user’s too', async function () {
    if (!isRoot) skip(this, 'recovery.owner', 'only root can give a file away');
    const owner = endedOwner();
    record(owner, targetLine(1, path));
    for (const one of [path, leave(owner, 'new version\n')]) chownSync(one, 65534, 65534);
    await recoverAll();
    assert.deepEqual([errnos(), removed.length], [[], 1]);
  });

  it('remembers a folder that is not there, and forgets it after a month', async () => {
    const owner = endedOwner();
    const file = record(owner, targetLine(1, join(root, 'away', 'file')), targetLine(2, path));
    leave(owner, 'new version\n', 2);
    await recoverAll();
    assert.deepEqual([removed.length, problems, existsSync(file)], [1, [], true]);
    const long = new Date(Date.now() - 31 * 86_400_000);
    utimesSync(file, long, long);
    await recoverAll();
    assert.deepEqual([problems, existsSync(file)], [[], false]);
  });

  it('tells of a record that it does not understand, and leaves it', async () => {
    const file = record(endedOwner());
    writeFileSync(file, 'nonsense\n');
    await recoverAll();
    assert.deepEqual([errnos(), problems[0]?.path, existsSync(file)], [['EINVAL'], file, true]);
  });

  it('has nothing to do where there are no records', async () => {
    rmSync(owners, { recursive: true });
    await recoverAll();
    assert.deepEqual([removed, kept, problems], [[], [], []]);
    mkdirSync(owners);
  });

  describe('a process that writes its record itself', () => {
    const program = join(projectFolder(), 'out', 'test', 'support', 'leaver.entry.cjs');

    /** @param through a program that starts it, and its arguments */
    async function leaver(...through: readonly string[]): Promise<LineProgram> {
      const whole = [...through, process.execPath, program, owners, path, 'new version\n'];
      return LineProgram.start(whole[0] ?? '', ...whole.slice(1));
    }

    async function killed(leaving: LineProgram): Promise<void> {
      process.kill(leaving.pid, 'SIGKILL');
      await leaving.end();
    }

    it('keeps its names while it lives, and loses them when it was killed', async () => {
      const [living, dying] = [await leaver(), await leaver()];
      const [first, second] = [await living.ask(), await dying.ask()];
      await recoverAll();
      assert.deepEqual([existsSync(first), existsSync(second), problems], [true, true, []]);
      await killed(dying);
      await recoverAll();
      assert.deepEqual([existsSync(first), removed, problems], [true, [second], []]);
      await living.end();
      await recoverAll();
      assert.deepEqual([readdirSync(folder), readdirSync(owners), problems], [['file'], [], []]);
    });

    it('does so in a container, which has other pids', async function () {
      if (!isRoot) skip(this, 'recovery.namespace', 'a pid namespace needs root');
      const leaving = await leaver('unshare', '--pid', '--fork', '--kill-child');
      const name = await leaving.ask();
      assert.match(name, /\.holdfast-1-/);
      await recoverAll();
      assert.deepEqual([existsSync(name), problems], [true, []]);
      await killed(leaving);
      // It ends a moment after the process that has started it, and nobody tells us.
      const due = performance.now() + 10_000;
      while (existsSync(name) && performance.now() < due) await recoverAll();
      assert.deepEqual([existsSync(name), readdirSync(owners), problems], [false, [], []]);
    });
  });

  it('runs by itself when a window has started, and tells of what it kept until the user knows', async () => {
    const storage = join(root, 'storage');
    const ownersOfStorage = join(storage, 'owners');
    mkdirSync(storage);
    const owner = endedOwner();
    renameSync(record(owner, targetLine(1, path)), join(root, 'moved'));
    mkdirSync(ownersOfStorage);
    renameSync(join(root, 'moved'), join(ownersOfStorage, `${String(owner.pid)}-1-0123456789abcdef.owner`));
    const [gone] = [leave(owner, 'new version\n'), leave(owner, 'old version\n')];
    const untold: number[] = [];
    for (let start = 0; start < 3; start++) {
      const events: KeeperEvent[] = [];
      let told: (untold: readonly string[]) => void = () => undefined;
      const ended = new Promise<readonly string[]>((resolve) => {
        told = resolve;
      });
      const client = new KeeperClient(
        { stager: join(projectFolder(), 'out', 'src', 'keeper', 'stager.cjs'), keeper: undefined },
        { storageFolder: storage, editor: process.pid },
        (event) => {
          events.push(event);
          if (event.kind === 'recoveryEnded') told(event.untold);
        },
      );
      client.start();
      const files = await within(20_000, 'the end of recovery', ended);
      untold.push(files.length);
      if (start === 0) {
        assert.ok(events.some((event) => event.kind === 'recovered' && event.path === gone));
        assert.deepEqual(readdirSync(folder), ['file']);
      }
      const versions = (await client.keptVersions()) ?? [];
      assert.deepEqual(
        versions.map(({ path: of, why, file }) => [of, why, readFileSync(file, 'utf8')]),
        [[path, 'interrupted', 'old version\n']],
      );
      if (start === 1) client.toldOfKept(files);
      // What is asked for last is answered last.
      if (start === 2) {
        assert.equal((await client.putBackKept(files[0] ?? versions[0]?.file ?? ''))?.errno, 'EEXIST');
        assert.equal(await client.keepCurrent(path), undefined);
        assert.equal(await client.removeKept(versions[0]?.file ?? ''), undefined);
        assert.deepEqual(
          (await client.keptVersions())?.map(({ why }) => why),
          ['restored'],
        );
      }
      await client.stop();
      assert.equal(await client.keptVersions(), undefined);
    }
    assert.deepEqual(untold, [1, 1, 0]);
  });

  it('tells a process of another user from none', async function () {
    if (!isRoot) skip(this, 'recovery.eperm', 'needs root to become another user');
    const startTime = parseStartTime(readFileSync('/proc/1/stat', 'latin1')).value;
    const [living, other] = await asNobody(() => [
      lookFor({ ...thisOwner(), pid: 1, startTime }),
      lookFor({ ...thisOwner(), pid: 1, startTime: startTime + 1n }),
    ]);
    assert.deepEqual([living, other, lookFor(endedOwner())], ['there', 'gone', 'gone']);
  });

  describe('our own record', () => {
    const told: SystemError[] = [];
    function own(): OwnRecord {
      told.length = 0;
      return new OwnRecord(host.gateCalls, owners, { ...thisOwner(), pid: 1 << 22 }, (error) => told.push(error));
    }
    function noted(by: OwnRecord, at: string): number {
      const place = Place.open(Buffer.from(at));
      by.note(place);
      place.release();
      return place.record;
    }

    it('is written once for each path, and taken up again by the next thread', async () => {
      writeFileSync(join(folder, 'second'), '');
      const first = own();
      assert.deepEqual(readdirSync(owners), []);
      assert.deepEqual([noted(first, path), noted(first, join(folder, 'second'))], [1, 2]);
      const [file] = readdirSync(owners) as [string];
      const written = visible(join(owners, file));
      assert.equal(noted(first, path), 1);
      assert.deepEqual([visible(join(owners, file)), statSync(join(owners, file)).mode & 0o777], [written, 0o600]);
      await first.close();
      const next = own();
      assert.deepEqual([noted(next, path), readdirSync(owners), told], [3, [file], []]);
      await next.close();
    });

    it('is not missed by a save if it cannot be written', async function () {
      if (!isRoot) skip(this, 'recovery.record', 'needs root to become another user');
      chmodSync(owners, 0o500);
      chmodSync(root, 0o755);
      await asNobody(() => {
        const refused = own();
        assert.deepEqual([noted(refused, path), noted(refused, path)], [0, 0]);
      });
      assert.deepEqual(
        told.map(({ operation, errno }) => [operation, errno]),
        [['open', 'EACCES']],
      );
    });
  });

  for (const name of ['bindfs', 'overlay', 'tmpfs'] as const) {
    describe(`on ${name}`, () => {
      let system: FileSystem;
      before(function () {
        const mounted = mountFileSystem(name);
        if (typeof mounted === 'string') skip(this, `recovery.${name}`, mounted);
        system = mounted;
      });
      after(() => {
        (system as FileSystem | undefined)?.release();
      });

      it('keeps what is nowhere else, and removes the rest', async () => {
        folder = system.directory;
        path = join(folder, 'file');
        writeFileSync(path, 'new version\n');
        const owner = endedOwner();
        record(owner, targetLine(1, path));
        leave(owner, 'new version\n');
        leave(owner, 'old version\n');
        await recoverAll();
        assert.deepEqual([kept.map(({ bytes }) => bytes), removed.length, errnos()], [['old version\n'], 2, []]);
        assert.deepEqual(readdirSync(folder), ['file']);
      });
    });
  }
});
