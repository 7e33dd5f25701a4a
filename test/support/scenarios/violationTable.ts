/** Which writer is seen by which holder's guard, what is told of it, and how long it is kept waiting. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { compiled } from '../compiled';
import { LineProgram } from '../lineProgram';
import { holderOf, SentryBench, until } from '../sentryBench';
import { isThere } from './holderTable';
import { isReached, type Violation } from '../../../src/core/violations/violation';

const before = `echo READY\nread x\necho went on\n`;
const after = `echo READY\nread x\necho WRONG\necho and more\n`;

/** The paths that a writer is given. */
interface Paths {
  readonly target: string;
  /** Has the new bytes. */
  readonly fresh: string;
}

interface WriterKind {
  readonly name: string;
  readonly needs: string;
  /** It changes the bytes of the inode that is there. */
  readonly inPlace: boolean;
  /** It does not wait, and comes again when it was turned away. */
  readonly retries?: true;
  /** Returns its pid, if that is known. */
  write(paths: Paths): number | undefined | Promise<number | undefined>;
}

/** Types into a program on a terminal, when that has shown its keys: a letter, save, leave. */
const typed = [
  'import os, pty, sys',
  'pid, fd = pty.fork()',
  'if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])',
  'seen = b""',
  'while b"^X" not in seen: seen += os.read(fd, 4096)',
  'os.write(fd, b"x\\x13\\x18")',
  'try:',
  '    while os.read(fd, 4096): pass',
  'except OSError: pass',
  'os.waitpid(pid, 0)',
].join('\n');

/** A shell command whose last program has the shell's pid. */
function command(name: string, needs: string, text: string, inPlace = true): WriterKind {
  // Of a program in a pipe, or one that the shell starts, the pid is not known.
  const isKnown = (text.includes('exec ') && name !== 'rsync --inplace') || text.startsWith('echo ');
  const write = ({ target, fresh }: Paths): number | undefined => {
    const pid = Number(
      execFileSync('sh', ['-c', `echo $$; ${text}`, 'sh', fresh, target], { encoding: 'latin1' }).split('\n', 1)[0],
    );
    return isKnown ? pid : undefined;
  };
  return { name, needs, inPlace, write };
}

export const writerKinds: readonly WriterKind[] = [
  command('cp', 'cp', 'exec cp "$1" "$2"'),
  command('>', 'cat', 'cat "$1" > "$2"'),
  command('>>', 'sh', 'echo more >> "$2"'),
  command('tee', 'tee', 'exec tee "$2" < "$1" > /dev/null'),
  command('dd conv=notrunc', 'dd', 'exec dd if="$1" of="$2" conv=notrunc status=none'),
  command('rsync --inplace', 'rsync', 'exec rsync --inplace --ignore-times "$1" "$2"'),
  command('ed', 'ed', `printf '3s/on/WRONG/\\nw\\nq\\n' | ed -s "$2"`),
  command('nano', 'nano', `TERM=xterm python3 -c '${typed}' nano "$2"`),
  command(
    'node writeFile',
    'node',
    `exec node -e 'fs.writeFileSync(process.argv[2], fs.readFileSync(process.argv[1]))' "$1" "$2"`,
  ),
  command(
    'python open("w")',
    'python3',
    `exec python3 -c 'import sys; open(sys.argv[2], "w").write(open(sys.argv[1]).read())' "$1" "$2"`,
  ),
  command(
    'maps it and stores',
    'python3',
    `exec python3 -c 'import mmap, sys; f = open(sys.argv[2], "r+b"); m = mmap.mmap(f.fileno(), 0); m[-3:-1] = b"XY"' "$1" "$2"`,
  ),
  {
    name: 'truncate',
    needs: 'truncate',
    inPlace: true,
    retries: true,
    write: ({ target }) => {
      spawnSync('truncate', ['-s', '20', target], { stdio: 'ignore' });
      return undefined;
    },
  },
  {
    name: 'keeps it open and writes again',
    needs: 'gcc',
    inPlace: true,
    write: async ({ target }) => {
      const opener = await LineProgram.start(await compiled('opener'));
      await opener.ask(`open w ${target}`);
      for (const text of ['one', 'two']) await opener.ask(`write ${text}`);
      await opener.end();
      return opener.pid;
    },
  },
  command('mv', 'mv', 'exec mv "$1" "$2"', false),
  command('install', 'install', 'exec install "$1" "$2"', false),
  command('sed -i', 'sed', 'exec sed -i s/on/WRONG/ "$2"', false),
  command('perl -i', 'perl', 'exec perl -i -pe s/on/WRONG/ "$2"', false),
  command(
    'git checkout',
    'git',
    `cd "$(dirname "$2")" && git init -q . && git add target && git -c user.name=a -c user.email=a@b commit -qm a && mv "$1" target.other && ` +
      `git update-index --cacheinfo 100644,$(git hash-object -w target.other),target && exec git checkout-index -f target`,
    false,
  ),
  command('touch', 'touch', 'exec touch "$2"', false),
  command('chmod', 'chmod', 'exec chmod 755 "$2"', false),
];

interface HolderKind {
  readonly name: string;
  readonly needs: string;
  readonly reached: boolean;
  start(path: string): Promise<LineProgram>;
}

export const violatedKinds: readonly HolderKind[] = [
  ...['bash', 'dash'].map((shell) => ({
    name: shell,
    needs: shell,
    reached: true,
    start: (path: string) => LineProgram.start(shell, path),
  })),
  ...['private', 'shared'].map((sharing) => ({
    name: `${sharing} mapping`,
    needs: 'gcc',
    reached: true,
    start: async (path: string) => LineProgram.start(await compiled('mapper'), sharing, path),
  })),
  {
    name: 'open descriptor',
    needs: 'gcc',
    reached: false,
    start: async (path) => {
      const opener = await LineProgram.start(await compiled('opener'));
      await opener.ask(`open r ${path}`);
      return opener;
    },
  },
];

export interface ViolationRow {
  readonly writer: string;
  readonly holder: string;
  readonly expected: boolean;
  readonly told: boolean;
  readonly caught: 'before' | 'after' | undefined;
  /** Programs that were named. */
  readonly by: string;
  /** The writer's own pid is among them; `undefined`: it is not known. */
  readonly rightPid: boolean | undefined;
  readonly holderNamed: boolean;
  /** What the holder had can be had. */
  readonly oldBytes: boolean;
  /** `undefined`: it was not to be healed. */
  readonly heal: HealColumns | undefined;
}

/** What came of a heal. */
export interface HealColumns {
  /** `healed`, why not, or nothing. */
  readonly outcome: string;
  /** What the holder has now. */
  readonly held: 'old' | 'other' | 'none';
  /** What the writer writes to a file of nobody's is at the path. */
  readonly written: boolean;
  /** A script has gone on as it was; `undefined`: the holder is none. */
  readonly wentOn: boolean | undefined;
}

/** By whatever a process has of a file that was at a path. */
function heldBytes(pid: number, path: string): string | undefined {
  for (const folder of ['fd', 'map_files']) {
    const all = `/proc/${String(pid)}/${folder}`;
    for (const name of readdirSync(all)) {
      const link = join(all, name);
      // By its temporary name, if it lost that last.
      const leads = readlinkSync(link);
      if (leads === path || (leads.startsWith(dirname(path)) && leads.endsWith(' (deleted)')))
        return readFileSync(link, 'latin1');
    }
  }
  return undefined;
}

async function healOf(
  violation: Violation | undefined,
  paths: Paths,
  writer: WriterKind,
  holder: HolderKind,
  program: LineProgram,
): Promise<HealColumns> {
  const outcome = violation?.healed?.is === 'not' ? violation.healed.why : (violation?.healed?.is ?? '');
  const held = heldBytes(program.pid, paths.target);
  const alone = mkdtempSync(join(dirname(paths.fresh), 'alone-'));
  const stock = { target: join(alone, 'target'), fresh: join(alone, 'fresh') };
  writeFileSync(stock.target, before);
  writeFileSync(stock.fresh, after);
  await writer.write(stock);
  const written = readFileSync(paths.target).equals(readFileSync(stock.target));
  const isScript = holder.name === 'bash' || holder.name === 'dash';
  const wentOn = isScript ? (await program.ask()) === 'went on' && (await program.end()).length === 2 : undefined;
  return { outcome, held: held === undefined ? 'none' : held === before ? 'old' : 'other', written, wentOn };
}

async function rowOf(folder: string, writer: WriterKind, holder: HolderKind, heals: boolean): Promise<ViolationRow> {
  const place = mkdtempSync(join(folder, 'row-'));
  mkdirSync(join(place, 'work'));
  const paths = { target: join(place, 'work', 'target'), fresh: join(place, 'fresh') };
  writeFileSync(paths.target, before);
  writeFileSync(paths.fresh, after);
  const bench = new SentryBench(join(place, 'copies'));
  const program = await holder.start(paths.target);
  try {
    const known = [holderOf(paths.target, program.pid)].filter(isReached);
    const guard = async (): Promise<void> => {
      bench.client.guard(paths.target, known, true, 0, heals);
      await bench.done();
    };
    await guard();
    let pid = await writer.write(paths);
    if (writer.retries && holder.reached) {
      await bench.letGo(paths.target);
      pid = await writer.write(paths);
    }
    // Appending changes nothing of what is mapped.
    const expected = writer.inPlace && holder.reached && !(writer.name === '>>' && holder.name.endsWith('mapping'));
    if (expected) {
      await bench.told(paths.target);
      // One that writes on is told before it can be healed.
      if (heals) await until('the heal', () => bench.tellings.at(-1)?.violation?.healed !== undefined);
    } else {
      await bench.unguard(paths.target);
      await guard();
    }
    const violation = bench.tellings.at(-1)?.violation;
    const old = violation && (await bench.running(violation));
    return {
      writer: writer.name,
      holder: holder.name,
      expected,
      told: violation !== undefined,
      caught: violation?.caught,
      by: violation?.writers.map(({ program: name }) => name).join(', ') ?? '',
      rightPid: violation && pid !== undefined ? violation.writers.some((one) => one.pid === pid) : undefined,
      holderNamed: violation?.holders.some(({ process }) => process.pid === program.pid) ?? false,
      oldBytes: old !== undefined && Buffer.compare(old, Buffer.from(before)) === 0,
      heal: heals ? await healOf(violation, paths, writer, holder, program) : undefined,
    };
  } finally {
    await program.kill();
    await bench.stop();
    rmSync(place, { recursive: true });
  }
}

/** All pairs whose programs are here. `missing` names the others. */
export async function violationTable(
  folder: string,
  wanted: (writer: string, holder: string) => boolean = () => true,
  heals = false,
): Promise<{ readonly rows: readonly ViolationRow[]; readonly missing: readonly string[] }> {
  const rows: ViolationRow[] = [];
  const isHere = ({ needs }: { readonly needs: string }): boolean => isThere(needs);
  for (const writer of writerKinds.filter(isHere)) {
    for (const holder of violatedKinds.filter(isHere)) {
      if (wanted(writer.name, holder.name)) rows.push(await rowOf(folder, writer, holder, heals));
    }
  }
  const missing = [...writerKinds, ...violatedKinds].filter((kind) => !isHere(kind)).map(({ name }) => name);
  return { rows, missing };
}

/** Told exactly if it is to be, before it wrote, with the bytes that the holder had, and the right holder. */
export function isRightRow({ expected, told, caught, holderNamed, oldBytes, heal }: ViolationRow): boolean {
  if (!expected) return !told;
  const healed = !heal || (heal.outcome === 'healed' && heal.held === 'old' && heal.written && heal.wentOn !== false);
  return told && caught === 'before' && holderNamed && oldBytes && healed;
}

export function formatViolations(rows: readonly ViolationRow[]): string {
  const heals = rows.some(({ heal }) => heal !== undefined);
  const header = ['writer', 'holder', 'told', 'caught', 'by', 'its pid', 'old bytes'];
  if (heals) header.push('healed', 'holder has', 'at the path', 'went on');
  const word = (is: boolean | undefined): string => (is === undefined ? '-' : is ? 'yes' : 'no');
  const lines = rows.map(({ writer, holder, expected, told, caught, by, rightPid, oldBytes, heal }) => [
    writer,
    holder,
    told === expected ? word(told) : `${word(told)}, WRONG`,
    caught ?? '-',
    by === '' ? '-' : by,
    word(rightPid),
    told ? word(oldBytes) : '-',
    ...(heal
      ? [heal.outcome === '' ? '-' : heal.outcome, heal.held, heal.written ? 'written' : 'OTHER', word(heal.wentOn)]
      : []),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => (line[column] ?? '').length)));
  return [header, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export interface Delays {
  readonly bytes: number;
  readonly rewrites: number;
  /** Milliseconds that the writer's `open` took. */
  readonly median: number;
  readonly p99: number;
  readonly max: number;
}

const rewriter = [
  'import os, sys, time',
  'path, size = sys.argv[1], int(sys.argv[2])',
  'print("READY", flush=True)',
  'for n, line in enumerate(sys.stdin):',
  '    began = time.monotonic_ns()',
  '    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)',
  '    took = time.monotonic_ns() - began',
  '    os.write(fd, (b"#%09d\\n" % n) * (size // 11))',
  '    os.close(fd)',
  '    print(took, flush=True)',
].join('\n');

/**
 * How long a writer waits in its `open`, over many rewrites of a script that runs. Each comes when the lease is there again.
 *
 * @param guarded false: nobody guards the file, for comparison
 */
export async function writerDelays(folder: string, bytes: number, rewrites: number, guarded = true): Promise<Delays> {
  const place = mkdtempSync(join(folder, 'delays-'));
  const path = join(place, 'target');
  writeFileSync(path, `${before}${'# padding\n'.repeat(Math.floor(bytes / 10))}`);
  const bench = new SentryBench(join(place, 'copies'));
  const bash = await LineProgram.start('bash', path);
  const writer = await LineProgram.start('python3', '-c', rewriter, path, String(bytes));
  try {
    if (guarded) await bench.guard(path, bash.pid);
    const took: number[] = [];
    for (let times = 0; times < rewrites; times++) {
      if (guarded) await bench.leased(path);
      // What is dealt with is copied anew for the next.
      took.push(Number(await writer.ask()) / 1e6);
      if (!guarded) continue;
      await bench.settled(path);
      bench.client.dealtWith(path);
      await bench.done();
    }
    took.sort((one, other) => one - other);
    const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? NaN;
    return { bytes, rewrites, median: at(0.5), p99: at(0.99), max: at(1) };
  } finally {
    await writer.end();
    await bash.kill();
    await bench.stop();
    rmSync(place, { recursive: true });
  }
}
