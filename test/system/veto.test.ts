/** A full disk: the editor's own write is made to fail before it destroys the only version. On the real kernel, with a program in its place. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';

import type { GuardedSave, KeeperEvent } from '../../src/core/guard';
import type { Report } from '../../src/core/level';
import { refusal } from '../../src/core/refusal';
import { decideVeto } from '../../src/core/veto';
import { KeeperClient } from '../../src/keeper/client';
import { openHost } from '../../src/platform/linux/linux';
import { recordName } from '../../src/platform/linux/records';
import { recover } from '../../src/platform/linux/recovery';
import { openTarget } from '../../src/platform/linux/target';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { FILE_SYSTEMS, mountFileSystem, type FileSystem, type FileSystemName } from '../support/filesystems';
import { Hog } from '../support/hog';
import { LineProgram } from '../support/lineProgram';
import { skip } from '../support/skip';

const threads = join(projectFolder(), 'out', 'src', 'keeper');
const deadline = 10_000;
const MEGABYTE = 1 << 20;
const EACCES = 13;
const EPERM = 1;
const OLD = 'o'.repeat(5 * MEGABYTE);
/** More than there is room for beside the old version. */
const SIZE = 5 * MEGABYTE;

/** Of a save that is vetoed: all from a little before the file is protected. */
const lastSteps = 30;

/** Whom permissions bind, and whom not. */
const editors = {
  permissions: { wrapper: ['setpriv', '--bounding-set=-dac_override,-dac_read_search'], errno: EACCES },
  root: { wrapper: [], errno: EPERM },
} as const;

function isImmutable(path: string): boolean {
  return execFileSync('lsattr', ['-d', path], { encoding: 'utf8' }).split(' ')[0]?.includes('i') === true;
}

/** What has no room, and what the system says then. */
interface Full {
  readonly name: string;
  readonly fileSystem: FileSystemName;
  readonly options: Parameters<typeof mountFileSystem>[1];
  readonly says: 'ENOSPC' | 'EDQUOT';
  /** What is eaten of it, in bytes: without any room btrfs does not even let a file be emptied. */
  readonly eaten?: number;
}

const disks: readonly Full[] = [
  ...FILE_SYSTEMS.filter((name) => name !== 'host' && name !== 'bindfs').map((fileSystem): Full => ({
    name: `a full ${fileSystem}`,
    fileSystem,
    options: { tmpfsSize: '8m', overlaySize: '8m' },
    says: 'ENOSPC',
  })),
  {
    name: 'btrfs, with a quota that is nearly used up',
    fileSystem: 'btrfs',
    options: { btrfsQuota: 9 * MEGABYTE },
    says: 'EDQUOT',
    eaten: 2 * MEGABYTE,
  },
];

for (const { name, fileSystem, options, says, eaten } of disks) {
  for (const who of ['permissions', 'root'] as const) {
    describe(`a veto on ${name}, of an editor bound by ${who === 'root' ? 'nothing' : who}`, function () {
      this.timeout(60_000);
      let program: string;
      let mounted: FileSystem | undefined;
      let path: string;
      let storage: string;
      let editor: LineProgram;
      let client: KeeperClient;
      let hog: Hog;
      const { wrapper, errno } = editors[who];
      const events: KeeperEvent[] = [];

      before(async () => {
        program = await compiled('stand-in-editor');
      });
      beforeEach(async function () {
        const found = mountFileSystem(fileSystem, options);
        if (typeof found === 'string') skip(this, `veto.${fileSystem}`, found);
        mounted = found;
        storage = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
        path = join(found.directory, 'run.sh');
        writeFileSync(path, OLD, { mode: 0o644 });
        hog = new Hog(found.directory);
        const [command, ...args] = [...wrapper, program];
        editor = await LineProgram.start(command, ...args);
        events.length = 0;
        client = await startClient();
      });
      afterEach(async () => {
        if (!mounted) return;
        await client.stop();
        await editor.end();
        const left = readdirSync(mounted.directory).filter((name) => name.startsWith('.holdfast'));
        mounted.release();
        mounted = undefined;
        rmSync(storage, { recursive: true });
        assert.deepEqual(left, []);
        assert.deepEqual(
          events.filter(({ kind }) => kind === 'problem' || kind === 'gateDied' || kind === 'died'),
          [],
        );
      });

      async function startClient(): Promise<KeeperClient> {
        return within(
          deadline,
          'the threads',
          new Promise((resolve) => {
            const started = new KeeperClient(
              { stager: join(threads, 'stager.cjs'), keeper: join(threads, 'keeper.cjs') },
              { storageFolder: storage, editor: editor.pid },
              (event) => {
                events.push(event);
                if (event.kind === 'gateReady') resolve(started);
              },
            );
            started.start();
          }),
        );
      }

      async function begin(content = Buffer.alloc(SIZE, 'n')): Promise<GuardedSave> {
        const guarded = client.beforeSave(path, content);
        await guarded.answered;
        return guarded;
      }

      function write(): Promise<string> {
        return editor.ask(`save ${path} ${String(SIZE)} n 65536`);
      }

      function isOld(): void {
        assert.ok(readFileSync(path, 'utf8') === OLD, 'the old version is whole');
        assert.equal(statSync(path).mode & 0o7777, 0o644);
        assert.equal(isImmutable(path), false);
      }

      async function vetoed(guarded: GuardedSave): Promise<Report> {
        const reached = await within(deadline, 'the end of the save', guarded.reached);
        assert.deepEqual([reached.level, reached.reason], ['none', 'vetoed'], JSON.stringify(reached));
        return reached;
      }

      it(`${says === 'EDQUOT' ? 'cannot be' : 'is'} foreseen, keeps the old version whole, and is told with what was refused`, async () => {
        hog.eat(eaten);
        const foreseen = await client.assess(path);
        // Of a quota nothing is told until it is used up.
        assert.equal(foreseen.reason, says === 'EDQUOT' ? 'gated' : 'vetoed', JSON.stringify(foreseen));
        if (says === 'ENOSPC') assert.ok(foreseen.room && foreseen.room.free < foreseen.room.needed);
        for (let turn = 0; turn < 3; turn++) {
          const { ino } = statSync(path);
          const guarded = await begin();
          assert.equal(await write(), `ERROR ${String(errno)}`);
          const { error, room } = await vetoed(guarded);
          assert.equal(error?.errno, says);
          assert.ok(room && room.needed >= SIZE);
          isOld();
          assert.equal(statSync(path).ino, ino);
        }
        hog.giveBack();
      });

      it('of a stock editor there is none: the old version is gone', async () => {
        hog.eat(eaten);
        const fd = openSync(path, 'r');
        assert.equal(await editor.ask(`open ${path}`), 'OPENED');
        // Another program takes the pages.
        new Hog(mounted?.directory ?? '').eat();
        await editor.ask(`write ${String(SIZE)} n`);
        await editor.ask('close');
        assert.ok(readFileSync(path).length < SIZE, 'neither the old nor the new version');
        closeSync(fd);
      });

      it('lets a save through when there is room again', async () => {
        hog.eat(eaten);
        await begin().then(async (guarded) => {
          await write();
          await vetoed(guarded);
        });
        hog.giveBack();
        writeFileSync(path, 'small');
        const guarded = await begin(Buffer.from('nnn'));
        assert.equal(await editor.ask(`save ${path} 3 n 3`), 'SAVED');
        guarded.over('saved');
        assert.equal((await guarded.reached).reason, 'gated');
        assert.equal(readFileSync(path, 'utf8'), 'nnn');
      });

      it('is none of a file that is empty, which has nothing to lose', async () => {
        writeFileSync(path, '');
        hog.eat(eaten && OLD.length + eaten);
        assert.equal((await client.assess(path)).reason, 'gated');
        const reached = await (await begin()).reached;
        assert.equal(reached.reason, 'noRoom');
      });

      it('holds up nobody else: another program writes at once, and the editor is stopped after that', async () => {
        hog.eat(eaten);
        const guarded = await begin();
        const other = await LineProgram.start(program);
        assert.equal(await other.ask(`open ${path}`), 'OPENED');
        assert.equal(await other.ask('write 7 w'), 'WRITTEN');
        assert.equal(await other.ask('close'), 'CLOSED');
        await other.end();
        // The kernel tells nobody of a lease.
        const lease = new RegExp(`LEASE +ACTIVE +READ +${String(process.pid)} [^ ]+:${String(statSync(path).ino)} `);
        const due = performance.now() + deadline;
        while (!lease.test(readFileSync('/proc/locks', 'latin1'))) {
          assert.ok(performance.now() < due, 'the lease is not taken again');
          await immediate();
        }
        assert.equal(await write(), `ERROR ${String(errno)}`);
        await vetoed(guarded);
        assert.equal(readFileSync(path, 'utf8'), 'wwwwwww');
        assert.deepEqual([statSync(path).mode & 0o7777, isImmutable(path)], [0o644, false]);
      });

      it('gives a file in use back the permissions that it had', async () => {
        chmodSync(path, 0o664);
        const reader = openSync(path, 'r');
        hog.eat(eaten);
        const guarded = await begin();
        assert.equal(await write(), `ERROR ${String(errno)}`);
        await vetoed(guarded);
        assert.equal(statSync(path).mode & 0o7777, 0o664);
        closeSync(reader);
      });
    });
  }
}

describe('a disk without inodes', () => {
  it('is no reason for a veto: what is written in place finds room', async function () {
    // The root, the folder and the file.
    const mounted = mountFileSystem('tmpfs', { tmpfsSize: '8m,nr_inodes=4' });
    if (typeof mounted === 'string') skip(this, 'veto.tmpfs', mounted);
    try {
      const path = join(mounted.directory, 'run.sh');
      writeFileSync(path, 'old\n');
      for (let number = 0; ; number++) {
        try {
          writeFileSync(join(mounted.directory, String(number)), '');
        } catch {
          break;
        }
      }
      const host = openHost();
      const target = openTarget(host, path);
      assert.ok(target);
      const refused = await target.prepareVersion(Buffer.from('new\n'), new AbortController().signal).then(
        () => undefined,
        (thrown: unknown) => refusal(thrown, path),
      );
      assert.equal(refused?.reason, 'noRoom');
      assert.deepEqual(decideVeto(target, refused, 4n), { is: 'leave', report: refused });
      target.close();
    } finally {
      mounted.release();
    }
  });
});

describe('an extension host that is killed while it vetoes', function () {
  this.timeout(300_000);

  for (const who of ['permissions', 'root'] as const) {
    it(`leaves nothing protected after the next start (an editor bound by ${who === 'root' ? 'nothing' : who})`, async function () {
      const mounted = mountFileSystem('tmpfs', { tmpfsSize: '8m' });
      if (typeof mounted === 'string') skip(this, 'veto.tmpfs', mounted);
      const storage = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
      const [command, ...args] = [...editors[who].wrapper, await compiled('stand-in-editor')];
      const editor = await LineProgram.start(command, ...args);
      try {
        const path = join(mounted.directory, 'run.sh');
        const source = join(storage, 'source');
        writeFileSync(source, Buffer.alloc(SIZE, 'n'));
        new Hog(mounted.directory).eat();
        const system = openHost();
        /** Whether the process was killed, and what it left; or how many steps the save took. */
        const save = async (
          nth: number,
        ): Promise<{ steps: number; reason: string | undefined; wasProtected: boolean; whole: boolean }> => {
          rmSync(join(mounted.directory, 'hog'));
          writeFileSync(path, OLD, { mode: 0o644 });
          new Hog(mounted.directory).eat();
          const host = await LineProgram.start(
            process.execPath,
            join(projectFolder(), 'out', 'test', 'support', 'mortalHost.entry.cjs'),
            storage,
            String(editor.pid),
          );
          host.tell(`gated ${String(nth)} ${path} ${source}`);
          const answered = (await host.nextOrEnd()) === 'ANSWERED';
          if (answered) {
            await editor.ask(`save ${path} ${String(SIZE)} n 65536`);
            host.tell('saved');
          }
          const end = answered ? await host.nextOrEnd() : undefined;
          await host.kill();
          const wasProtected = isImmutable(path) || (statSync(path).mode & 0o200) === 0;
          const whole = readFileSync(path, 'utf8') === OLD;
          const told: string[] = [];
          const problems: string[] = [];
          await recover(
            system,
            join(storage, 'owners'),
            {
              keep: () => Promise.reject(new Error('there is nothing to keep')),
              removed: () => undefined,
              unprotected: (of) => told.push(of),
              healed: () => undefined,
              problem: ({ message }) => problems.push(message),
            },
            new AbortController().signal,
          );
          assert.deepEqual(problems, []);
          assert.deepEqual(told, wasProtected ? [path] : []);
          assert.deepEqual([isImmutable(path), statSync(path).mode & 0o7777], [false, 0o644]);
          const owners = join(storage, 'owners');
          const records = existsSync(owners) ? readdirSync(owners) : [];
          assert.deepEqual(
            records.filter((name) => recordName.test(name)),
            [],
            'the record is gone',
          );
          const [, , reason, steps] = end?.split(' ') ?? [];
          return { steps: Number(steps ?? 0), reason, wasProtected, whole };
        };
        const { steps, reason } = await save(0);
        assert.equal(reason, 'vetoed');
        const found = { deaths: 0, protected: 0, whole: 0 };
        for (let nth = steps - lastSteps; nth <= steps; nth++) {
          const { wasProtected, whole } = await save(nth);
          found.deaths++;
          if (wasProtected) found.protected++;
          if (whole) found.whole++;
        }
        console.log(`      ${JSON.stringify(found)}`);
        assert.ok(found.protected > 0, 'some deaths leave it protected');
      } finally {
        await editor.end();
        mounted.release();
        rmSync(storage, { recursive: true });
      }
    });
  }
});
