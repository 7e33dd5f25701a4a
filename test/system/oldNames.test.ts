/** The hidden names of displaced inodes, on a bindfs mount that is taken for a network file system. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
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
  statfsSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

import { SystemError } from '../../src/core/errors';
import { limits, oldNames as bounds } from '../../src/core/limits';
import type { Moment } from '../../src/core/oldNames';
import { ownerLine, targetLine, type Owner } from '../../src/core/ownerRecord';
import type { KeepOldName, NotedName, OldNames, Salvage, Staged } from '../../src/core/ports';
import { temporaryName } from '../../src/core/temporaryName';
import { RENAME_EXCHANGE } from '../../src/platform/linux/layouts';
import { openHost, type Host } from '../../src/platform/linux/linux';
import { openOldNames, OwnOldNames, thisMoment } from '../../src/platform/linux/oldNames';
import { thisOwner } from '../../src/platform/linux/owner';
import { recover } from '../../src/platform/linux/recovery';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { mountFileSystem, type FileSystem } from '../support/filesystems';
import { LineProgram } from '../support/lineProgram';
import '../support/networkBindfs';
import { asNobody, mustOpen, openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

const never = new AbortController().signal;
const old = 'old version\n';
/** Of a save on a busy machine. */
const attempts = 5;
const isTemporary = (name: string): boolean => name.startsWith('.holdfast-');

describe('old names', function () {
  this.timeout(60_000);
  let system: FileSystem;
  let root: string;
  let storage: string;
  let notes: string;
  let folder: string;
  let path: string;
  let started: LineProgram[];

  before(function () {
    const mounted = mountFileSystem('bindfs');
    if (typeof mounted === 'string') skip(this, 'oldNames.bindfs', mounted);
    system = mounted;
  });
  after(() => {
    (system as FileSystem | undefined)?.release();
  });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-old-names-'));
    chmodSync(root, 0o755);
    storage = join(root, 'storage');
    notes = join(storage, 'oldNames');
    folder = mkdtempSync(join(system.directory, 'folder-'));
    path = join(folder, 'file');
    writeFileSync(path, old);
    started = [];
  });
  afterEach(async () => {
    for (const program of started) await program.end();
    rmSync(root, { recursive: true });
    rmSync(folder, { recursive: true, force: true });
  });

  function hidden(): readonly string[] {
    return readdirSync(folder).filter(isTemporary);
  }

  function noted(): readonly string[] {
    return existsSync(notes) ? readdirSync(notes) : [];
  }

  /** What the process does itself, by a clock that the test sets. */
  describe('of this process', () => {
    let host: Host;
    let moment: Moment;
    let names: OldNames;
    let descriptors: readonly string[];
    const problems: SystemError[] = [];
    let stayed: number;

    function keep(): KeepOldName {
      const { type } = statfsSync(folder, { bigint: true });
      return { milliseconds: 10_000, on: { fileSystem: BigInt.asUintN(32, type), lastingNumbers: true } };
    }

    beforeEach(() => {
      problems.length = stayed = 0;
      moment = { ...thisMoment(), uptime: 1_000 };
      const bare = openHost();
      host = {
        ...bare,
        oldNames: new OwnOldNames(
          notes,
          (error) => problems.push(error),
          () => stayed++,
          () => moment,
        ),
      };
      names = window();
      descriptors = openDescriptors();
    });
    afterEach(async () => {
      // A note that stays is synced and closed when it gets its turn.
      const due = performance.now() + 5_000;
      while (openDescriptors().length > descriptors.length && performance.now() < due) await setImmediate();
      assert.deepEqual(openDescriptors(), descriptors);
    });

    function window(): OldNames {
      return openOldNames(
        host,
        notes,
        (error) => problems.push(error),
        () => moment,
      );
    }

    async function publish(on = host, wish: KeepOldName | 'none' = keep()): Promise<string> {
      const target = mustOpen(on, path);
      let staged: Staged | undefined;
      try {
        staged = await target.stage(never);
        return wish === 'none' ? staged.publish() : staged.publish(wish);
      } finally {
        staged?.close();
        target.close();
      }
    }

    /** The one old name there is. */
    async function theOne(): Promise<{ readonly one: NotedName; readonly at: string }> {
      const [one, ...more] = await names.list();
      assert.ok(one);
      assert.deepEqual([more, hidden(), problems], [[], [one.name], []]);
      return { one, at: join(folder, one.name) };
    }

    function errnos(): readonly string[] {
      return problems.map(({ errno }) => errno);
    }

    it('are wanted where mountinfo calls the mount a network file system, and nowhere else', () => {
      const elsewhere = join(root, 'file');
      writeFileSync(elsewhere, old);
      for (const [at, remote] of [
        [path, { fileSystem: 0x65735546n, lastingNumbers: false }],
        [elsewhere, undefined],
      ] as const) {
        const target = mustOpen(host, at);
        assert.deepEqual(target.facts.remote, remote);
        target.close();
      }
    });

    it('are due when the clock says so, and not before', async () => {
      const { ino } = statSync(path);
      assert.equal(await publish(), 'published');
      const { one, at } = await theOne();
      assert.deepEqual([one.left, statSync(at).ino, readFileSync(at, 'utf8')], [10_000, ino, old]);
      const { dev } = statSync(path, { bigint: true });
      assert.deepEqual([await names.isOn(one, dev), await names.isOn(one, dev + 1n)], [true, false]);
      assert.notEqual(statSync(path).ino, ino);
      moment = { ...moment, uptime: 10_999 };
      assert.equal((await theOne()).one.left, 1);
      moment = { ...moment, uptime: 11_000 };
      assert.equal((await theOne()).one.left, 0);
      moment = { ...moment, boot: 'another', uptime: 9_000 };
      assert.equal((await theOne()).one.left, 1_000);
      assert.equal(await names.remove(one), 'removed');
      assert.deepEqual([hidden(), noted(), problems], [[], [], []]);
      assert.equal(await names.remove(one), 'over');
    });

    it('come about by an exchange, too', async function () {
      folder = join(root, 'folder');
      mkdirSync(folder);
      path = join(folder, 'file');
      writeFileSync(path, old);
      const { ino } = statSync(path);
      let exchanges = 0;
      const { libc } = host;
      const rename: Host['libc']['rename'] = (directory, from, to, flags, of) => {
        libc.rename(directory, from, to, flags, of);
        if (flags === RENAME_EXCHANGE) exchanges++;
      };
      assert.equal(await publish({ ...host, libc: { ...libc, rename } }), 'published');
      if (exchanges === 0) skip(this, 'oldNames.exchange', 'the folder for temporary files has no exchange');
      const { at } = await theOne();
      assert.deepEqual([statSync(at).ino, readFileSync(at, 'utf8'), noted().length], [ino, old, 1]);
    });

    it('are not made where none is wanted, or nothing is noted', async () => {
      assert.equal(await publish(host, 'none'), 'published');
      assert.deepEqual([hidden(), noted()], [[], []]);
      assert.equal(await publish({ ...host, oldNames: undefined }), 'published');
      assert.deepEqual([hidden(), noted(), problems], [[], [], []]);
    });

    it('are not made by a save that displaces nothing', async () => {
      const target = mustOpen(host, path);
      const staged = await target.stage(never);
      writeFileSync(path, 'another program’s\n');
      assert.equal(staged.publish(keep()), 'changed');
      staged.close();
      target.close();
      assert.deepEqual([readdirSync(folder), noted(), problems], [['file'], [], []]);
    });

    it('are not made, and the file is saved, where there are no hard links or nothing can be noted: that is told once', async () => {
      const { libc } = host;
      for (const errno of ['EOPNOTSUPP', 'EPERM', 'ENOSYS']) {
        const link = (...[, , , , , of]: Parameters<typeof libc.link>): never => {
          throw new SystemError('linkat', of, errno);
        };
        for (let save = 1; save <= 2; save++)
          assert.equal(await publish({ ...host, libc: { ...libc, link } }), 'published');
        assert.deepEqual([errnos(), readdirSync(folder), noted()], [[errno], ['file'], []]);
        problems.length = 0;
      }
      mkdirSync(notes, { recursive: true });
      rmSync(notes, { recursive: true });
      writeFileSync(notes, '');
      for (let save = 1; save <= 2; save++) assert.equal(await publish(), 'published');
      assert.deepEqual([errnos(), readdirSync(folder)], [['EEXIST'], ['file']]);
      rmSync(notes);
      problems.length = 0;
      mkdirSync(notes);
      for (let index = 0; index < 2 * bounds.names; index++) writeFileSync(join(notes, `${String(index)}.old`), '');
      assert.equal(await publish(), 'published');
      assert.deepEqual([errnos(), readdirSync(folder)], [['EDQUOT'], ['file']]);
    });

    for (const way of ['rename', 'exchange'] as const) {
      it(`are noted if they are there, whichever system call fails of a save by ${way}`, async () => {
        if (way === 'exchange') {
          folder = join(root, 'folder');
          mkdirSync(folder);
          path = join(folder, 'file');
          writeFileSync(path, old);
        }
        let published = 0;
        for (let failAt = 1, untouched = false; !untouched; failAt++) {
          let calls = 0;
          const failing = Object.entries(host.libc).map(([name, call]: [string, (...values: unknown[]) => unknown]) => [
            name,
            (...values: unknown[]): unknown => {
              calls += 1;
              if (calls === failAt) throw new SystemError(name, path, 'EIO');
              return call(...values);
            },
          ]);
          const libc = Object.fromEntries(failing) as Host['libc'];
          const outcome: unknown = await publish({ ...host, libc }).catch((thrown: unknown) => thrown);
          untouched = calls < failAt;
          assert.equal(readFileSync(path, 'utf8'), old);
          const left = await names.list();
          const [unnoted, ...more] = hidden().filter((name) => left.every((one) => one.name !== name));
          assert.deepEqual(more, []);
          if (outcome === 'published') {
            published++;
            // Of a note that could not be made there is no name, if that could be removed.
            if (untouched) assert.deepEqual([left.length, unnoted], [1, undefined]);
          } else assert.ok(SystemError.is(outcome, 'EIO'), String(outcome));
          for (const one of left) assert.match(await names.remove(one), /^(removed|over)$/);
          if (unnoted !== undefined) rmSync(join(folder, unnoted));
          assert.deepEqual([readdirSync(folder), noted()], [['file'], []]);
        }
        assert.ok(published > 1);
        assert.deepEqual([...new Set(errnos())], ['EIO']);
      });
    }

    it('are removed by one of two that try at the same time', async () => {
      for (let round = 0; round < 20; round++) {
        assert.equal(await publish(), 'published');
        const { one } = await theOne();
        const ends = await Promise.all([names.remove(one), window().remove(one)]);
        assert.equal(ends.filter((end) => end === 'removed').length, 1, ends.join());
        assert.ok(
          ends.some((end) => end === 'busy' || end === 'over'),
          ends.join(),
        );
        assert.deepEqual([hidden(), noted(), problems], [[], [], []]);
      }
    });

    it('are forgotten when somebody has removed them', async () => {
      assert.equal(await publish(), 'published');
      const { one, at } = await theOne();
      rmSync(at);
      assert.equal(await names.remove(one), 'over');
      assert.deepEqual([noted(), problems], [[], []]);
    });

    for (const [what, put] of Object.entries<(at: string) => void>({
      'another file': (at) => {
        writeFileSync(`${at}.other`, old);
        renameSync(`${at}.other`, at);
      },
      'a new file, which may have the same number': (at) => {
        rmSync(at);
        writeFileSync(at, old);
      },
      'what somebody has written to it since': (at) => {
        writeFileSync(at, `${old}and a line\n`);
      },
      'a link': (at) => {
        renameSync(at, `${at}.moved`);
        symlinkSync(`${at}.moved`, at);
      },
      'a folder': (at) => {
        rmSync(at);
        mkdirSync(at);
      },
    })) {
      it(`leave ${what} at their name alone, and tell that once`, async () => {
        assert.equal(await publish(), 'published');
        const { one, at } = await theOne();
        put(at);
        const there = readdirSync(folder);
        for (const each of [names, window(), names]) assert.equal(await each.remove(one), 'later');
        assert.deepEqual([readdirSync(folder), errnos(), noted().length], [there, ['EEXIST'], 1]);
        assert.equal(problems[0]?.path, at);
        rmSync(at, { recursive: true });
        assert.equal(await names.remove(one), 'over');
        assert.deepEqual([noted(), errnos()], [[], ['EEXIST']]);
      });
    }

    it('wait for a file system that is not mounted, and are removed when it is', async () => {
      assert.equal(await publish(), 'published');
      const { one } = await theOne();
      system.unmount();
      try {
        for (const each of [names, window()]) assert.equal(await each.remove(one), 'later');
        assert.deepEqual([errnos(), noted().length], [['ENOENT'], 1]);
        // A folder of the same name on the file system below is another one.
        mkdirSync(folder, { recursive: true });
        for (const each of [names, window()]) assert.equal(await each.remove(one), 'later');
        assert.deepEqual(errnos(), ['ENOENT', 'ENODEV']);
        rmSync(folder, { recursive: true });
      } finally {
        rmSync(system.directory, { recursive: true, force: true });
        system.mountAgain();
      }
      assert.equal(await names.remove(one), 'removed');
      assert.deepEqual([hidden(), noted(), errnos()], [[], [], ['ENOENT', 'ENODEV']]);
    });

    it('stay where nobody may remove them, until somebody may', async () => {
      assert.equal(await publish(), 'published');
      const { one, at } = await theOne();
      for (const ours of [storage, notes, one.note, at]) chownSync(ours, 65534, 65534);
      chmodSync(folder, 0o755);
      const tries = async (): Promise<string> => asNobody(() => names.remove(one));
      assert.equal(await tries(), 'later');
      assert.equal(await tries(), 'later');
      assert.deepEqual([hidden(), errnos(), problems[0]?.operation], [[one.name], ['EACCES'], 'unlink']);
      chmodSync(folder, 0o777);
      assert.equal(await tries(), 'removed');
      assert.deepEqual([hidden(), noted()], [[], []]);
    });

    /** A process that has ended, with its record. */
    function dead(...targets: readonly string[]): {
      readonly host: Host;
      readonly owners: string;
      readonly record: string;
    } {
      const { pid } = spawnSync('true');
      const owner: Owner = { ...thisOwner(), pid, startTime: 1n };
      const owners = join(storage, 'owners');
      mkdirSync(owners, { recursive: true });
      const record = join(owners, `${String(pid)}-1-0123456789abcdef.owner`);
      writeFileSync(
        record,
        [ownerLine(owner), ...targets.map((target, index) => targetLine(index + 1, target))].join(''),
      );
      let counter = 0;
      const temporary = (target: number): Buffer => Buffer.from(temporaryName({ ...owner, target }, counter++));
      return { host: { ...host, temporaryName: temporary }, owners, record };
    }

    /** What recovery has removed and kept. */
    async function recoverAll(owners: string): Promise<{ readonly removed: string[]; readonly kept: string[] }> {
      const removed: string[] = [];
      const kept: string[] = [];
      const salvage: Salvage = {
        keep: (_descriptor, of) => Promise.resolve(void kept.push(of)),
        removed: (name) => removed.push(name),
        unprotected: () => undefined,
        healed: () => undefined,
        problem: (error) => problems.push(error),
      };
      await recover(host, owners, salvage, never, undefined, notes);
      return { removed, kept };
    }

    it('are no leftovers of a process that has ended, and its other names are', async () => {
      const { host: before, owners, record } = dead(path);
      assert.equal(await publish({ ...before, temporaryName: () => before.temporaryName(1) }), 'published');
      const { one } = await theOne();
      const left = join(folder, before.temporaryName(1).toString());
      linkSync(path, left);
      const { removed, kept } = await recoverAll(owners);
      assert.deepEqual([removed, kept, hidden(), existsSync(record)], [[left], [], [one.name], true]);
      assert.equal(await names.remove(one), 'removed');
      assert.deepEqual(await recoverAll(owners), { removed: [], kept: [] });
      assert.deepEqual([readdirSync(folder), existsSync(record), problems], [['file'], false, []]);
    });

    it('are no leftovers though their note is not to be read, and what is on this machine’s own disk is', async () => {
      const here = join(root, 'file');
      writeFileSync(here, old);
      const { host: before, owners, record } = dead(path, here);
      assert.equal(await publish({ ...before, temporaryName: () => before.temporaryName(1) }), 'published');
      const { one, at } = await theOne();
      const left = join(root, before.temporaryName(2).toString());
      linkSync(here, left);
      rmSync(one.note);
      mkdirSync(one.note);
      assert.deepEqual(await recoverAll(owners), { removed: [left], kept: [] });
      assert.deepEqual([existsSync(at), existsSync(record), errnos()], [true, true, ['EISDIR']]);
      rmSync(one.note, { recursive: true });
      assert.deepEqual(await recoverAll(owners), { removed: [at], kept: [] });
      assert.equal(existsSync(record), false);
    });

    it('are left as they are if a newer Holdfast has noted them, and so are its notes', async () => {
      const { host: before, owners } = dead(path);
      assert.equal(await publish({ ...before, temporaryName: () => before.temporaryName(1) }), 'published');
      const { one, at } = await theOne();
      writeFileSync(one.note, readFileSync(one.note, 'latin1').replace('"holdfast":1', '"holdfast":2'), 'latin1');
      const long = new Date(Date.now() - 400 * 86_400_000);
      utimesSync(one.note, long, long);
      assert.deepEqual([await names.list(), await recoverAll(owners)], [[], { removed: [], kept: [] }]);
      assert.deepEqual([noted().length, existsSync(at), problems], [1, true, []]);
    });

    it('that are forgotten concern no other if that fails', async () => {
      assert.equal(await publish(), 'published');
      const { one } = await theOne();
      // Of a machine that has not come back, in a folder that other machines have, too.
      const text = readFileSync(one.note, 'latin1');
      const { machine, boot } = thisOwner();
      const elsewhere = text
        .replace(boot, 'another')
        .replace(machine, 'another')
        .replace(/"when":\d+/, '"when":0');
      const foreign = join(notes, `${'0'.repeat(32)}.old`);
      writeFileSync(foreign, elsewhere, 'latin1');
      mkdirSync(join(folder, 'notes'));
      const shared = join(folder, 'notes');
      for (const name of readdirSync(notes)) writeFileSync(join(shared, name), readFileSync(join(notes, name)));
      for (const each of readdirSync(shared)) chownSync(join(shared, each), 65534, 65534);
      chmodSync(folder, 0o755);
      chmodSync(shared, 0o555);
      const list = openOldNames(
        host,
        shared,
        (error) => problems.push(error),
        () => moment,
      );
      const listed = await asNobody(() => list.list());
      assert.deepEqual(listed.map(({ left }) => left).sort(), [10_000, undefined]);
      assert.deepEqual(
        problems.map(({ operation, errno }) => `${operation} ${errno}`),
        ['unlink EACCES'],
      );
      chmodSync(shared, 0o777);
      assert.equal((await list.list()).length, 2);
      assert.deepEqual([readdirSync(shared).length, problems.length], [1, 1]);
    });

    it('go when their process died before the exchange that was to make them', async () => {
      folder = join(root, 'folder');
      mkdirSync(folder);
      path = join(folder, 'file');
      writeFileSync(path, old);
      const { libc } = host;
      const made: string[] = [];
      const rename: Host['libc']['rename'] = (...args) => {
        if (args[3] === RENAME_EXCHANGE) {
          made.push(...noted().map((name) => join(notes, name)));
          // As it is on the disk now: what the process does after that, it would not have done.
          for (const note of made) writeFileSync(`${note}.copy`, readFileSync(note));
          for (const name of hidden()) linkSync(join(folder, name), join(folder, `${name}.copy`));
          throw new SystemError('renameat2', path, 'EIO');
        }
        libc.rename(...args);
      };
      await assert.rejects(publish({ ...host, libc: { ...libc, rename } }), { errno: 'EIO' });
      assert.deepEqual([made.length, hidden().length], [1, 1]);
      for (const note of made) renameSync(`${note}.copy`, note);
      for (const name of hidden()) renameSync(join(folder, name), join(folder, name.replace('.copy', '')));
      const { one } = await theOne();
      assert.equal(await names.remove(one), 'removed');
      assert.deepEqual([readdirSync(folder), readFileSync(path, 'utf8'), noted(), problems], [['file'], old, [], []]);
    });

    it('are told of when another window leaves one', async () => {
      let unwatch: (() => void) | undefined;
      mkdirSync(notes, { recursive: true });
      const told = new Promise<void>((resolve) => {
        unwatch = names.watch(resolve);
      });
      assert.equal(await publish(), 'published');
      await within(5_000, 'the change', told);
      assert.ok(unwatch);
      unwatch();
      assert.equal(stayed, 1);
    });

    it('cost nothing where there never was one: no folder, and no watch', async () => {
      assert.equal(await publish(host, 'none'), 'published');
      assert.deepEqual([await names.list(), names.watch(() => undefined), stayed], [[], undefined, 0]);
      assert.equal(existsSync(notes), false);
    });

    it('are left where they are if their note cannot be read, which goes after a day', async () => {
      assert.equal(await publish(), 'published');
      const { one, at } = await theOne();
      writeFileSync(one.note, 'nonsense');
      assert.deepEqual([await names.list(), noted().length], [[], 1]);
      const long = new Date(Date.now() - 2 * 86_400_000);
      utimesSync(one.note, long, long);
      assert.deepEqual(await names.list(), []);
      assert.deepEqual([noted(), existsSync(at), problems], [[], true, []]);
    });
  });

  describe('in windows', () => {
    async function window(): Promise<LineProgram> {
      const entry = join(projectFolder(), 'out', 'test', 'support', 'networkHost.entry.cjs');
      const program = await LineProgram.start(process.execPath, entry, storage);
      started.push(program);
      return program;
    }

    /** On a busy machine a save may be too slow for its clone. */
    async function save(program: LineProgram, seconds: number, at: string): Promise<void> {
      for (let attempt = 1; ; attempt++) {
        const said = await program.ask(`save ${String(seconds)} ${at}`);
        if (said.startsWith('SAVED detached ')) return;
        assert.ok(attempt < attempts && said.startsWith('SAVED direct '), said);
        writeFileSync(at, old);
      }
    }

    /** From its first old name on a window is told of those of others. The name is not left. */
    async function leaveOne(program: LineProgram): Promise<void> {
      await save(program, 600, path);
      for (const name of hidden()) rmSync(join(folder, name));
      for (const name of noted()) rmSync(join(notes, name));
      writeFileSync(path, old);
    }

    async function kill(program: LineProgram): Promise<void> {
      await program.kill();
      started = started.filter((one) => one !== program);
    }

    it('keep the old version for readers who have it, until another window removes them after the first one was killed', async () => {
      const [first, second] = [await window(), await window()];
      await leaveOne(second);
      const reader = openSync(path, 'r');
      const { ino } = statSync(path);
      const began = performance.now();
      await save(first, 4, path);
      await kill(first);
      const [name = '', ...more] = hidden();
      assert.deepEqual([more, noted().length], [[], 1]);
      assert.match(name, new RegExp(`^\\.holdfast-${String(first.pid)}-\\d+-1-\\d+~$`));
      assert.equal(statSync(join(folder, name)).ino, ino);
      assert.deepEqual(
        [readFileSync(join(folder, name), 'utf8'), readFileSync(reader, 'utf8'), readFileSync(path, 'utf8')],
        [old, old, `${old}one more line\n`],
      );
      closeSync(reader);
      assert.equal(await second.next(), `REMOVED ${path}`);
      assert.ok(performance.now() - began >= 4_000, 'not before it was due');
      assert.deepEqual([readdirSync(folder), noted()], [['file'], []]);
    });

    it('are removed once, by one of two windows that live', async () => {
      const [first, second, third] = [await window(), await window(), await window()];
      for (const one of [second, third]) await leaveOne(one);
      const files = Array.from({ length: 6 }, (_, index) => join(folder, `file-${String(index)}`));
      for (const file of files) {
        writeFileSync(file, old);
        await save(first, 6, file);
      }
      assert.equal(hidden().length, files.length);
      await kill(first);
      const removed: string[] = [];
      const drain = async (one: LineProgram): Promise<void> => {
        for (let line; (line = await one.nextOrEnd()) !== undefined;) {
          removed.push(line);
          if (removed.length === files.length) ends = [second.end(), third.end()];
        }
      };
      let ends: Promise<unknown>[] = [];
      await Promise.all([drain(second), drain(third)]);
      await Promise.all(ends);
      assert.deepEqual(removed.toSorted(), files.map((file) => `REMOVED ${file}`).toSorted());
      assert.deepEqual([hidden(), noted()], [[], []]);
    });

    it('are no leftovers at the next start, and are removed by it, be they due then or later', async () => {
      for (const seconds of [5, 1]) {
        const first = await window();
        await save(first, seconds, path);
        await kill(first);
        // Recovery begins after two quiet seconds.
        const next = await window();
        assert.equal(await next.next(), `REMOVED ${path}`);
        assert.deepEqual([readdirSync(folder), noted(), existsSync(join(storage, 'kept'))], [['file'], [], false]);
        await next.end();
      }
    });

    it('hold up no save while their file system does not answer, and are removed when it does', async () => {
      const daemon = daemonOf(dirname(system.directory));
      const local = join(root, 'file');
      writeFileSync(local, old);
      const one = await window();
      await save(one, 1, path);
      process.kill(daemon, 'SIGSTOP');
      try {
        let line: string;
        let saves = 0;
        let quick = 0;
        while ((line = await one.ask(`save 0 ${local}`)) !== 'PROBLEM remove ETIMEDOUT') {
          const [said, level, milliseconds] = line.split(' ');
          assert.equal(said, 'SAVED');
          saves++;
          if (level === 'detached' && Number(milliseconds) < limits.participantAnswers) quick++;
        }
        // One that is held up makes all of its followers be refused at once.
        assert.ok(saves > 1 && quick >= saves * 0.8, `${String(quick)} of ${String(saves)}`);
        // Of the save that was asked for last.
        assert.match(await one.next(), /^SAVED /);
      } finally {
        process.kill(daemon, 'SIGCONT');
      }
      assert.equal(await one.next(), `REMOVED ${path}`);
      assert.deepEqual([hidden(), noted()], [[], []]);
    });

    it('are removed, and nothing is lost or left, wherever in a save their process dies', async function () {
      this.timeout(300_000);
      const host = openHost();
      const problem = (error: SystemError): void => {
        throw error;
      };
      const names = openOldNames(host, notes, problem);
      const kept: string[] = [];
      const salvage: Salvage = {
        keep: (_descriptor, of) => Promise.resolve(void kept.push(of)),
        removed: () => undefined,
        unprotected: () => undefined,
        healed: () => undefined,
        problem,
      };
      let died = 0;
      let withName = 0;
      let slow = 0;
      for (let passed = false; !passed;) {
        const dying = await window();
        dying.tell(`die ${String(died + 1)} 600 ${path}`);
        const said = await dying.nextOrEnd();
        if (said === undefined) died++;
        else if (said.startsWith('SAVED detached ')) passed = true;
        else assert.ok(++slow < attempts, said);
        await kill(dying);
        await recover(host, join(storage, 'owners'), salvage, never, undefined, notes);
        const left = await names.list();
        assert.ok(
          hidden().every((name) => left.some((one) => one.name === name)),
          'what is not noted is gone',
        );
        withName += hidden().length;
        for (const one of left) await names.remove(one);
        assert.deepEqual([readdirSync(folder), readFileSync(path, 'utf8'), kept], [['file'], old, []]);
        assert.deepEqual(await names.list(), []);
      }
      assert.ok(died > 10 && withName > 2, `${String(died)} deaths, ${String(withName)} with an old name`);
    });
  });
});

/** The process that serves a mount of bindfs. */
function daemonOf(mountPoint: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.filter((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
      return words[0] === 'bindfs' && words.includes(mountPoint);
    } catch {
      // It has ended.
      return false;
    }
  });
  assert.equal(found.length, 1);
  return Number(found[0]);
}
