/** Saves of files that a new file cannot be like, as an ordinary user on the real kernel. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { KeeperEvent } from '../../src/core/guard';
import type { Report } from '../../src/core/level';
import { defaultOptions, type SaveOptions } from '../../src/core/options';
import { KeeperClient } from '../../src/keeper/client';
import { openHost } from '../../src/platform/linux/linux';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { LineProgram } from '../support/lineProgram';
import { asNobody } from '../support/platform';
import { skip } from '../support/skip';

const threads = join(projectFolder(), 'out', 'src', 'keeper');
const deadline = 10_000;
const nobody = 65534;
/** Neither root's nor nobody's. */
const somebody = 1234;
const theirGroup = 4321;

describe('a save by a user who cannot give a new file everything', function () {
  this.timeout(60_000);
  let folder: string;
  let storage: string;
  let editor: LineProgram;
  let reader: LineProgram;
  const events: KeeperEvent[] = [];

  before(function () {
    if (process.getuid?.() !== 0) skip(this, 'ownership', 'needs root to become somebody else');
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-ownership-'));
    storage = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
    for (const own of [folder, storage]) chownSync(own, nobody, nobody);
    editor = await startAsNobody('stand-in-editor');
    reader = await startAsNobody('opener');
    events.length = 0;
  });
  afterEach(async () => {
    await editor.end();
    await reader.end();
    assert.deepEqual(
      events.filter(({ kind }) => kind === 'problem' || kind === 'gateDied' || kind === 'died'),
      [],
    );
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('.holdfast')),
      [],
      'temporary names are left',
    );
    rmSync(folder, { recursive: true });
    rmSync(storage, { recursive: true });
  });

  async function startAsNobody(program: string): Promise<LineProgram> {
    const id = String(nobody);
    return LineProgram.start('setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups', await compiled(program));
  }

  /** Of these owner, group and permissions. */
  function file(uid: number, gid: number, mode: number, name = 'run.sh'): string {
    const path = join(folder, name);
    writeFileSync(path, 'old\n');
    chownSync(path, uid, gid);
    chmodSync(path, mode);
    return path;
  }

  async function asGuardedUser<T>(work: (client: KeeperClient) => Promise<T>): Promise<T> {
    return asNobody(async () => {
      let ready: () => void = () => undefined;
      const gateReady = new Promise<void>((resolve) => {
        ready = resolve;
      });
      const client = new KeeperClient(
        { stager: join(threads, 'stager.cjs'), keeper: join(threads, 'keeper.cjs') },
        { storageFolder: storage, editor: editor.pid },
        (event) => {
          events.push(event);
          if (event.kind === 'gateReady') ready();
        },
      );
      client.start();
      try {
        await within(deadline, 'the keeper', gateReady);
        return await work(client);
      } finally {
        await client.stop();
      }
    });
  }

  interface Saved {
    readonly foreseen: Report;
    readonly reached: Report;
  }

  /** Foresees and saves; in between, looks at what the editor will write. */
  async function save(
    path: string,
    options: Partial<SaveOptions> = {},
    beforeWriting: () => void = () => undefined,
  ): Promise<Saved> {
    return asGuardedUser(async (client) => {
      const settled = { ...defaultOptions, ...options };
      const foreseen = await client.assess(path, settled);
      const guarded = client.beforeSave(path, Buffer.from('nnnn'), settled);
      await guarded.answered;
      beforeWriting();
      assert.equal(await editor.ask(`save ${path} 4 n 4`), 'SAVED');
      guarded.over('saved');
      const reached = await within(deadline, 'the end of the save', guarded.reached);
      assert.equal(readFileSync(path, 'utf8'), 'nnnn');
      return { foreseen, reached };
    });
  }

  /** A program of this user's has it open; and so have we, to see that it stays what it is. */
  async function held(path: string): Promise<() => Promise<void>> {
    assert.equal(await reader.ask(`open r ${path}`), 'OPEN');
    const fd = openSync(path, 'r');
    const before = fstatSync(fd);
    return async () => {
      const { ino, mode, uid, gid } = fstatSync(fd);
      assert.deepEqual([ino, mode, uid, gid], [before.ino, before.mode, before.uid, before.gid]);
      const bytes = Buffer.alloc(100);
      assert.equal(bytes.toString('utf8', 0, readSync(fd, bytes, 0, 100, 0)), 'old\n');
      assert.notEqual(statSync(path).ino, ino, 'the path leads to a new file');
      closeSync(fd);
      assert.equal(await reader.ask('close'), 'CLOSED');
    };
  }

  function inWords({ level, reason, held: isHeld, givesUp, question }: Report): string {
    return [
      level,
      reason,
      ...(isHeld ? ['held'] : []),
      ...(givesUp ?? []).map((given) => `-${given.what === 'attribute' ? given.lost.name : given.what}`),
      ...(question ? [`?${question}`] : []),
    ].join(' ');
  }

  function whose(path: string): string {
    const { mode, uid, gid } = statSync(path);
    return `${String(uid)}:${String(gid)} ${(mode & 0o7777).toString(8)}`;
  }

  const listOf = (path: string): string => execFileSync('getfacl', ['-cpn', path], { encoding: 'utf8' });

  it('a file of another owner, in use: a new file of the user’s, with its group, permissions, list and times', async function () {
    const path = file(somebody, nobody, 0o6775);
    try {
      execFileSync('setfacl', ['-m', 'u:77:r--,u:78:---,m::rwx', path], { stdio: 'pipe' });
    } catch {
      skip(this, 'ownership.acl', 'no access lists on the file system of the temporary folder, or no setfacl');
    }
    chmodSync(path, 0o6775);
    const list = listOf(path);
    // What an in-place save leaves of the permissions.
    const twin = join(folder, 'twin');
    execFileSync('cp', ['--preserve=all', path, twin]);
    assert.equal(whose(twin), `${String(somebody)}:${String(nobody)} 6775`);
    assert.equal(await editor.ask(`save ${twin} 4 n 4`), 'SAVED');
    const isAsBefore = await held(path);
    const { mtimeNs } = statSync(path, { bigint: true });
    const { foreseen, reached } = await save(path, {}, () => {
      // The clone that the editor will write is run by nobody as this user.
      assert.equal(whose(path), `${String(nobody)}:${String(nobody)} 2775`);
      assert.equal(statSync(path, { bigint: true }).mtimeNs, mtimeNs);
      assert.equal(readFileSync(path, 'utf8'), 'old\n');
    });
    assert.equal(inWords(foreseen), 'detached leasesForOwner -owner ?owner');
    assert.equal(inWords(reached), 'detached leasesForOwner -owner');
    const { mode } = statSync(twin);
    assert.equal(whose(path), `${String(nobody)}:${String(nobody)} ${(mode & 0o7777).toString(8)}`);
    assert.equal(listOf(path), list);
    await isAsBefore();
  });

  it('nobody is seen to use it, or the owner is to stay: in place', async () => {
    const path = file(somebody, nobody, 0o664);
    const { ino } = statSync(path);
    const free = await save(path);
    assert.deepEqual([inWords(free.foreseen), inWords(free.reached)], ['direct foreignOwner', 'direct foreignOwner']);
    assert.equal(await reader.ask(`open r ${path}`), 'OPEN');
    const kept = await save(path, { owner: 'keepOwner' });
    assert.equal(inWords(kept.foreseen), 'direct foreignOwner held');
    assert.equal(kept.reached.reason, 'foreignOwner');
    assert.deepEqual([whose(path), statSync(path).ino], [`${String(somebody)}:${String(nobody)} 664`, ino]);
  });

  it('one that the user may not write, or could not as its owner, in use: nothing is made that could be written', async () => {
    for (const mode of [0o644, 0o464]) {
      const path = file(somebody, nobody, mode);
      const { ino } = statSync(path);
      assert.equal(await reader.ask(`open r ${path}`), 'OPEN');
      await asGuardedUser(async (client) => {
        assert.equal(inWords(await client.assess(path)), 'direct foreignOwner held');
        const guarded = client.beforeSave(path, Buffer.from('nnnn'));
        assert.equal((await guarded.reached).reason, 'foreignOwner');
      });
      assert.deepEqual([whose(path).slice(0, -4), statSync(path).ino], [`${String(somebody)}:${String(nobody)}`, ino]);
      assert.equal(await reader.ask('close'), 'CLOSED');
    }
  });

  it('a file of a group that the user is not in, in use: gated, and the new group may do no more than everybody', async () => {
    const path = file(nobody, theirGroup, 0o2664);
    const isAsBefore = await held(path);
    const { foreseen, reached } = await save(path, {}, () => {
      assert.equal(whose(path), `${String(nobody)}:${String(nobody)} 644`);
    });
    assert.deepEqual([inWords(foreseen), inWords(reached)], ['gated gated -group ?owner', 'gated gated -group']);
    assert.equal(whose(path), `${String(nobody)}:${String(nobody)} 644`);
    await isAsBefore();
  });

  it('… whose save does not happen: a clone of it has another group by now, and that is told', async () => {
    const path = file(nobody, theirGroup, 0o664);
    const isAsBefore = await held(path);
    const reached = await asGuardedUser(async (client) => {
      const guarded = client.beforeSave(path, Buffer.from('nnnn'));
      await guarded.answered;
      guarded.over('givenUp');
      return within(deadline, 'the end of the save', guarded.reached);
    });
    assert.equal(inWords(reached), 'gated notSaved -group');
    assert.equal(readFileSync(path, 'utf8'), 'old\n');
    assert.equal(whose(path), `${String(nobody)}:${String(nobody)} 644`);
    await isAsBefore();
  });

  it('… with an access list: the same, and what it grants to others stays', async function () {
    const path = file(nobody, theirGroup, 0o640);
    try {
      execFileSync('setfacl', ['-m', 'g::rw-,o::r--,u:77:rw-,g:88:r--,m::rw-', path], { stdio: 'pipe' });
    } catch {
      skip(this, 'ownership.acl', 'no access lists on the file system of the temporary folder, or no setfacl');
    }
    const list = listOf(path);
    const isAsBefore = await held(path);
    const { reached } = await save(path);
    assert.equal(inWords(reached), 'gated gated -group');
    assert.equal(listOf(path), list.replace('group::rw-', 'group::r--'));
    await isAsBefore();
  });

  it('a file of a group that its setgid folder hands down: nothing is lost, in use or not', async () => {
    chownSync(folder, nobody, theirGroup);
    chmodSync(folder, 0o2775);
    const path = file(nobody, theirGroup, 0o664);
    const free = await save(path);
    assert.deepEqual([inWords(free.foreseen), inWords(free.reached)], ['gated gated', 'gated gated']);
    assert.equal(whose(path), `${String(nobody)}:${String(theirGroup)} 664`);
    writeFileSync(path, 'old\n');
    const isAsBefore = await held(path);
    assert.equal(inWords((await save(path)).reached), 'gated gated');
    assert.equal(whose(path), `${String(nobody)}:${String(theirGroup)} 664`);
    await isAsBefore();
  });

  it('a file with an attribute that the user cannot give, in use: in place until it is said that it may go', async function () {
    const path = file(nobody, nobody, 0o644);
    const { libc } = openHost();
    const fd = openSync(path, 'r+');
    try {
      libc.setAttribute(fd, name, capability, path);
    } catch {
      skip(this, 'ownership.attribute', 'no file capabilities on the file system of the temporary folder');
    } finally {
      closeSync(fd);
    }
    const isAsBefore = await held(path);
    const holders = openSync(path, 'r');
    await asGuardedUser(async (client) => {
      assert.equal(inWords(await client.assess(path)), 'direct wouldLose held ?attributes');
      const reached = await client.beforeSave(path, Buffer.from('nnnn')).reached;
      assert.equal(inWords(reached), 'direct wouldLose held ?attributes');
      const kept = await client.assess(path, { ...defaultOptions, attributes: 'keepAttributes' });
      assert.equal(inWords(kept), 'direct wouldLose held');
    });
    const { foreseen, reached } = await save(path, { attributes: 'newFile' });
    assert.deepEqual([inWords(foreseen), inWords(reached)], [`gated gated -${name}`, `gated gated -${name}`]);
    assert.equal(whose(path), `${String(nobody)}:${String(nobody)} 644`);
    assert.deepEqual(libc.listAttributes(holders, path), [name]);
    closeSync(holders);
    const now = openSync(path, 'r');
    assert.deepEqual(libc.listAttributes(now, path), []);
    closeSync(now);
    await isAsBefore();
  });
});

const name = 'security.capability';
/** VFS_CAP_REVISION_2, nothing permitted; include/uapi/linux/capability.h. */
const capability = Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.alloc(16)]);
