/** Who uses a file: the finder that is for macOS, run for real with the lsof and ps of Linux, beside the one for Linux. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { SystemError, type ErrorFacts } from '../../src/core/errors';
import type { Holder } from '../../src/core/holders/holder';
import type { FileInUse } from '../../src/core/holders/inUse';
import type { HolderFinder, Pin } from '../../src/core/holders/ports';
import type { LookoutEvent } from '../../src/core/holders/service';
import { LookoutClient } from '../../src/keeper/lookoutClient';
import { LsofHolderFinder } from '../../src/platform/darwin/finder';
import { openLinuxHolderFinder } from '../../src/platform/linux/holders/finder';
import { openLibrary } from '../../src/platform/linux/libc';
import { ask } from '../../src/platform/portable/run';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { LineProgram } from '../support/lineProgram';
import { hasLsof, programsHere } from '../support/lsof';
import { skip } from '../support/skip';

const NOBODY: ReadonlySet<number> = new Set();
const deadline = 30_000;

/** It waits for a child. */
const SCRIPT = ': first\nsh -c "echo READY; read line; :"\n: third\n';

const finders: Readonly<Record<string, () => HolderFinder>> = {
  lsof: () => new LsofHolderFinder(programsHere),
  Linux: () => openLinuxHolderFinder(openLibrary()),
};

for (const [name, open] of Object.entries(finders)) {
  describe(`who uses a file, found by ${name}`, function () {
    this.timeout(120_000);
    let finder: HolderFinder;
    let folder: string;
    const running: LineProgram[] = [];
    const pins: Pin[] = [];

    before(function () {
      if (process.platform !== 'linux') skip(this, 'lsofFinder', 'only Linux');
      if (!hasLsof()) skip(this, 'lsofFinder.lsof', 'there is no lsof');
    });
    beforeEach(() => {
      finder = open();
      folder = mkdtempSync(join(tmpdir(), 'holdfast-lsof-'));
    });
    afterEach(async () => {
      for (const program of running.splice(0)) await program.kill();
      for (const pin of pins.splice(0)) pin.close();
      rmSync(folder, { recursive: true });
    });

    function file(called = 'target', text = 'content\n'): string {
      const path = join(folder, called);
      writeFileSync(path, text);
      return path;
    }

    function pinned(path: string): Pin {
      const pin = finder.pin(path);
      pins.push(pin);
      return pin;
    }

    async function start(program: string, ...args: readonly string[]): Promise<LineProgram> {
      const started = await LineProgram.start(program, ...args);
      running.push(started);
      return started;
    }

    async function stop(program: LineProgram): Promise<void> {
      running.splice(running.indexOf(program), 1);
      await program.kill();
    }

    function holdersOf(pin: Pin, except = NOBODY): readonly Holder[] {
      return finder.pass([pin], except).holders.get(pin) ?? [];
    }

    function only(pin: Pin): Holder {
      const [holder, ...others] = holdersOf(pin);
      assert.ok(holder !== undefined && others.length === 0, JSON.stringify([holder, ...others]));
      return holder;
    }

    /** Keeps it open for reading as descriptor 3. */
    async function reader(path: string): Promise<LineProgram> {
      return start('bash', '-c', 'exec 3<"$0"; echo READY; read line', path);
    }

    /** Says who it is itself: what a finder tells must be true of it. */
    function isAbout(holder: Holder, program: LineProgram, called: string, harm: Holder['harm']): void {
      assert.deepEqual([holder.process.pid, holder.program, holder.harm], [program.pid, called, harm]);
      assert.ok(Math.abs(holder.since - Date.now()) < deadline, String(holder.since));
      assert.equal(holder.uid, process.getuid?.());
      assert.equal(holder.ancestors[0], process.pid);
    }

    it('nobody', () => {
      assert.deepEqual(holdersOf(pinned(file())), []);
    });

    it('an open descriptor, to read and to write', async () => {
      const path = file();
      const program = await reader(path);
      isAbout(only(pinned(path)), program, 'bash', 'open');
      const written = file('written');
      const writer = await start('bash', '-c', 'exec 3>>"$0"; echo READY; read line', written);
      isAbout(only(pinned(written)), writer, 'bash', 'open');
    });

    it('private and shared mappings, whose descriptors are closed', async () => {
      for (const how of ['private', 'shared']) {
        const path = file(how);
        const mapper = await compiled('mapper');
        const program = await start(mapper, how, path);
        isAbout(only(pinned(path)), program, basename(mapper), 'mapped');
      }
    });

    it('an executed program', async () => {
      const path = join(folder, 'program');
      copyFileSync(await compiled('mapper'), path);
      chmodSync(path, 0o755);
      const program = await start(path, 'private', file());
      isAbout(only(pinned(path)), program, 'program', 'mapped');
    });

    it('a running bash script, started in either way', async () => {
      const path = file('named.sh', SCRIPT);
      const named = await start('bash', path);
      isAbout(only(pinned(path)), named, 'bash', 'readsAsItRuns');
      const executed = file('executed.sh', `#!/bin/bash\n${SCRIPT}`);
      chmodSync(executed, 0o755);
      const itself = await start(executed);
      isAbout(only(pinned(executed)), itself, 'bash', 'readsAsItRuns');
    });

    it('a shell that reads ahead, and how far it has', async () => {
      const text = 'echo READY\nread line\n';
      const path = file('block.sh', text);
      const pin = pinned(path);
      const program = await start('dash', path);
      const holder = only(pin);
      isAbout(holder, program, 'dash', 'readsAsItRuns');
      assert.deepEqual(holder.read, { offset: text.length, by: 'block' });
      assert.deepEqual(finder.reread(pin, holder), holder.read);
    });

    it('several of several files in one pass, and each only of its own', async () => {
      const [one, two, three] = [pinned(file('one')), pinned(file('two')), pinned(file('three'))];
      const first = await reader(join(folder, 'one'));
      const both = await start(
        'bash',
        '-c',
        'exec 3<"$0" 4<"$1"; echo READY; read line',
        join(folder, 'one'),
        join(folder, 'two'),
      );
      const { holders } = finder.pass([one, two, three], NOBODY);
      const pids = (pin: Pin): readonly number[] => (holders.get(pin) ?? []).map(({ process: { pid } }) => pid).sort();
      assert.deepEqual(pids(one), [first.pid, both.pid].sort());
      assert.deepEqual(pids(two), [both.pid]);
      assert.equal(holders.has(three), false);
    });

    it('names that no list could hold', async () => {
      for (const called of [
        'with blank',
        'with\nline\np1\nf3',
        '-n',
        '[x] (deleted)',
        'tab\t\x01\x7f',
        'é ☃',
        'a\\b\\n',
        'quo\'te"$(x)',
      ]) {
        const path = file(called);
        const program = await reader(path);
        isAbout(only(pinned(path)), program, 'bash', 'open');
      }
    });

    it('another name of the inode, and not another inode of the name', async () => {
      const path = file();
      const other = join(folder, 'other name');
      linkSync(path, other);
      const program = await reader(other);
      isAbout(only(pinned(path)), program, 'bash', 'open');
      const pin = pinned(other);
      rmSync(other);
      writeFileSync(other, 'another one');
      assert.deepEqual(holdersOf(pinned(other)), []);
      assert.equal(pin.atPath(), false);
    });

    it('who was known goes on to be found when another inode has taken the path, until he ends', async () => {
      const path = file('script.sh', SCRIPT);
      const before = pinned(path);
      const program = await start('bash', path);
      const known = only(before);
      file('new', SCRIPT);
      renameSync(join(folder, 'new'), path);
      const after = pinned(path);
      const { holders } = finder.pass([before, after], NOBODY);
      assert.deepEqual([...holders.keys()], [before]);
      assert.deepEqual(
        holders.get(before)?.map(({ process: { pid } }) => pid),
        [known.process.pid],
      );
      await stop(program);
      assert.equal(finder.pass([before, after], NOBODY).holders.size, 0);
    });

    it('who has ended is nobody', async () => {
      const path = file();
      const pin = pinned(path);
      const program = await reader(path);
      only(pin);
      await stop(program);
      assert.deepEqual(holdersOf(pin), []);
    });

    it('ourselves and the editor are untold', async () => {
      const path = file();
      const pin = pinned(path);
      const fd = openSync(path, 'r');
      try {
        const found = finder.pass([pin], NOBODY);
        assert.deepEqual([found.holders.size, found.untold.has(pin)], [0, true]);
      } finally {
        closeSync(fd);
      }
      const program = await reader(path);
      const found = finder.pass([pin], new Set([program.pid]));
      assert.deepEqual([found.holders.size, found.untold.has(pin)], [0, true]);
    });

    it('the same process has the same key each time', async () => {
      const path = file();
      await reader(path);
      const pin = pinned(path);
      const [first, second] = [only(pin), only(pin)];
      assert.deepEqual(first.process, second.process);
    });

    it('says what runs, and that a process has ended', async () => {
      const path = file();
      const program = await reader(path);
      const { process: key } = only(pinned(path));
      const { executable } = finder.inspect(key);
      assert.match(executable ?? '', /\/bash$/);
      assert.throws(() => finder.inspect({ ...key, started: key.started - 100_000 }), { errno: 'ESRCH' });
      await stop(program);
      assert.throws(() => finder.inspect(key), { errno: 'ESRCH' });
    });

    it('refuses what is no regular file', () => {
      assert.throws(() => finder.pin(folder), { errno: 'EINVAL' });
      assert.throws(() => finder.pin(join(folder, 'nothing')), { errno: 'ENOENT' });
    });

    it('reads a version that is at its path, and no other', () => {
      const path = file();
      const pin = pinned(path);
      assert.equal(Buffer.from(pin.read(7)).toString(), 'content');
      assert.deepEqual([pin.size(), pin.atPath()], [8, true]);
      if (pin.held) pin.letGo();
      writeFileSync(join(folder, 'keeps the number'), '');
      linkSync(path, join(folder, 'old'));
      renameSync(join(folder, 'keeps the number'), path);
      assert.throws(() => pin.read(7), { errno: 'ESTALE' });
      assert.deepEqual([pin.size(), pin.atPath()], [8, false]);
    });
  });
}

describe('asking programs', function () {
  this.timeout(30_000);

  before(function () {
    if (process.platform !== 'linux') skip(this, 'lsofFinder', 'only Linux');
  });

  const failure = (errno: string) => (thrown: unknown) => SystemError.is(thrown, errno);

  it('one that is not there, or ends otherwise, is an error of the system', () => {
    assert.throws(() => ask('/nothing/lsof', [], [0]), failure('ENOENT'));
    assert.throws(() => ask('/bin/false', [], [0]), failure('EIO'));
    assert.equal(ask('/bin/false', [], [0, 1]), '');
    assert.throws(() => ask('/bin/sh', ['-c', 'kill -9 $$'], [0]), failure('EIO'));
  });

  it('nothing of the environment comes to it, and nothing of it is run by a shell', () => {
    process.env['HOLDFAST_SECRET'] = 'x';
    try {
      assert.doesNotMatch(ask('/usr/bin/env', [], [0]), /SECRET/);
    } finally {
      delete process.env['HOLDFAST_SECRET'];
    }
    assert.equal(ask('/bin/echo', ['$(id); `id`'], [0]), '$(id); `id`\n');
  });

  it('a finder whose programs are gone throws what the system says', () => {
    const finder = new LsofHolderFinder({ lsof: '/nothing/lsof', ps: '/nothing/ps' });
    const pin = finder.pin(process.execPath);
    assert.throws(() => finder.pass([pin], NOBODY), failure('ENOENT'));
    assert.ok(!existsSync('/nothing'));
  });

  it('what cannot be done without pidfds is refused', () => {
    const finder: HolderFinder = new LsofHolderFinder(programsHere);
    assert.throws(() => {
      finder.signal({ pid: process.pid, started: 1 }, 'SIGTERM');
    }, failure('ENOSYS'));
    assert.throws(() => finder.named({ executable: '/bin/sh' }), failure('ENOSYS'));
    assert.equal(finder.probe(finder.pin(process.execPath)), 'unknown');
  });
});

describe('the lookout as on macOS', function () {
  this.timeout(120_000);
  let folder: string;
  let client: LookoutClient;
  let events: LookoutEvent[];
  const running: LineProgram[] = [];

  before(function () {
    if (process.platform !== 'linux') skip(this, 'lsofFinder', 'only Linux');
    if (!hasLsof()) skip(this, 'lsofFinder.lsof', 'there is no lsof');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-asking-'));
    events = [];
    client = new LookoutClient(join(projectFolder(), 'out/test/support/askingLookout.entry.cjs'), 1, (event) =>
      events.push(event),
    );
  });
  afterEach(async () => {
    await client.stop();
    for (const program of running.splice(0)) await program.kill();
    rmSync(folder, { recursive: true });
    assert.deepEqual(events, [{ kind: 'lookoutReady' }]);
  });

  function watched(path: string, what: string, as: (known: FileInUse) => boolean): Promise<FileInUse> {
    const seen = new Promise<FileInUse>((resolve) => {
      const look = (): void => {
        const known = client.of(path);
        if (known && as(known)) resolve(known);
      };
      client.onDidChange(look);
      look();
    });
    return within(deadline, what, seen);
  }

  it('tells who has a file when it is watched, and when the user comes to it', async () => {
    const path = join(folder, 'script.sh');
    writeFileSync(path, SCRIPT);
    const first = await LineProgram.start('bash', path);
    running.push(first);
    client.watch([path]);
    const known = await watched(path, 'the first one', ({ current }) => current?.holders.length === 1);
    assert.deepEqual(
      known.current?.holders.map(({ process: { pid }, harm }) => [pid, harm]),
      [[first.pid, 'readsAsItRuns']],
    );
    const second = await LineProgram.start('bash', path);
    running.push(second);
    client.look(path);
    await watched(path, 'both', ({ current }) => current?.holders.length === 2);
  });

  it('finds out by itself while somebody looks: who has come, what was replaced, who has gone', async () => {
    const path = join(folder, 'script.sh');
    writeFileSync(path, SCRIPT);
    client.watch([path]);
    await watched(path, 'nobody', ({ current, uncertain }) => current?.holders.length === 0 && uncertain);
    client.attend(true);
    const program = await LineProgram.start('bash', path);
    running.push(program);
    await watched(path, 'one who has come', ({ current }) => current?.holders.length === 1);
    writeFileSync(`${path}.new`, SCRIPT);
    renameSync(`${path}.new`, path);
    const stale = await watched(path, 'an older version', ({ older }) => older.length === 1);
    assert.deepEqual([stale.current?.holders.length, stale.older[0]?.holders.length], [0, 1]);
    await program.kill();
    running.pop();
    await watched(path, 'nobody again', ({ older, current }) => older.length === 0 && current?.holders.length === 0);
  });
});

describe('the lookout of other systems', function () {
  this.timeout(60_000);
  let folder: string;

  before(function () {
    if (process.platform !== 'linux') skip(this, 'lsofFinder', 'only Linux');
    folder = mkdtempSync(join(tmpdir(), 'holdfast-elsewhere-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** What the thread first has to say besides that it is ready, on a system that is called so; but koffi is this machine's. */
  async function complaint(platform: string): Promise<ErrorFacts> {
    const script = join(folder, `${platform}.cjs`);
    const thread = JSON.stringify(join(projectFolder(), 'out/src/keeper/lookout.cjs'));
    writeFileSync(
      script,
      `require(${JSON.stringify(join(projectFolder(), 'node_modules', 'koffi'))});
      Object.defineProperty(process, 'platform', { value: '${platform}' });
      Object.defineProperty(process, 'arch', { value: 'x64' });
      require(${thread});`,
    );
    let client: LookoutClient | undefined;
    try {
      const told = new Promise<ErrorFacts>((resolve) => {
        client = new LookoutClient(script, 1, (event) => {
          if (event.kind !== 'lookoutReady') resolve(event.error);
        });
      });
      client?.watch([process.execPath]);
      return await within(deadline, `a complaint on ${platform}`, told);
    } finally {
      await client?.stop();
    }
  }

  it('on macOS asks the lsof that is there', async function () {
    if (existsSync('/usr/sbin/lsof'))
      skip(this, 'lsofFinder.darwin', 'there is an lsof at the place of the one of macOS');
    const { path, errno } = await complaint('darwin');
    assert.deepEqual([path, errno], ['/usr/sbin/lsof', 'ENOENT']);
  });

  it('on Windows asks the Restart Manager of the system', async () => {
    const { detail } = await complaint('win32');
    assert.match(detail, /C:\\Windows\\System32\\rstrtmgr\.dll/);
  });
});
