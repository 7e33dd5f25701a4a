/** Flags, raised by the product's own code, and the reference clients of `clients/` that read them; docs/reopen-protocol.md. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as immediate } from 'node:timers/promises';

import type { SystemError } from '../../src/core/errors';
import type { KeeperEvent } from '../../src/core/guard';
import type { Report } from '../../src/core/level';
import { limits } from '../../src/core/limits';
import { defaultOptions } from '../../src/core/options';
import type { Flags } from '../../src/core/ports';
import { KeeperClient } from '../../src/keeper/client';
import { flagName, flagPlaces, openFlags } from '../../src/platform/linux/flags';
import { openHost } from '../../src/platform/linux/linux';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { compiledClient, exampleOf, languages, type Language } from '../support/flags/clients';
import { flagLoadLine, flagShortcomings, loadFlags } from '../support/flags/load';
import { LineProgram } from '../support/lineProgram';
import { openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

const publishes = Number(process.env['HOLDFAST_PUBLISHES'] ?? 200);
const isRoot = process.getuid?.() === 0;
/** SIGRTMAX. */
const realTime = 64;
const never = new AbortController().signal;
const deadline = 10_000;
const anHourAgo = Date.now() / 1000 - 3_601;

/** Has a write lease on its argument until somebody else opens that. */
const leaseholder = `
import fcntl, os, signal, sys
descriptor = os.open(sys.argv[1], os.O_RDWR)
def let_go(*_):
    print("DISTURBED", flush=True)
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
signal.signal(signal.SIGIO, let_go)
fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("READY", flush=True)
sys.stdin.read()
`;

describe('flags under load', function () {
  this.timeout(600_000);
  for (const language of languages) {
    it(`tell every reader of every publish (${language})`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const load = await loadFlags(language, publishes, seed);
      console.log(`      seed ${String(seed)}, ${flagLoadLine(load)}`);
      assert.deepEqual(flagShortcomings(load), []);
    });
  }
});

describe('a flag', function () {
  this.timeout(60_000);
  const host = openHost();
  const problems: SystemError[] = [];
  let root: string;
  let runtime: string;
  let path: string;
  let flags: Flags;
  let descriptors: readonly string[];

  before(async () => {
    await compiledClient('example');
  });
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-flag-')));
    runtime = join(root, 'run');
    mkdirSync(runtime, { mode: 0o700 });
    path = join(root, 'run.sh');
    writeFileSync(path, 'old\n');
    problems.length = 0;
    flags = open();
    descriptors = openDescriptors();
  });
  afterEach(() => {
    assert.deepEqual(openDescriptors(), descriptors, 'descriptors leaked');
    rmSync(root, { recursive: true });
  });

  function open(base = runtime): Flags {
    return openFlags(host, flagPlaces(host.uid, base, root), (error) => problems.push(error));
  }

  function folder(): string {
    const made = join(runtime, 'holdfast', 'v1');
    mkdirSync(made, { recursive: true, mode: 0o700 });
    return made;
  }

  function flagOf(target: string | Buffer = path): string {
    return join(folder(), flagName(Buffer.from(target)));
  }

  /** As a reader makes it. */
  function make(file = flagOf()): number {
    const fd = openSync(file, 'a+', 0o600);
    closeSync(fd);
    const made = openSync(file, 'r+');
    writeSync(made, Buffer.alloc(1), 0, 1, 1);
    return made;
  }

  function isRaised(fd: number): boolean {
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, 0);
    return byte[0] === 1 && fstatSync(fd).nlink === 0;
  }

  function raised(file: string, raise: () => void): boolean {
    const fd = make(file);
    try {
      raise();
      return isRaised(fd);
    } finally {
      closeSync(fd);
    }
  }

  const told = (): readonly string[] => problems.map(({ operation, errno }) => `${operation} ${errno}`);

  it('is set, and then gone; where there is none, nothing is made', () => {
    flags.raise(path);
    assert.deepEqual(readdirSync(runtime), []);
    assert.ok(raised(flagOf(), () => flags.raise(path)));
    assert.deepEqual(readdirSync(folder()), []);
    assert.deepEqual(told(), []);
  });

  it('is that of the real path, byte for byte', () => {
    const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0x0a, 0x20])]);
    mkdirSync(odd);
    writeFileSync(Buffer.concat([odd, Buffer.from('/file')]), '');
    symlinkSync(odd, join(root, 'link'));
    const flag = flagOf(Buffer.concat([odd, Buffer.from('/file')]));
    assert.ok(raised(flag, () => flags.raise(join(root, 'link', 'file'))));
    assert.deepEqual(told(), []);
  });

  it('is found in every place that a reader may use', () => {
    const own = join(root, `holdfast-${String(host.uid)}`);
    mkdirSync(join(own, 'v1'), { recursive: true, mode: 0o700 });
    assert.ok(raised(join(own, 'v1', flagName(Buffer.from(path))), () => flags.raise(path)));
    const without = openFlags(host, flagPlaces(host.uid, undefined, root), (error) => problems.push(error));
    assert.ok(raised(join(own, 'v1', flagName(Buffer.from(path))), () => without.raise(path)));
    assert.deepEqual(
      flagPlaces(7, '/run/user/7/', '/tmp').map((place) => place.folder),
      ['/run/user/7/holdfast/v1', '/tmp/holdfast-7/v1'],
    );
    assert.deepEqual(
      flagPlaces(7, 'relative', '/tmp').map((place) => place.folder),
      ['/run/user/7/holdfast/v1', '/tmp/holdfast-7/v1'],
    );
    assert.deepEqual(told(), []);
  });

  it('is not removed by one who has not got its lock: it may be another one by then', () => {
    const flag = flagOf();
    const fd = make(flag);
    const other = openSync(flag, 'r');
    assert.ok(host.libc.tryLock(other, flag));
    flags.raise(path);
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, 0);
    assert.deepEqual([byte[0], fstatSync(fd).nlink], [1, 1]);
    closeSync(other);
    flags.raise(path);
    assert.ok(isRaised(fd));
    closeSync(fd);
    assert.deepEqual(told(), []);
  });

  describe('whose reader has ended', () => {
    it('stays until it is old, and goes then; one that somebody has open stays', async () => {
      const [forgotten, young, open, set] = ['a', 'b', 'c', 'd'].map((name) => flagOf(join(root, name)));
      assert.ok(forgotten && young && open && set);
      for (const file of [forgotten, young, set]) closeSync(make(file));
      const fd = make(open);
      const marked = make(set);
      writeSync(marked, Buffer.from([1]), 0, 1, 0);
      for (const file of [forgotten, open, set]) utimesSync(file, anHourAgo, anHourAgo);
      const stranger = join(folder(), 'notes');
      writeFileSync(stranger, '');
      utimesSync(stranger, anHourAgo, anHourAgo);
      // In another process: a lease does not count what its own has open.
      const holder = await startHolder(open);
      await flags.tidy(never);
      assert.deepEqual([forgotten, young, open, set, stranger].map(existsSync), [false, true, true, false, true]);
      await holder.end();
      closeSync(fd);
      closeSync(marked);
      assert.deepEqual(told(), []);
    });

    it('goes with thousands of others, without keeping anybody waiting', async function () {
      const many = publishes >= 10_000 ? 100_000 : 10_000;
      const script = `
import os, sys
for number in range(int(sys.argv[2])):
    path = os.path.join(sys.argv[1], "%064x" % number)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    os.pwrite(descriptor, b"\\0", 1)
    os.close(descriptor)
    os.utime(path, (${String(anHourAgo)}, ${String(anHourAgo)}))
`;
      execFileSync('python3', ['-c', script, folder(), String(many)]);
      let turns = 0;
      let longest = 0;
      let last = performance.now();
      const beat = (): void => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        turns++;
        if (running) setImmediate(beat);
      };
      let running = true;
      setImmediate(beat);
      assert.ok(
        raised(flagOf(), () => flags.raise(path)),
        'among them',
      );
      await flags.tidy(never);
      running = false;
      assert.deepEqual(readdirSync(folder()), []);
      assert.ok(turns > many / 100, `${String(turns)} turns of the event loop`);
      console.log(
        `      ${String(many)} flags: ${String(turns)} turns of the event loop, the longest ${longest.toFixed(1)} ms`,
      );
      assert.deepEqual(told(), []);
    });

    it('is left when it is not wanted any more', async () => {
      closeSync(make());
      utimesSync(flagOf(), anHourAgo, anHourAgo);
      const enough = new AbortController();
      enough.abort();
      await flags.tidy(enough.signal);
      assert.ok(existsSync(flagOf()));
    });
  });

  describe('in a place that is not to be trusted', () => {
    it('is not touched, and that is said once', () => {
      const flag = flagOf();
      const fd = make(flag);
      for (const [spoil, undo] of [
        [(): void => chmodSync(runtime, 0o755), (): void => chmodSync(runtime, 0o700)],
        [(): void => chmodSync(folder(), 0o770), (): void => chmodSync(folder(), 0o700)],
        [(): void => chmodSync(dirname(folder()), 0o777), (): void => chmodSync(dirname(folder()), 0o700)],
        [(): void => chmodSync(flag, 0o644), (): void => chmodSync(flag, 0o600)],
      ] as const) {
        problems.length = 0;
        spoil();
        flags = open();
        for (let time = 0; time < 3; time++) flags.raise(path);
        assert.deepEqual(told(), ['open EPERM']);
        assert.deepEqual([isRaised(fd), existsSync(flag)], [false, true]);
        undo();
      }
      closeSync(fd);
    });

    it('is not followed through a symbolic link of a folder or of its own', () => {
      const elsewhere = join(root, 'elsewhere');
      mkdirSync(join(elsewhere, 'v1'), { recursive: true, mode: 0o700 });
      const victim = join(root, 'victim');
      writeFileSync(victim, 'precious', { mode: 0o600 });
      linkSync(victim, join(elsewhere, 'v1', flagName(Buffer.from(path))));
      symlinkSync(elsewhere, join(runtime, 'holdfast'));
      flags.raise(path);
      assert.deepEqual(told(), ['open EPERM']);
      unlinkSync(join(runtime, 'holdfast'));
      symlinkSync(victim, flagOf());
      flags.raise(path);
      assert.deepEqual(told(), ['open EPERM', 'open ELOOP']);
      assert.equal(readFileSync(victim, 'utf8'), 'precious');
      assert.ok(lstatSync(flagOf()).isSymbolicLink());
    });

    it('is not looked for below a folder that others may change, and that is said once of all files', async () => {
      // Whoever follows it gets ELOOP.
      symlinkSync('holdfast', join(runtime, 'holdfast'));
      const raiseTwo = (): void => {
        for (const name of ['one', 'two']) {
          writeFileSync(join(root, name), '');
          flags.raise(join(root, name));
        }
      };
      chmodSync(runtime, 0o755);
      flags = open();
      raiseTwo();
      await flags.tidy(never);
      assert.deepEqual(told(), ['open EPERM']);
      assert.deepEqual(
        problems.map((problem) => problem.path),
        [runtime],
      );
      chmodSync(runtime, 0o700);
      raiseTwo();
      assert.deepEqual(told(), ['open EPERM', 'lstat ELOOP']);
      unlinkSync(join(runtime, 'holdfast'));
    });

    it('is not waited for if it is no file', () => {
      execFileSync('mkfifo', ['-m', '600', flagOf()]);
      flags.raise(path);
      mkdirSync(flagOf(join(root, 'run')));
      flags.raise(join(root, 'run'));
      assert.deepEqual(told(), ['open EPERM', 'open EISDIR']);
    });

    it('is not touched where another user was first', async function () {
      if (!isRoot) skip(this, 'flags.stranger', 'only root can be somebody else');
      const own = join(root, `holdfast-${String(host.uid)}`);
      mkdirSync(join(own, 'v1'), { recursive: true, mode: 0o700 });
      const flag = join(own, 'v1', flagName(Buffer.from(path)));
      const fd = make(flag);
      chownSync(own, 65534, 65534);
      flags = open();
      flags.raise(path);
      assert.deepEqual([told(), isRaised(fd), existsSync(flag)], [['open EPERM'], false, true]);
      closeSync(fd);
      for (const language of languages)
        assert.match(
          (await firstLine(language, path, { XDG_RUNTIME_DIR: own })).complained,
          /not permitted|of this user alone/,
          language,
        );
    });
  });

  it('is raised on a full disk, also one that has got no byte', async function () {
    if (!isRoot) skip(this, 'flags.tmpfs', 'only root can mount');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', runtime]);
    try {
      const fd = make();
      const empty = flagOf(join(root, 'empty'));
      writeFileSync(join(root, 'empty'), '');
      closeSync(openSync(empty, 'a', 0o600));
      fill();
      const watching = openSync(empty, 'r');
      flags.raise(path);
      flags.raise(join(root, 'empty'));
      assert.ok(isRaised(fd));
      assert.equal(fstatSync(watching).nlink, 0, 'whoever cannot map sees that it is gone');
      assert.deepEqual(told(), []);
      closeSync(fd);
      closeSync(watching);
      // What was removed has left room.
      fill();
      for (const language of ['c', 'python', 'node'] as const) {
        assert.match((await firstLine(language, path)).complained, /No space left on device|ENOSPC/, language);
      }
    } finally {
      execFileSync('umount', [runtime]);
    }
  });

  function fill(): void {
    const filler = join(runtime, 'filler');
    const { status } = spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k', 'oflag=append', 'conv=notrunc'], {
      stdio: 'ignore',
    });
    assert.notEqual(status, 0, 'it is full');
  }

  it('is found whatever language the system speaks (sh)', async () => {
    const real = execFileSync('sh', ['-c', 'command -v stat'], { encoding: 'utf8' }).trim();
    const german = join(root, 'german');
    mkdirSync(german);
    const script = `#!/bin/sh
[ "\${LC_ALL-}" = C ] && exec ${real} "$@"
${real} "$@" | sed 's/^directory/Verzeichnis/'
`;
    writeFileSync(join(german, 'stat'), script, { mode: 0o755 });
    const environment = { PATH: `${german}:${process.env['PATH'] ?? ''}` };
    assert.equal(
      execFileSync('stat', ['-c', '%F', root], { encoding: 'utf8', env: { ...environment, LC_ALL: 'de_DE' } }),
      'Verzeichnis\n',
    );
    assert.deepEqual(await firstLine('sh', path, { ...environment, LC_ALL: 'de_DE' }), { said: 'old', complained: '' });
    assert.deepEqual(readdirSync(folder()), [flagName(Buffer.from(path))]);
  });

  it('is that of the path as the kernel takes it, ".." after a symbolic link, too', async () => {
    mkdirSync(join(root, 'a', 'inner'), { recursive: true });
    symlinkSync(join('a', 'inner'), join(root, 'link'));
    writeFileSync(join(root, 'a', 'file'), 'theirs\n');
    writeFileSync(join(root, 'file'), 'another\n');
    for (const language of languages) {
      for (const given of ['link/../file', join(root, 'link') + '/../file']) {
        assert.deepEqual(await firstLine(language, given), { said: 'theirs', complained: '' }, language);
        assert.deepEqual(readdirSync(folder()), [flagName(Buffer.from(join(root, 'a', 'file')))], language);
        unlinkSync(flagOf(join(root, 'a', 'file')));
      }
    }
  });

  it('that cannot be renewed is stale until it can be', () => {
    const clients = join(projectFolder(), 'clients');
    const env = { ...process.env, XDG_RUNTIME_DIR: runtime, PYTHONPATH: join(clients, 'python') };
    const python = `
import os, sys
from holdfast_flag import Flag
flag = Flag(sys.argv[1])
os.chmod(sys.argv[2], 0o755)
try:
    flag.renew()
except OSError as error:
    print(error.errno == 1, flag.stale, flag.stale)
os.chmod(sys.argv[2], 0o700)
flag.renew()
print(flag.stale)
`;
    assert.equal(
      execFileSync('python3', ['-c', python, path, runtime], { encoding: 'utf8', env }),
      'True True True\nFalse\n',
    );
    const node = `
import { chmodSync } from 'node:fs';
const { Flag } = await import(process.argv[1]);
const flag = new Flag(process.argv[2]);
chmodSync(process.argv[3], 0o755);
try {
  flag.renew();
} catch ({ code }) {
  console.log(code, flag.stale, flag.stale);
}
chmodSync(process.argv[3], 0o700);
flag.renew();
console.log(flag.stale);
`;
    const module = join(clients, 'node', 'holdfast-flag.mjs');
    assert.equal(
      execFileSync(process.execPath, ['--input-type=module', '-e', node, module, path, runtime], {
        encoding: 'utf8',
        env,
      }),
      'EPERM true true\nfalse\n',
    );
  });

  it('is got also while somebody looks, by a lease, whether a reader is left', async () => {
    for (const language of languages) {
      closeSync(make());
      const looking = await LineProgram.start('python3', '-c', leaseholder, flagOf());
      assert.deepEqual(await firstLine(language, path), { said: 'old', complained: '' }, language);
      assert.equal(await looking.next(), 'DISTURBED', language);
      await looking.end();
      unlinkSync(flagOf());
    }
  });

  /** What an example says first, and complains of until then. */
  async function firstLine(
    language: Language,
    file: string,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<{ readonly said: string | undefined; readonly complained: string }> {
    const [program, ...args] = await exampleOf(language);
    const env = { ...process.env, XDG_RUNTIME_DIR: runtime, ...environment };
    const running = spawn(program, [...args, file], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let complained = '';
    running.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained += text;
    });
    const ended = once(running, 'close');
    const lines = createInterface(running.stdout);
    let first: readonly unknown[];
    try {
      // Of one that ends without a word, nothing.
      first = await within(deadline, `a line of ${language}`, Promise.race([once(lines, 'line'), ended]));
    } finally {
      running.kill('SIGKILL');
      await ended;
    }
    return { said: typeof first[0] === 'string' ? first[0] : undefined, complained };
  }
});

/** What says READY, has the file open, and ends with its input. */
function startHolder(file: string): Promise<LineProgram> {
  return LineProgram.start('sh', '-c', 'exec 9<"$1"; echo READY; read -r line', 'sh', file);
}

describe('after a save', function () {
  this.timeout(60_000);
  let root: string;
  let folder: string;
  let path: string;
  let editor: LineProgram;
  let client: KeeperClient;
  let before: string | undefined;
  const events: KeeperEvent[] = [];

  beforeEach(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-flag-')));
    path = join(root, 'run.sh');
    writeFileSync(path, 'old\n');
    const runtime = join(root, 'run');
    folder = join(runtime, 'holdfast', 'v1');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(runtime, 0o700);
    before = process.env['XDG_RUNTIME_DIR'];
    process.env['XDG_RUNTIME_DIR'] = runtime;
    events.length = 0;
    editor = await LineProgram.start(await compiled('stand-in-editor'));
    const threads = join(projectFolder(), 'out', 'src', 'keeper');
    let ready: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      ready = resolve;
    });
    client = new KeeperClient(
      { stager: join(threads, 'stager.cjs'), keeper: join(threads, 'keeper.cjs') },
      { storageFolder: join(root, 'storage'), editor: editor.pid },
      (event) => {
        events.push(event);
        if (event.kind === 'gateReady') ready();
      },
    );
    client.start();
    await within(deadline, 'the gate', gate);
  });
  afterEach(async () => {
    const began = performance.now();
    await client.stop();
    const took = performance.now() - began;
    await editor.end();
    if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
    else process.env['XDG_RUNTIME_DIR'] = before;
    assert.deepEqual(
      events.filter(
        ({ kind }) => kind !== 'ready' && kind !== 'gateReady' && !(kind === 'stoppedLate' && took >= limits.stop - 1),
      ),
      [],
    );
    rmSync(root, { recursive: true });
  });

  /** A reader that has made its flag and knows what the file had then. */
  function read(): {
    readonly text: string;
    readonly isRaised: () => boolean;
    readonly gone: () => Promise<void>;
    close: () => void;
  } {
    const flag = join(folder, flagName(Buffer.from(path)));
    closeSync(openSync(flag, 'a', 0o600));
    const fd = openSync(flag, 'r+');
    writeSync(fd, Buffer.alloc(1), 0, 1, 1);
    const byte = Buffer.alloc(1);
    const isRaised = (): boolean => readSync(fd, byte, 0, 1, 0) === 1 && byte[0] === 1;
    return {
      text: readFileSync(path, 'utf8'),
      isRaised,
      gone: async () => {
        const due = performance.now() + deadline;
        while (existsSync(flag)) {
          assert.ok(performance.now() < due, 'the flag is there still');
          await immediate();
        }
        assert.ok(isRaised());
      },
      close: () => {
        closeSync(fd);
      },
    };
  }

  async function write(character: string, size = 3): Promise<void> {
    assert.equal(await editor.ask(`save ${path} ${String(size)} ${character} 4096`), 'SAVED');
  }

  async function save(staged: string, written = staged, options = defaultOptions): Promise<Report> {
    const guarded = client.beforeSave(path, Buffer.from(staged), options);
    await guarded.answered;
    await write(written[0] ?? 'x', written.length);
    guarded.over('saved');
    return within(deadline, 'the end of the save', guarded.reached);
  }

  it('at level gated readers are told when the new version is at the path, and once', async () => {
    const reader = read();
    const guarded = client.beforeSave(path, Buffer.from('nnn'));
    await guarded.answered;
    assert.equal(reader.isRaised(), false, 'nothing is there yet');
    await write('n');
    // Not called saved yet.
    await reader.gone();
    const again = read();
    assert.equal(again.text, 'nnn');
    guarded.over('saved');
    client.saved(path);
    assert.equal((await within(deadline, 'the end of the save', guarded.reached)).level, 'gated');
    // Answered after everything that was asked before.
    await client.assess(path);
    assert.equal(again.isRaised(), false);
    for (const one of [reader, again]) one.close();
  });

  it('they are told again of what a later participant has changed', async () => {
    const reader = read();
    assert.equal((await save('nnn', 'llll')).counts?.publishes, 2);
    client.saved(path);
    await reader.gone();
    // What was told of both has been worked off by then.
    await client.assess(path);
    const last = read();
    assert.equal(last.text, 'llll');
    await client.assess(path);
    assert.equal(last.isRaised(), false);
    for (const one of [reader, last]) one.close();
  });

  it('at levels detached and direct they are told when the editor calls it saved, and not of half a version', async () => {
    for (const [level, options] of [
      ['detached', defaultOptions],
      ['direct', { ...defaultOptions, when: 'whenHeld' }],
    ] as const) {
      const begin = async (): Promise<{ readonly reader: ReturnType<typeof read>; readonly reached: Report }> => {
        const reader = read();
        const guarded = client.beforeSave(path, level === 'detached' ? undefined : Buffer.from('nnn'), options);
        await guarded.answered;
        return { reader, reached: await guarded.reached };
      };
      let { reader, reached } = await begin();
      // On a machine that stands still for a moment.
      for (let late = 0; reached.reason === 'tooSlow' && late < 3; late++) {
        await write('n');
        client.saved(path);
        await reader.gone();
        reader.close();
        ({ reader, reached } = await begin());
      }
      assert.equal(reached.level, level, JSON.stringify(reached));
      await write('n');
      await client.assess(path);
      assert.equal(reader.isRaised(), false, level);
      client.saved(path);
      await reader.gone();
      reader.close();
    }
  });

  it('that was announced and failed, they are told of the next one, too', async () => {
    const guarded = client.beforeSave(path, Buffer.from('nnn'));
    await guarded.answered;
    const first = read();
    await write('n');
    await first.gone();
    // It is never called saved; the next one is not announced.
    const reader = read();
    assert.equal(reader.text, 'nnn');
    await write('m');
    client.saved(path);
    await reader.gone();
    guarded.over('givenUp');
    for (const one of [first, reader]) one.close();
  });

  it('that was not announced they are told, too', async () => {
    assert.equal((await save('nnn')).level, 'gated');
    client.saved(path);
    const reader = read();
    await write('m');
    client.saved(path);
    await reader.gone();
    reader.close();
  });
});

/** How a program ends that has been told to. */
async function ending(
  program: LineProgram,
  line?: string,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (line !== undefined) program.tell(line);
  return program.status();
}

describe('holdfast-reopen', function () {
  this.timeout(60_000);
  const host = openHost();
  let root: string;
  let path: string;
  let wrapper: string;
  let command: readonly string[];
  let environment: NodeJS.ProcessEnv;
  let flags: Flags;

  before(async () => {
    wrapper = await compiledClient('holdfast-reopen');
  });
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-reopen-')));
    mkdirSync(join(root, 'run'), { mode: 0o700 });
    path = join(root, 'configuration');
    writeFileSync(path, '0\n');
    environment = { XDG_RUNTIME_DIR: join(root, 'run') };
    flags = openFlags(host, flagPlaces(host.uid, join(root, 'run'), root), (error) => {
      throw error;
    });
    const script = `
import os, signal, sys
def first(): return open(sys.argv[1]).readline().strip()
signal.signal(signal.SIGHUP, lambda *_: print("HUP", first(), flush=True))
for name in "USR1", "WINCH", "IO", "RTMAX", "ABRT":
    signal.signal(getattr(signal, "SIG" + name), lambda number, _: print(signal.Signals(number).name, flush=True))
print("READY", flush=True)
print("START", first(), os.getpid(), flush=True)
for line in sys.stdin:
    if line.startswith("exit"): sys.exit(int(line.split()[1]))
    if line.startswith("die"): os.kill(os.getpid(), signal.SIGKILL)
    if line.startswith("deaf"): signal.signal(signal.SIGTERM, lambda *_: print("TERM", flush=True)); print("DEAF", flush=True)
`;
    command = ['--', 'python3', '-c', script, path];
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function start(...options: readonly string[]): Promise<LineProgram> {
    const settings = Object.entries(environment).map(([name, value]) => `${name}=${value ?? ''}`);
    return LineProgram.start('env', ...settings, wrapper, ...options, path, ...command);
  }

  function publish(text: string): void {
    writeFileSync(`${path}.new`, `${text}\n`);
    renameSync(`${path}.new`, path);
    flags.raise(path);
  }

  const switches = (pid: number): number =>
    Number(/^voluntary_ctxt_switches:\s+(\d+)/mu.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]);

  it('signals its command at every publish, and sleeps otherwise', async () => {
    const running = await start('--signal', 'HUP');
    assert.match(await running.next(), /^START 0 /);
    const sleeps = switches(running.pid);
    for (let generation = 1; generation <= 50; generation++) {
      publish(String(generation));
      assert.equal(await running.next(), `HUP ${String(generation)}`);
    }
    assert.ok(switches(running.pid) - sleeps < 50 * 10, 'it is woken up by publishes only');
    for (const [sent, name] of [
      ['SIGUSR1', 'SIGUSR1'],
      ['SIGWINCH', 'SIGWINCH'],
      ['SIGIO', 'SIGIO'],
      ['SIGABRT', 'SIGABRT'],
      [realTime, 'SIGRTMAX'],
    ] as const) {
      process.kill(running.pid, sent);
      assert.equal(await running.next(), name, 'signals are passed on');
    }
    assert.deepEqual(await ending(running, 'exit 7'), { code: 7, signal: null });
  });

  it('restarts its command at every publish, if need be by force', async () => {
    const running = await start('--grace', '1');
    const first = await running.next();
    assert.match(first, /^START 0 /);
    publish('1');
    assert.equal(await running.next(), 'READY');
    const second = await running.next();
    assert.match(second, /^START 1 /);
    assert.notEqual(first.split(' ')[2], second.split(' ')[2]);
    assert.equal(await running.ask('deaf'), 'DEAF');
    publish('2');
    publish('3');
    assert.equal(await running.next(), 'TERM');
    assert.equal(await running.next(), 'READY');
    assert.match(await running.next(), /^START 3 /);
    assert.deepEqual(await ending(running, 'die'), { code: null, signal: 'SIGKILL' });
  });

  it('ends with its command when it is told to end', async () => {
    const running = await start();
    await running.next();
    process.kill(running.pid, 'SIGTERM');
    assert.deepEqual(await ending(running), { code: null, signal: 'SIGTERM' });
  });

  it('follows a file anew whose flag has been taken away', async () => {
    const running = await start('--signal', 'HUP');
    await running.next();
    unlinkSync(join(root, 'run', 'holdfast', 'v1', flagName(Buffer.from(path))));
    assert.equal(await running.next(), 'HUP 0', 'what happened meanwhile is not known');
    publish('1');
    assert.equal(await running.next(), 'HUP 1');
    assert.deepEqual(await ending(running, 'exit 0'), { code: 0, signal: null });
  });

  it('ends with its command when it is told to hang up while it is restarting it', async () => {
    const running = await start('--grace', '1');
    await running.next();
    assert.equal(await running.ask('deaf'), 'DEAF');
    publish('1');
    assert.equal(await running.next(), 'TERM');
    process.kill(running.pid, 'SIGHUP');
    assert.equal(await running.next(), 'HUP 1');
    assert.deepEqual(await ending(running), { code: null, signal: 'SIGKILL' });
  });

  it('ends its command when the terminal hangs up, of which only the leader of the session is told', async () => {
    const terminal = `
import os, pty, signal, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [*sys.argv[1:3], "--", "sh", "-c", "echo READY; exec sleep 1000"])
said = b""
while b"READY" not in said: said += os.read(master, 100)
print("READY", flush=True)
sys.stdin.readline()
os.close(master)
def late(*_):
    os.killpg(pid, signal.SIGKILL)
signal.signal(signal.SIGALRM, late)
signal.alarm(${String(deadline / 1000)})
print(os.WTERMSIG(os.waitpid(pid, 0)[1]), flush=True)
`;
    const running = await LineProgram.start(
      'env',
      `XDG_RUNTIME_DIR=${join(root, 'run')}`,
      'python3',
      '-c',
      terminal,
      wrapper,
      path,
    );
    assert.equal(await running.ask(), String(constants.signals.SIGHUP));
    await running.end();
  });

  it('says what is wrong', () => {
    const call = (...args: readonly string[]): readonly (number | string | null)[] => {
      const { status, stderr } = spawnSync(wrapper, args, {
        encoding: 'utf8',
        env: { ...process.env, ...environment },
      });
      return [status, stderr.split('\n', 1).join()];
    };
    assert.deepEqual(call(), [125, 'holdfast-reopen: no file is named']);
    assert.deepEqual(call(path), [125, 'holdfast-reopen: no command is named']);
    assert.deepEqual(call('--signal', 'NONE', path, '--', 'true'), [125, 'holdfast-reopen: there is no such signal']);
    assert.deepEqual(call(path, '--', join(root, 'none')), [
      127,
      `holdfast-reopen: ${join(root, 'none')}: No such file or directory`,
    ]);
    assert.deepEqual(call(path, '--', path), [126, `holdfast-reopen: ${path}: Permission denied`]);
    assert.deepEqual(call(path, '--', 'sh', '-c', 'exit 3'), [3, '']);
    chmodSync(join(root, 'run'), 0o755);
    assert.deepEqual(call(path, '--', 'true'), [
      125,
      `holdfast-reopen: ${path}: cannot be followed: Operation not permitted`,
    ]);
  });
});
