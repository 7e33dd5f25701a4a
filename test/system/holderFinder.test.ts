/** Who uses a file: real programs on the real kernel. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

import { SystemError } from '../../src/core/errors';
import type { Holder } from '../../src/core/holders/holder';
import { lineReadUpTo } from '../../src/core/holders/line';
import type { HolderFinder, Pin, UseWaiter } from '../../src/core/holders/ports';
import { bindGateCalls } from '../../src/platform/linux/gate/calls';
import { quietLease } from '../../src/platform/linux/gate/leases';
import { bindHolderCalls } from '../../src/platform/linux/holders/calls';
import { lookAt } from '../../src/platform/linux/holders/look';
import { Memory } from '../../src/platform/linux/holders/memory';
import { openLibrary } from '../../src/platform/linux/libc';
import { openLookout } from '../../src/platform/select';
import { compiled } from '../support/compiled';
import { mountFileSystem, type FileSystemName } from '../support/filesystems';
import { LineProgram } from '../support/lineProgram';
import { asNobody, openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

const NOBODY: ReadonlySet<number> = new Set();

/** Behind the line at which a script waits: more than any shell reads ahead. */
const FILLER = `${'# something that is not reached yet'.padEnd(79)}\n`.repeat(1000);

interface Script {
  /** The program, and what comes before the script. */
  readonly command: readonly [string, ...string[]];
  /** Says READY and waits for a line. */
  readonly text: string;
  readonly harm: Holder['harm'];
  readonly by?: 'command' | 'block';
}

/** The shell waits in a command of its own. */
const POSIX = 'echo READY\nread line\n';
/** It waits for a child. */
const WITH_CHILD = ': first\nsh -c "echo READY; read line; :"\n: third\n';
const SCRIPTS: readonly Script[] = [
  { command: ['bash'], text: WITH_CHILD, harm: 'readsAsItRuns', by: 'command' },
  { command: ['bash', '-eu', '-o', 'pipefail'], text: WITH_CHILD, harm: 'readsAsItRuns', by: 'command' },
  { command: ['bash'], text: POSIX, harm: 'readsAsItRuns' },
  { command: ['ksh93'], text: WITH_CHILD, harm: 'readsAsItRuns', by: 'command' },
  { command: ['ksh93'], text: POSIX, harm: 'readsAsItRuns' },
  { command: ['dash'], text: POSIX, harm: 'readsAsItRuns', by: 'block' },
  { command: ['zsh'], text: POSIX, harm: 'readsAsItRuns', by: 'block' },
  { command: ['yash'], text: POSIX, harm: 'readsAsItRuns', by: 'block' },
  { command: ['mksh'], text: POSIX, harm: 'readsAsItRuns', by: 'block' },
  { command: ['busybox', 'ash'], text: POSIX, harm: 'readsAsItRuns', by: 'block' },
  { command: ['tcsh'], text: 'echo READY\nset line = $<\n', harm: 'readsAsItRuns', by: 'block' },
  { command: ['fish'], text: POSIX, harm: 'loaded' },
  { command: ['php'], text: '<?php\necho "READY\\n"; fgets(STDIN);\n', harm: 'loaded' },
  { command: ['python3', '-u'], text: 'print("READY")\ninput()\n', harm: 'loaded' },
  { command: ['perl', '-w'], text: '$| = 1;\nprint "READY\\n"; <STDIN>;\n', harm: 'loaded' },
  { command: ['ruby'], text: '$stdout.sync = true\nputs "READY"; $stdin.gets\n', harm: 'loaded' },
  { command: ['node'], text: 'console.log("READY");\nprocess.stdin.resume();\n/*', harm: 'loaded' },
  { command: ['lua'], text: 'print("READY") io.stdout:flush()\nio.read()\n--[[', harm: 'loaded' },
  { command: ['tclsh'], text: 'puts READY\nflush stdout; gets stdin\n', harm: 'loaded' },
  { command: ['mawk', '-f'], text: 'BEGIN { print "READY"; fflush()\ngetline < "-" }\n', harm: 'loaded' },
  { command: ['make', '-f'], text: 'all:\n\t@echo READY; read line\n', harm: 'loaded' },
];

/** How shells read commands from their standard input. */
const INPUTS: readonly (readonly [string, 'command' | 'block' | undefined])[] = [
  ['bash', undefined],
  ['zsh', 'command'],
  ['yash', 'command'],
  ['mksh', 'command'],
  ['dash', 'block'],
  ['ksh93', 'block'],
  ['busybox ash', 'block'],
];

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

describe('who uses a file', function () {
  this.timeout(120_000);
  let finder: HolderFinder;
  let waiter: UseWaiter;
  let descriptors: string[];
  let folder: string;
  const running: LineProgram[] = [];
  const pins: Pin[] = [];

  before(function () {
    if (process.platform !== 'linux') skip(this, 'holderFinder', 'only Linux');
  });
  beforeEach(() => {
    descriptors = openDescriptors();
    ({ finder, waiter } = openLookout());
    folder = mkdtempSync(join(tmpdir(), 'holdfast-finder-'));
    chmodSync(folder, 0o755);
  });
  afterEach(async () => {
    for (const program of running.splice(0)) await program.kill();
    for (const pin of pins.splice(0)) pin.close();
    waiter.close();
    // A thread of an earlier test may close its own meanwhile.
    const leaked = openDescriptors().filter((one) => !descriptors.includes(one));
    assert.deepEqual(leaked, [], 'descriptors leaked');
    rmSync(folder, { recursive: true });
  });

  function file(name = 'target', text = 'content\n', at = folder): string {
    const path = join(at, name);
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

  function holdersOf(pin: Pin): readonly Holder[] {
    return finder.pass([pin], NOBODY).holders.get(pin) ?? [];
  }

  function only(pin: Pin): Holder {
    const [holder, ...others] = holdersOf(pin);
    assert.ok(holder !== undefined && others.length === 0, JSON.stringify([holder, ...others]));
    return holder;
  }

  /** The path leads to another inode from now on. */
  function replace(path: string, text = readFileSync(path)): Pin {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    return pinned(path);
  }

  describe('that is a script', () => {
    for (const { command, text, harm, by } of SCRIPTS) {
      const [program, ...options] = command;
      for (const size of ['small', 'large'] as const) {
        it(`of ${command.join(' ')}, ${size}, ${text === WITH_CHILD ? 'with' : 'without'} a child`, async function () {
          if (!isInstalled(program)) skip(this, `holderFinder.${program}`, `there is no ${program}`);
          const ending = text.endsWith('/*') ? '*/\n' : text.endsWith('[[') ? ']]\n' : '';
          const filler = program === 'php' || size === 'small' ? '' : FILLER;
          const path = file('script', text + filler + ending);
          const pin = pinned(path);
          const before = Date.now();
          const started = await start(program, ...options, path);
          let holder = only(pin);
          // The child may speak before its parent waits.
          while (text === WITH_CHILD && holder.read?.by !== 'command') {
            await new Promise(setImmediate);
            holder = only(pin);
          }
          assert.equal(holder.process.pid, started.pid);
          assert.equal(holder.harm, harm);
          assert.equal(holder.program, basename(realExecutable(started.pid)));
          assert.equal(holder.uid, process.geteuid?.());
          assert.ok(holder.since > before - 100 && holder.since < Date.now() + 100, `${holder.since} ${before}`);
          assert.equal(holder.ancestors[0], process.pid);
          assert.equal(holder.read?.by, by);
          if (holder.read !== undefined) {
            const bytes = readFileSync(path);
            const line = lineReadUpTo(bytes, holder.read.offset);
            if (by === 'command') assert.equal(line, 2);
            else assert.ok(size === 'small' ? holder.read.offset === bytes.length : line > 2 && line < 1002, `${line}`);
          }
          const newer = replace(path);
          if (by === undefined && harm === 'loaded' && program !== 'fish' && program !== 'php') {
            assert.deepEqual(holdersOf(pin), [], 'nothing leads from it to the older version');
            assert.equal(only(newer).harm, 'loaded');
          } else {
            assert.deepEqual(only(pin), holder, 'after the path was given to another file');
            assert.deepEqual(holdersOf(newer), []);
          }
          await stop(started);
          assert.deepEqual([...holdersOf(pin), ...holdersOf(newer)], []);
        });
      }
    }

    for (const [command, by] of INPUTS) {
      const [program = ''] = command.split(' ');
      it(`that is the standard input of ${command}`, async function () {
        if (!isInstalled(program)) skip(this, `holderFinder.${program}`, `there is no ${program}`);
        const path = file('script', `echo READY\nread line <&3\n${FILLER}`);
        const pin = pinned(path);
        const started = await start('sh', '-c', `exec ${command} 3<&0 <"$0"`, path);
        const bytes = readFileSync(path);
        const line = (): number => lineReadUpTo(bytes, only(pin).read?.offset ?? 0);
        // It spoke in its first line.
        while (by !== undefined && line() < 2) await new Promise(setImmediate);
        const holder = only(pin);
        assert.deepEqual([holder.process.pid, holder.harm, holder.read?.by], [started.pid, 'readsAsItRuns', by]);
        if (by === 'command') assert.equal(line(), 2);
      });
    }

    it('that another script includes', async function () {
      for (const program of ['dash', 'zsh', 'mksh', 'yash']) {
        if (!isInstalled(program)) skip(this, `holderFinder.${program}`, `there is no ${program}`);
        const path = file('included', POSIX);
        const pin = pinned(path);
        const started = await start(program, file('script', `. ${path}\n`));
        assert.equal(only(pin).harm, 'readsAsItRuns', program);
        await stop(started);
      }
    });

    it('not of a shell that only has it open', async () => {
      for (const [program, opens] of [
        ['bash', 'exec 3<"$1" {name}<"$1"; IFS= read -r line <&3'],
        ['dash', 'exec 3<"$1"; read line <&3'],
      ] as const) {
        const data = file('data', 'one\ntwo\n');
        const pin = pinned(data);
        const started = await start(program, file('script', `${opens}\n${POSIX}`), data);
        const holder = only(pin);
        assert.deepEqual([holder.harm, holder.read], ['open', undefined], program);
        await stop(started);
      }
      const data = file('data', 'READY\n');
      const input = await start('sh', '-c', `exec bash -c 'read line; echo $line; read line <&3' 3<&0 <"$0"`, data);
      const pin = pinned(data);
      assert.equal(only(pin).harm, 'open', 'commands are not read from there');
      await stop(input);
    });

    it('as the working directory and the root of the process have it', async function () {
      if (process.getuid?.() !== 0) skip(this, 'holderFinder.chroot', 'needs root to mount');
      const [root, scripts] = [join(folder, 'root'), join(folder, 'scripts')];
      for (const made of [root, scripts]) mkdirSync(made);
      const text = '$| = 1; print "READY\\n"; <STDIN>;\n';
      const pin = pinned(file('real', text, scripts));
      const relative = await start('sh', '-c', 'cd "$0" && exec perl ./../scripts/real', scripts);
      assert.equal(only(pin).harm, 'loaded');
      await stop(relative);
      execFileSync('mount', ['--bind', '/', root]);
      try {
        execFileSync('mount', ['--bind', scripts, join(root, 'mnt')]);
        try {
          // Our own `/mnt/real` would be somebody else's.
          symlinkSync('/mnt/real', join(scripts, 'absolute'));
          symlinkSync('absolute', join(scripts, 'relative'));
          for (const name of ['/mnt/relative', '/mnt/../../mnt/absolute', 'mnt/real']) {
            const started = await start('chroot', root, 'perl', name);
            assert.equal(only(pin).process.pid, started.pid, name);
            await stop(started);
          }
        } finally {
          for (const program of running.splice(0)) await program.kill();
          execFileSync('umount', [join(root, 'mnt')]);
        }
      } finally {
        execFileSync('umount', [root]);
      }
    });
  });

  for (const name of [
    'host',
    'ext4',
    'xfs',
    'btrfs',
    'tmpfs',
    'overlay',
  ] as const satisfies readonly FileSystemName[]) {
    it(`on ${name}: open, mapped, executed and loaded, and after the path was given to another file`, async function () {
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') skip(this, `holderFinder.${name}`, mounted);
      try {
        const at = mounted.directory;
        const executable = join(at, 'executable');
        copyFileSync(await compiled('opener'), executable);
        chmodSync(executable, 0o755);
        const library = join(at, 'library.so');
        const libm = /\/\S*\/libm[.-]\S*/.exec(readFileSync('/proc/self/maps', 'latin1'))?.[0];
        assert.ok(libm !== undefined, 'Node has the library of mathematics');
        copyFileSync(libm, library);
        const opener = await compiled('opener');
        const cases: readonly (readonly [string, string, Holder['harm'], readonly [string, ...string[]], string?])[] = [
          ['open to read', file('r', 'text', at), 'open', [opener], `open r ${join(at, 'r')}`],
          ['open to write', file('w', 'text', at), 'open', [opener], `open rw ${join(at, 'w')}`],
          ['mapped privately', file('private', 'text', at), 'mapped', [await compiled('mapper'), 'private']],
          ['mapped to share', file('shared', 'text', at), 'mapped', [await compiled('mapper'), 'shared']],
          ['mapped to store', file('stored', 'text', at), 'mapped', [await compiled('mapper'), 'stored']],
          ['executed', executable, 'mapped', [executable]],
          ['loaded', library, 'mapped', [await compiled('dlopener')]],
        ];
        const all: (readonly [string, Pin, number, Holder['harm']])[] = [];
        for (const [what, path, harm, [program, ...args], question] of cases) {
          const pin = pinned(path);
          const takesPath = program !== opener && program !== executable;
          const started = await start(program, ...args, ...(takesPath ? [path] : []));
          if (question !== undefined) assert.equal(await started.ask(question), 'OPEN');
          all.push([what, pin, started.pid, harm]);
        }
        const used = await start(opener);
        assert.equal(await used.ask(`open p ${file('path', 'text', at)}`), 'OPEN');
        const path = pinned(join(at, 'path'));
        const check = (when: string): void => {
          const { holders } = finder.pass([...all.map(([, pin]) => pin), path], NOBODY);
          for (const [what, pin, pid, harm] of all) {
            const told = (holders.get(pin) ?? []).map((holder) => [holder.process.pid, holder.harm, holder.writes]);
            const writes = what === 'mapped to store' ? true : undefined;
            assert.deepEqual(told, [[pid, harm, writes]], `${what}, ${when}`);
          }
          assert.equal(holders.get(path), undefined, 'O_PATH uses nothing');
        };
        check('at its path');
        for (const [, target] of cases) replace(target, Buffer.from('another\n'));
        check('replaced');
      } finally {
        for (const program of running.splice(0)) await program.kill();
        for (const pin of pins.splice(0)) pin.close();
        mounted.release();
      }
    });
  }

  for (const name of [
    'host',
    'ext4',
    'xfs',
    'btrfs',
    'tmpfs',
    'overlay',
  ] as const satisfies readonly FileSystemName[]) {
    it(`on ${name}, which only a watch had kept, and is held from then on`, async function () {
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') skip(this, `holderFinder.${name}`, mounted);
      try {
        const at = mounted.directory;
        const executable = join(at, 'executable');
        copyFileSync(await compiled('opener'), executable);
        chmodSync(executable, 0o755);
        const cases: readonly (readonly [string, string, readonly [string, ...string[]], string?])[] = [
          ['open', file('open', 'text', at), [await compiled('opener')], `open r ${join(at, 'open')}`],
          ['mapped', file('mapped', 'text', at), [await compiled('mapper'), 'private', join(at, 'mapped')]],
          ['executed', executable, [executable]],
        ];
        const all: (readonly [string, Pin, number])[] = [];
        for (const [what, path, [program, ...args], question] of cases) {
          const pin = pinned(path);
          waiter.watch(pin);
          pin.letGo();
          const started = await start(program, ...args);
          if (question !== undefined) assert.equal(await started.ask(question), 'OPEN');
          replace(path, Buffer.from('another\n'));
          all.push([what, pin, started.pid]);
        }
        const { holders } = finder.pass(
          all.map(([, pin]) => pin),
          NOBODY,
        );
        for (const [what, pin, pid] of all) {
          assert.deepEqual([holders.get(pin)?.map(({ process }) => process.pid), what], [[pid], what]);
          // What is mapped is to be had from its process by whoever may have it from all.
          assert.equal(pin.held, what !== 'mapped' || process.getuid?.() === 0, what);
        }
        assert.equal(Buffer.from(all[0]?.[1].read(100) ?? []).toString(), 'text', 'its own bytes');
        const [nobody, replaced] = [pinned(file('free', 'text', at)), pinned(file('gone', 'text', at))];
        for (const pin of [nobody, replaced]) {
          waiter.watch(pin);
          pin.letGo();
        }
        replace(join(at, 'gone'), Buffer.from('another\n'));
        assert.equal(finder.pass([nobody, replaced], NOBODY).holders.size, 0);
        assert.deepEqual([nobody.held, replaced.held], [false, false]);
        assert.deepEqual([nobody.hold(), replaced.hold()], [true, false]);
        assert.throws(
          () => replaced.read(1),
          (thrown) => SystemError.is(thrown, 'ESTALE'),
        );
        assert.deepEqual([replaced.size(), finder.probe(replaced)], [4, 'unknown']);
      } finally {
        for (const program of running.splice(0)) await program.kill();
        for (const pin of pins.splice(0)) pin.close();
        mounted.release();
      }
    });
  }

  it('and not another one that was given the number of the first', function () {
    const mounted = mountFileSystem('ext4');
    if (typeof mounted === 'string') skip(this, 'holderFinder.ext4', mounted);
    try {
      const path = file('target', 'text', mounted.directory);
      const first = pinned(path);
      const watch = waiter.watch(first);
      first.letGo();
      const same = pinned(path);
      assert.equal(waiter.isOf(watch, same), true);
      same.close();
      rmSync(path);
      // ext4 gives the lowest free number.
      file('target', 'text', mounted.directory);
      const second = pinned(path);
      assert.deepEqual(second.identity, first.identity);
      assert.equal(waiter.isOf(watch, second), false);
      assert.deepEqual([...waiter.take().lost], [watch]);
      assert.equal(waiter.isOf(watch, second), false);
    } finally {
      for (const pin of pins.splice(0)) pin.close();
      mounted.release();
    }
  });

  it('on one of two subvolumes, whose files have one number', async function () {
    const mounted = mountFileSystem('btrfs');
    if (typeof mounted === 'string') skip(this, 'holderFinder.btrfs', mounted);
    try {
      const [one, other] = ['one', 'other'].map((name) => {
        const volume = join(mounted.directory, name);
        execFileSync('btrfs', ['subvolume', 'create', volume], { stdio: 'pipe' });
        return file('target', 'text', volume);
      });
      assert.ok(one !== undefined && other !== undefined);
      assert.equal(lstatSync(one).ino, lstatSync(other).ino);
      const [held, free] = [pinned(one), pinned(other)];
      await start(await compiled('mapper'), 'shared', one);
      const { holders } = finder.pass([free, held], NOBODY);
      assert.deepEqual([holders.get(free), holders.get(held)?.length], [undefined, 1]);
      replace(one);
      const after = finder.pass([free, held], NOBODY).holders;
      // Whoever may not ask the kernel can no longer tell by the path.
      if (process.getuid?.() === 0) assert.deepEqual([after.get(free), after.get(held)?.length], [undefined, 1]);
    } finally {
      for (const program of running.splice(0)) await program.kill();
      for (const pin of pins.splice(0)) pin.close();
      mounted.release();
    }
  });

  it('is found whenever it changes, also right after a pass', async () => {
    const path = file();
    const pin = pinned(path);
    const opener = await start(await compiled('opener'));
    for (let round = 0; round < 30; round++) {
      assert.equal(await opener.ask(`open r ${path}`), 'OPEN');
      assert.equal(only(pin).harm, 'open');
      assert.equal(only(pin).process.pid, opener.pid);
      assert.equal(await opener.ask('close'), 'CLOSED');
      assert.deepEqual(holdersOf(pin), []);
    }
  });

  it('is remembered of a process until it runs, and of no other process', async () => {
    let now = 0;
    const calls = bindHolderCalls(openLibrary());
    const memory = new Memory(calls, () => now);
    const opener = await start(await compiled('opener'));
    // It may still be on its way to sleep when it has said READY.
    let look = lookAt(calls, opener.pid, new Set());
    let moment = memory.moment(opener.pid);
    while (typeof look === 'string' || !look.asleep || moment === undefined) {
      await new Promise(setImmediate);
      moment = memory.moment(opener.pid);
      look = lookAt(calls, opener.pid, new Set());
    }
    memory.remember(opener.pid, moment, look);
    memory.turn();
    assert.equal(memory.recall(opener.pid), undefined, 'too early to know');
    now = 60;
    assert.equal(memory.recall(opener.pid), look);
    assert.equal(memory.recall(process.pid), undefined);
    assert.equal(await opener.ask('close'), 'CLOSED');
    assert.equal(memory.recall(opener.pid), undefined, 'it has run');
    now = 60_000;
    memory.turn();
    assert.equal(memory.recall(opener.pid), undefined);
  });

  it('in a process whose first thread has ended', async () => {
    const path = file();
    const pin = pinned(path);
    const started = await start(await compiled('leaderless'), path);
    assert.deepEqual([only(pin).process.pid, only(pin).harm], [started.pid, 'open']);
  });

  it('is neither this process nor a guard that has a lease, though they have it', () => {
    const path = file();
    const pin = pinned(path);
    const untold = (): boolean => {
      const found = finder.pass([pin], NOBODY);
      assert.deepEqual([...found.holders], []);
      return found.untold.has(pin);
    };
    assert.equal(untold(), false, 'the pin is nobody');
    assert.equal(finder.probe(pin), 'free');
    const fd = openSync(path, 'r');
    try {
      assert.equal(untold(), true);
      assert.equal(finder.probe(pin), 'held');
      const lease = quietLease(bindGateCalls(openLibrary()), fd, path);
      lease.take();
      assert.equal(untold(), true);
      lease.letGo();
    } finally {
      closeSync(fd);
    }
    assert.equal(untold(), false);
  });

  it('is not who is excepted', async () => {
    const path = file();
    const pin = pinned(path);
    const opener = await start(await compiled('opener'));
    assert.equal(await opener.ask(`open r ${path}`), 'OPEN');
    const found = finder.pass([pin], new Set([opener.pid]));
    assert.deepEqual([found.holders.size, found.untold.has(pin)], [0, true]);
  });

  it('is not said of who may not be looked into, who is counted', async function () {
    if (process.getuid?.() !== 0) skip(this, 'holderFinder.nobody', 'needs root to become somebody else');
    const path = file();
    const pin = pinned(path);
    const opener = join(folder, 'opener');
    copyFileSync(await compiled('opener'), opener);
    const others = await start(opener);
    const own = await start('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', opener);
    for (const program of [others, own]) assert.equal(await program.ask(`open r ${path}`), 'OPEN');
    const found = await asNobody(() => finder.pass([pin], NOBODY));
    assert.deepEqual(
      found.holders.get(pin)?.map(({ process: { pid }, uid }) => [pid, uid]),
      [[own.pid, 65534]],
    );
    assert.ok(found.closed > 0);
    const asRoot = finder.pass([pin], NOBODY);
    assert.deepEqual(
      new Set(asRoot.holders.get(pin)?.map(({ process: { pid } }) => pid)),
      new Set([others.pid, own.pid]),
    );
    assert.ok(asRoot.closed < found.closed, `${asRoot.closed} ${found.closed}`);
  });

  it('is only asked of regular files', () => {
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    for (const [path, errno] of [
      [join(folder, 'fifo'), 'EINVAL'],
      [folder, 'EINVAL'],
      ['/dev/null', 'EINVAL'],
      [join(folder, 'nothing'), 'ENOENT'],
    ] as const) {
      assert.throws(
        () => finder.pin(path),
        (thrown) => SystemError.is(thrown, errno),
        path,
      );
    }
    const path = file();
    symlinkSync(path, join(folder, 'link'));
    const pin = pinned(join(folder, 'link'));
    assert.equal(pin.identity.inode, lstatSync(path, { bigint: true }).ino);
    assert.equal(pin.size(), 8);
    assert.equal(pin.mtime(), lstatSync(path, { bigint: true }).mtimeNs);
    rmSync(path);
    assert.equal(Buffer.from(pin.read(100)).toString(), 'content\n');
    assert.equal(Buffer.from(pin.read(3)).toString(), 'con');
  });
});

function realExecutable(pid: number): string {
  return execFileSync('readlink', [`/proc/${String(pid)}/exe`], { encoding: 'utf8' }).trim();
}
