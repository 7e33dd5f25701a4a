/** The other names of an inode that saves have taken from its path, joined again on the real kernel. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
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
import { dirname, join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';

import { SystemError } from '../../src/core/errors';
import type { Joined, LeftWhy } from '../../src/core/join';
import { joinTries, rememberedSeparations } from '../../src/core/limits';
import { NameJoiner, type PathDoor } from '../../src/keeper/nameJoiner';
import { openNameSystem } from '../../src/platform/linux/join/system';
import { RENAME_EXCHANGE } from '../../src/platform/linux/layouts';
import type { Libc } from '../../src/platform/linux/libc';
import { openHost, type Host } from '../../src/platform/linux/linux';
import { openTarget } from '../../src/platform/linux/target';
import { SeparationFiles } from '../../src/platform/separationFiles';
import { FILE_SYSTEMS, mountFileSystem, type FileSystem } from '../support/filesystems';
import { asNobody, mustOpen, openDescriptors } from '../support/platform';
import { skip } from '../support/skip';
import { sumOf } from '../support/sum';

const never = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

/** A path that nobody saves. */
const free: PathDoor = { lock: () => Promise.resolve('atOnce'), unlock: () => undefined };

describe('joining names again', function () {
  this.timeout(30_000);
  let host: Host;
  let base: string;
  let folder: string;
  let records: string;
  let path: string;
  let joiner: NameJoiner;
  let descriptors: string[];
  /** Paths whose readers were told of a new version. */
  const raised: string[] = [];
  const raise = (path: string | Uint8Array): void => {
    raised.push(Buffer.from(path).toString());
  };

  before(function () {
    if (process.platform !== 'linux') skip(this, 'join', 'only Linux');
    host = openHost();
  });
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'holdfast-join-'));
    chmodSync(base, 0o755);
    records = join(base, 'records');
    folder = join(base, 'folder');
    mkdirSync(folder);
    path = join(folder, 'run.sh');
    writeFileSync(path, 'old\n');
    raised.length = 0;
    joiner = joinerOn(host);
    descriptors = openDescriptors();
  });
  afterEach(() => {
    assert.deepEqual(openDescriptors(), descriptors, 'descriptors leaked');
    const names = execFileSync('find', [base, '-name', '.holdfast*'], { encoding: 'utf8' });
    assert.equal(names, '', 'names left over');
    rmSync(base, { recursive: true });
  });

  function joinerOn(on: Host): NameJoiner {
    return new NameJoiner(
      { open: (target) => openTarget(on, target) },
      openNameSystem(on),
      new SeparationFiles(records),
      { raise },
    );
  }

  /** Another name of the path's inode. */
  function named(...names: string[]): string {
    const name = join(base, ...names);
    mkdirSync(dirname(name), { recursive: true });
    linkSync(path, name);
    return name;
  }

  /** What a save does to a file in use: a new inode at the path. Whether other names were left behind. */
  async function separate(content = 'new\n'): Promise<boolean> {
    const target = mustOpen(host, path);
    writeFileSync(join(base, 'version'), content);
    renameSync(join(base, 'version'), path);
    const noted = joiner.note(target);
    target.close();
    return noted;
  }

  function rejoin(folders: readonly string[] = [folder], by = joiner, door = free): Promise<Joined> {
    return by.join(path, folders, never, door);
  }

  function assertJoined(...names: readonly string[]): void {
    for (const name of names) {
      assert.ok(raised.includes(name), `readers of ${name} are told`);
      assert.equal(statSync(name).ino, statSync(path).ino, name);
      assert.equal(readFileSync(name, 'utf8'), readFileSync(path, 'utf8'));
    }
  }

  function assertOld(...names: readonly string[]): void {
    for (const name of names) {
      assert.notEqual(statSync(name).ino, statSync(path).ino, name);
      assert.equal(readFileSync(name, 'utf8'), 'old\n');
    }
  }

  const leftWhy = (result: Joined): readonly LeftWhy[] =>
    result.is === 'done' ? result.left.map(({ why }) => why) : assert.fail(result.why);
  const counts = (result: Joined): readonly number[] =>
    result.is === 'done' ? [result.joined, result.left.length, result.missing] : assert.fail(result.why);

  it('makes names in several folders lead to the new version, and leaves the old one to its holder', async () => {
    const names = [
      named('folder', 'beside'),
      named('folder', 'deep', 'er', 'one'),
      named('other', 'two'),
      named('other', '\u00fcml\u00e4ut \n name'),
    ];
    const holder = openSync(path, 'r');
    const { mtimeNs } = statSync(path, { bigint: true });
    assert.equal(await separate(), true);
    assertOld(...names);
    assert.equal(joiner.isSeparated(path), true);
    const version = statSync(path, { bigint: true });
    const result = await rejoin([folder, join(base, 'other')]);
    assert.deepEqual(counts(result), [4, 0, 0]);
    assertJoined(...names);
    const now = statSync(path, { bigint: true });
    assert.deepEqual([now.ino, now.mtimeNs, now.nlink], [version.ino, version.mtimeNs, 5n]);
    const held = statSync(`/proc/self/fd/${String(holder)}`, { bigint: true });
    assert.deepEqual([held.nlink, held.mtimeNs], [0n, mtimeNs]);
    assert.equal(readFileSync(holder, 'utf8'), 'old\n');
    closeSync(holder);
    assert.equal(joiner.isSeparated(path), false);
    assert.deepEqual(await rejoin(), { is: 'refused', why: 'nothingKnown' });
    assert.deepEqual(readdirSync(records), []);
  });

  it('takes names that are not text as they are', async () => {
    const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe, 0x2e])]);
    try {
      linkSync(path, name);
    } catch {
      // A file system may insist on text.
      return;
    }
    await separate();
    assert.deepEqual(counts(await rejoin()), [1, 0, 0]);
    assert.equal(statSync(name).ino, statSync(path).ino);
  });

  it('says how many names are elsewhere, and joins them when it is told where', async () => {
    const here = named('folder', 'here');
    const elsewhere = named('elsewhere', 'deep', 'there');
    await separate();
    assert.deepEqual(counts(await rejoin()), [1, 0, 1]);
    assertJoined(here);
    assertOld(elsewhere);
    assert.equal(joiner.isSeparated(path), true);
    assert.deepEqual(counts(await rejoin()), [0, 0, 1], 'nothing more is found in the same place');
    assert.deepEqual(counts(await rejoin([join(base, 'elsewhere')])), [1, 0, 0]);
    assertJoined(here, elsewhere);
  });

  it('knows the names after a restart, and joins them to what the path leads to by then', async () => {
    const other = named('folder', 'other');
    await separate();
    await separate('newer\n');
    assertOld(other);
    const restarted = joinerOn(openHost());
    assert.equal(restarted.isSeparated(path), true);
    assert.deepEqual(counts(await rejoin([folder], restarted)), [1, 0, 0]);
    assert.equal(readFileSync(other, 'utf8'), 'newer\n');
  });

  it('joins what two separations have left behind', async () => {
    const first = named('folder', 'first');
    await separate('second\n');
    const second = named('folder', 'second');
    await separate('third\n');
    assert.deepEqual(counts(await rejoin()), [2, 0, 0]);
    assertJoined(first, second);
  });

  it('does nothing for a save that has changed nothing, for one of a single name, and for names joined by hand', async () => {
    const other = named('folder', 'other');
    const target = mustOpen(host, path);
    assert.equal(await joiner.note(target), false);
    target.close();
    assert.equal((await rejoin()).is, 'refused');
    await separate();
    renameSync(other, path);
    assert.equal(joiner.isSeparated(path), false);
    assert.deepEqual(counts(await rejoin()), [0, 0, 0]);
    assert.deepEqual(await rejoin(), { is: 'refused', why: 'nothingKnown' });
  });

  describe('leaves alone', () => {
    it('an old version that another program has changed since, and forgets it', async () => {
      const other = named('folder', 'other');
      await separate();
      appendFileSync(other, 'more\n');
      assert.deepEqual(leftWhy(await rejoin()), ['changed']);
      assert.equal(readFileSync(other, 'utf8'), 'old\nmore\n');
      assert.equal(joiner.isSeparated(path), false);
    });

    it('one of the same size, and of a time that was set back', async () => {
      const other = named('folder', 'other');
      utimesSync(other, 1000, 1000);
      await separate();
      writeFileSync(other, 'odd\n');
      utimesSync(other, 1000, 1000);
      assert.deepEqual(leftWhy(await rejoin()), ['changed']);
      assert.equal(readFileSync(other, 'utf8'), 'odd\n');
    });

    it('one that was given other permissions', async () => {
      const other = named('folder', 'other');
      await separate();
      chmodSync(other, 0o700);
      assert.deepEqual(leftWhy(await rejoin()), ['changed']);
      assert.equal(statSync(other).mode & 0o777, 0o700);
    });

    it('a file that has the number of the old inode, and is another one', async () => {
      const other = named('folder', 'other');
      await separate();
      const [record] = readdirSync(records).map((name) => join(records, name));
      assert.ok(record);
      const { birthtimeNs } = statSync(other, { bigint: true });
      const text = readFileSync(record, 'utf8');
      assert.ok(text.includes(String(birthtimeNs)), 'the birth is part of what is remembered');
      writeFileSync(record, text.replace(String(birthtimeNs), String(birthtimeNs + 1n)));
      assert.deepEqual(counts(await rejoin()), [0, 0, 1]);
      assertOld(other);
    });

    it('names behind symbolic links, which are not followed', async () => {
      const other = named('elsewhere', 'other');
      symlinkSync(join(base, 'elsewhere'), join(folder, 'link'));
      symlinkSync(other, join(folder, 'link-to-file'));
      symlinkSync('.', join(folder, 'loop'));
      await separate();
      assert.deepEqual(counts(await rejoin()), [0, 0, 1]);
      assertOld(other);
    });

    it('names on other mounts: those below are not searched, those in a folder of the workspace are told', async function () {
      if (!isRoot) skip(this, 'join.mount', 'only root can mount');
      const other = named('elsewhere', 'other');
      const mounted = join(folder, 'mounted');
      mkdirSync(mounted);
      await separate();
      execFileSync('mount', ['--bind', join(base, 'elsewhere'), mounted]);
      try {
        assert.deepEqual(counts(await rejoin()), [0, 0, 1]);
        assert.deepEqual(leftWhy(await rejoin([mounted])), ['otherMount']);
        assertOld(other);
      } finally {
        execFileSync('umount', [mounted]);
      }
      assert.deepEqual(counts(await rejoin([join(base, 'elsewhere')])), [1, 0, 0]);
    });

    it('a name that is mounted by itself', async function () {
      if (!isRoot) skip(this, 'join.mount', 'only root can mount');
      const other = named('folder', 'other');
      await separate();
      execFileSync('mount', ['--bind', other, other]);
      try {
        const why = leftWhy(await rejoin());
        assert.ok(why[0] === 'mountPoint' || why[0] === 'otherMount', why.join());
      } finally {
        execFileSync('umount', [other]);
      }
      assertOld(other);
      assert.deepEqual(counts(await rejoin()), [1, 0, 0]);
    });
  });

  describe('for an ordinary user', () => {
    beforeEach(function () {
      if (!isRoot) skip(this, 'join.user', 'only root can become another user');
      for (const one of [folder, path]) chownSync(one, 65534, 65534);
    });

    async function asUser(): Promise<Joined> {
      return asNobody(() => {
        const user = openHost();
        return rejoin(
          [folder],
          new NameJoiner(
            { open: (target) => openTarget(user, target) },
            openNameSystem(user),
            new SeparationFiles(records),
            { raise },
          ),
        );
      });
    }

    /** The records belong to the user, too. */
    async function separateAsUser(): Promise<void> {
      await separate();
      chownSync(path, 65534, 65534);
      for (const one of [records, ...readdirSync(records).map((name) => join(records, name))])
        chownSync(one, 65534, 65534);
    }

    it('joins what is in folders of that user, and leaves alone what is in others', async () => {
      const mine = named('folder', 'mine');
      const theirs = named('folder', 'theirs', 'other');
      await separateAsUser();
      const result = await asUser();
      assert.deepEqual(counts(result), [1, 1, 0]);
      assert.deepEqual(leftWhy(result), ['notPermitted']);
      assertJoined(mine);
      assertOld(theirs);
    });

    it('leaves nothing behind where a sticky folder forbids to replace a name, or to remove a new one', async () => {
      for (const [old, version] of [
        [0, 65534],
        [65534, 0],
      ] as const) {
        chownSync(path, old, old);
        const sticky = named('folder', `sticky-${String(old)}`, 'other');
        chmodSync(dirname(sticky), 0o1777);
        await separateAsUser();
        chownSync(path, version, version);
        chmodSync(path, 0o666);
        assert.deepEqual(leftWhy(await asUser()), ['notPermitted']);
        assertOld(sticky);
        rmSync(sticky);
        writeFileSync(path, 'old\n');
      }
    });

    it('leaves nothing behind in a folder to which names may only be added', async function () {
      const other = named('folder', 'only-more', 'other');
      await separate();
      try {
        execFileSync('chattr', ['+a', dirname(other)], { stdio: 'pipe' });
      } catch {
        skip(this, 'join.append', 'the file system of the temporary folder has no append-only folders');
      }
      try {
        assert.deepEqual(leftWhy(await rejoin()), ['notPermitted']);
      } finally {
        execFileSync('chattr', ['-a', dirname(other)]);
      }
      assertOld(other);
    });

    it('leaves alone what a protected hard link would need', async function () {
      if (readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8').trim() !== '1') {
        skip(this, 'join.protected', 'fs.protected_hardlinks is off here');
      }
      const other = named('folder', 'other');
      await separateAsUser();
      chownSync(path, 0, 0);
      assert.deepEqual(leftWhy(await asUser()), ['notPermitted']);
      assertOld(other);
    });
  });

  describe('when something comes between', () => {
    /** A host on which something happens before a call, or instead of it. */
    function intercepted(name: 'link' | 'rename' | 'unlink', before: () => void): NameJoiner {
      const { libc } = host;
      const heed = (called: string): void => {
        if (called === name) before();
      };
      const watched: Pick<Libc, 'link' | 'rename' | 'unlink'> = {
        link: (...values) => {
          heed('link');
          libc.link(...values);
        },
        rename: (...values) => {
          heed('rename');
          libc.rename(...values);
        },
        unlink: (...values) => {
          heed('unlink');
          libc.unlink(...values);
        },
      };
      return joinerOn({ ...host, libc: { ...libc, ...watched } });
    }

    function once(action: () => void): () => void {
      let done = false;
      return () => {
        if (!done) {
          done = true;
          action();
        }
      };
    }

    function refuse(errno: string): () => void {
      return () => {
        throw new SystemError('call', path, errno);
      };
    }

    it('puts back a file that another program put at the name in the last instant', async () => {
      const other = named('folder', 'other');
      await separate();
      const theirs = once(() => {
        writeFileSync(join(base, 'theirs'), 'theirs\n');
        renameSync(join(base, 'theirs'), other);
      });
      assert.deepEqual(leftWhy(await rejoin([folder], intercepted('rename', theirs))), ['replaced']);
      assert.equal(readFileSync(other, 'utf8'), 'theirs\n');
      assert.equal(statSync(path).nlink, 1);
    });

    it('puts back the old version if it is written in the last instant', async () => {
      const other = named('folder', 'other');
      await separate();
      const write = once(() => {
        appendFileSync(other, 'more\n');
      });
      assert.deepEqual(leftWhy(await rejoin([folder], intercepted('rename', write))), ['changed']);
      assert.equal(readFileSync(other, 'utf8'), 'old\nmore\n');
    });

    it('leaves a name alone that was removed or replaced since it was found', async () => {
      const gone = named('folder', 'gone');
      const replaced = named('folder', 'replaced');
      await separate();
      const meanwhile: PathDoor = {
        ...free,
        lock: () => {
          rmSync(gone);
          rmSync(replaced);
          writeFileSync(replaced, 'theirs\n');
          return Promise.resolve('atOnce');
        },
      };
      assert.deepEqual(counts(await rejoin([folder], joiner, meanwhile)), [0, 2, 0]);
      assert.equal(readFileSync(replaced, 'utf8'), 'theirs\n');
      assert.equal(joiner.isSeparated(path), false, 'nothing is left to be joined');
    });

    for (const [call, errno, why] of [
      ['link', 'EMLINK', 'tooManyNames'],
      ['link', 'EXDEV', 'otherMount'],
      ['link', 'ENOSPC', 'failed'],
      ['rename', 'EINVAL', 'notSupported'],
      ['rename', 'EPERM', 'notPermitted'],
    ] as const) {
      it(`leaves everything as it was when ${call} says ${errno}, and can be tried again`, async () => {
        const other = named('folder', 'other');
        await separate();
        assert.deepEqual(leftWhy(await rejoin([folder], intercepted(call, refuse(errno)))), [why]);
        assertOld(other);
        assert.equal(statSync(path).nlink, 1);
        assert.deepEqual(counts(await rejoin()), [1, 0, 0]);
      });
    }

    it('takes the exchange back if the old inode’s temporary name cannot be removed', async () => {
      const other = named('folder', 'other');
      await separate();
      const joining = intercepted('unlink', once(refuse('EIO')));
      assert.deepEqual(leftWhy(await rejoin([folder], joining)), ['failed']);
      assertOld(other);
      assert.deepEqual(counts(await rejoin()), [1, 0, 0]);
    });

    it('touches nothing if it is cancelled, during the search or when it has the path', async () => {
      const other = named('folder', 'other');
      await separate();
      const early = AbortSignal.abort();
      assert.deepEqual(await joiner.join(path, [folder], early, free), { is: 'refused', why: 'cancelled' });
      const late = new AbortController();
      let unlocked = 0;
      const door: PathDoor = {
        lock: () => {
          late.abort();
          return Promise.resolve('atOnce');
        },
        unlock: () => unlocked++,
      };
      assert.deepEqual(await joiner.join(path, [folder], late.signal, door), { is: 'refused', why: 'cancelled' });
      assert.equal(unlocked, 1);
      assertOld(other);
    });

    it('gives up after some saves of the path in another window', async () => {
      named('folder', 'other');
      await separate();
      let asked = 0;
      const busy: PathDoor = {
        lock: () => {
          asked++;
          return Promise.resolve('otherWindow');
        },
        unlock: () => assert.fail('it was never locked'),
      };
      assert.deepEqual(await rejoin([folder], joiner, busy), { is: 'refused', why: 'busy' });
      assert.equal(asked, joinTries);
    });

    it('says so if the path leads to nothing, or to a folder', async () => {
      const other = named('folder', 'other');
      await separate();
      rmSync(path);
      const gone = await rejoin();
      assert.equal(gone.is === 'refused' && gone.why, 'gone');
      mkdirSync(path);
      assert.deepEqual(await rejoin(), { is: 'refused', why: 'gone' });
      assert.equal(readFileSync(other, 'utf8'), 'old\n');
    });
  });

  it('ends when the time for the search is over, and says so', async () => {
    const other = named('folder', 'other');
    await separate();
    const hasty = new NameJoiner(
      { open: (target) => openTarget(host, target) },
      openNameSystem(host, 0),
      new SeparationFiles(records),
      { raise },
    );
    assert.deepEqual(await rejoin([folder], hasty), { is: 'done', joined: 0, left: [], missing: 1, late: true });
    assertOld(other);
  });

  it('lets its thread do other things while it searches', async () => {
    const other = named('folder', 'z', 'other');
    mkdirSync(join(folder, 'many'));
    for (let index = 0; index < 10_000; index++) writeFileSync(join(folder, 'many', String(index)), '');
    await separate();
    // An inode of which nothing is found keeps the search from ending before all is searched.
    const files = new SeparationFiles(records);
    const [known] = files.of(path);
    assert.ok(known);
    files.set(path, [known, { ...known, identity: { device: 0n, inode: 0n }, otherNames: 1 }]);
    // Not by the clock: how much a thread gets of it is not the search's affair.
    const turns: number[] = [];
    const over = new AbortController();
    const others = (async () => {
      while (!over.signal.aborted) {
        const before = process.cpuUsage();
        await immediate();
        const { user, system } = process.cpuUsage(before);
        turns.push((user + system) / 1000);
      }
    })();
    assert.deepEqual(counts(await rejoin()), [1, 0, 1]);
    over.abort();
    await others;
    assertJoined(other);
    // In the others nothing was done but waited.
    const busy = turns.filter((turn) => turn > 1);
    const [all, longest] = [sumOf(busy, (turn) => turn), Math.max(...busy)];
    assert.ok(longest < all / 2, `one turn took ${longest.toFixed(1)} of ${all.toFixed(1)} ms`);
  });

  it('watchers see the name change, as after a rename onto it', async () => {
    named('folder', 'other');
    await separate();
    const order: string[] = [];
    const original = host.libc;
    const rename: Libc['rename'] = (directory, from, to, flags, at) => {
      order.push(`${from.toString()} ${String(flags === RENAME_EXCHANGE)}`);
      original.rename(directory, from, to, flags, at);
    };
    await rejoin([folder], joinerOn({ ...host, libc: { ...original, rename } }));
    assert.deepEqual(order, ['other true'], 'the name comes first: see publish.ts');
  });

  it('forgets old records, and those beyond a number', async () => {
    const files = new SeparationFiles(records);
    named('folder', 'other');
    await separate();
    const [known] = files.of(path);
    assert.ok(known);
    files.set('/old', [known]);
    const aged = Date.now() / 1000 - (rememberedSeparations.days + 1) * 86_400;
    for (const name of readdirSync(records)) utimesSync(join(records, name), aged, aged);
    files.set('/new', [known]);
    assert.deepEqual([files.of('/old').length, files.of(path).length, files.of('/new').length], [0, 0, 1]);
    for (let index = 0; index < rememberedSeparations.files + 5; index++) files.set(`/${String(index)}`, [known]);
    assert.equal(readdirSync(records).length, rememberedSeparations.files);
  });
});

describe('joining names again on', function () {
  this.timeout(60_000);
  for (const name of FILE_SYSTEMS) {
    describe(name, () => {
      let fileSystem: FileSystem | undefined;
      before(function () {
        const mounted = mountFileSystem(name);
        if (typeof mounted === 'string') skip(this, `join.${name}`, mounted);
        fileSystem = mounted;
      });
      const open: number[] = [];
      after(() => {
        for (const fd of open) closeSync(fd);
        fileSystem?.release();
      });

      // Programs that serve a file system by FUSE mostly know no exchange.
      const exchanges = name !== 'bindfs';
      it(
        exchanges ? 'joins all names, and their holder keeps the old version' : 'leaves all names alone, and says why',
        async () => {
          assert.ok(fileSystem);
          const { directory, lower } = fileSystem;
          const records = mkdtempSync(join(tmpdir(), 'holdfast-records-'));
          const host = openHost();
          const path = join(directory, 'run.sh');
          writeFileSync(join(lower ?? directory, 'run.sh'), 'old\n');
          linkSync(join(lower ?? directory, 'run.sh'), join(lower ?? directory, 'other'));
          mkdirSync(join(lower ?? directory, 'deep'));
          linkSync(join(lower ?? directory, 'run.sh'), join(lower ?? directory, 'deep', 'third'));
          const holder = openSync(path, 'r');
          open.push(holder);
          const joiner = new NameJoiner(
            { open: (target) => openTarget(host, target) },
            openNameSystem(host),
            new SeparationFiles(records),
            { raise: () => undefined },
          );
          const target = mustOpen(host, path);
          writeFileSync(join(directory, 'version'), 'new\n');
          renameSync(join(directory, 'version'), path);
          assert.equal(await joiner.note(target), true);
          target.close();
          const result = await joiner.join(path, [directory], never, free);
          assert.ok(result.is === 'done');
          const names = ['other', 'deep/third'].map((other) => join(directory, other));
          if (exchanges) {
            assert.deepEqual([result.joined, result.left, result.missing], [2, [], 0]);
            for (const one of names) {
              assert.equal(statSync(one).ino, statSync(path).ino);
              assert.equal(readFileSync(one, 'utf8'), 'new\n');
            }
          } else {
            assert.deepEqual(new Set(result.left.map(({ why }) => why)), new Set(['notSupported']));
            for (const one of names) assert.equal(readFileSync(one, 'utf8'), 'old\n');
          }
          assert.equal(readFileSync(holder, 'utf8'), 'old\n');
          const left = readdirSync(directory).filter((one) => !one.startsWith('.fuse_hidden'));
          assert.deepEqual(left.sort(), ['deep', 'other', 'run.sh']);
          assert.deepEqual(readdirSync(join(directory, 'deep')), ['third']);
          rmSync(records, { recursive: true });
        },
      );
    });
  }
});
