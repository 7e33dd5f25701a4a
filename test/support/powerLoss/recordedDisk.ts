/** A file system on a disk that remembers in which order it was written, and what may be on that disk when the power goes. */
import { execFile, execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { compiled } from '../compiled';
import { LineProgram } from '../lineProgram';

const run = promisify(execFile);

export const recordedFileSystems = ['ext4', 'xfs', 'btrfs'] as const;
export type RecordedFileSystem = (typeof recordedFileSystems)[number];

const makers: Readonly<
  Record<RecordedFileSystem, { readonly megabytes: number; readonly make: readonly string[]; readonly options: string }>
> = {
  ext4: { megabytes: 64, make: ['mkfs.ext4', '-q', '-F'], options: 'loop' },
  xfs: { megabytes: 320, make: ['mkfs.xfs', '-q', '-m', 'reflink=1'], options: 'loop,nouuid' },
  btrfs: { megabytes: 160, make: ['mkfs.btrfs', '-q'], options: 'loop,ssd' },
};

/** What a disk writes whole or not at all; bytes. */
const sector = 4096;

/** - `kept`: everything that was written. `dropped`: only what was flushed. `reordered`: of what was written since, some, in sectors. */
export const losses = ['kept', 'dropped', 'reordered'] as const;
export type Loss = (typeof losses)[number];

interface Written {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** One thing that happened to the disk: a write, or the flush of all before it. */
interface Entry {
  readonly written: Written | undefined;
  /** Bytes of the log, with it. */
  readonly end: number;
}

/** A moment at which the power goes, after so many entries, and what becomes of what was not flushed. */
export interface Outage {
  readonly after: number;
  readonly loss: Loss;
}

export class RecordedDisk {
  readonly name: RecordedFileSystem;
  /** Of the file system. */
  readonly mountPoint: string;
  readonly #base: string;
  readonly #server: LineProgram;
  #begin = 0;
  #entries: readonly Entry[] = [];
  #mounted = true;

  private constructor(name: RecordedFileSystem, base: string, server: LineProgram) {
    this.name = name;
    this.mountPoint = join(base, 'mnt');
    this.#base = base;
    this.#server = server;
  }

  /** A string is the reason why it cannot be had. */
  static async make(name: RecordedFileSystem): Promise<RecordedDisk | string> {
    if (process.getuid?.() !== 0) return `mounting ${name} needs root`;
    if (!existsSync('/dev/fuse')) return 'the kernel has no FUSE';
    const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdfast-disk-'));
    const { megabytes, make, options } = makers[name];
    const image = join(base, 'image');
    writeFileSync(image, '');
    truncateSync(image, megabytes << 20);
    const [command = '', ...parameters] = make;
    execFileSync(command, [...parameters, image], { stdio: 'pipe' });
    for (const folder of ['disk', 'mnt', 'after']) mkdirSync(join(base, folder));
    const server = await LineProgram.start(
      await compiled('recording-disk'),
      join(base, 'disk'),
      image,
      join(base, 'log'),
    );
    const disk = new RecordedDisk(name, base, server);
    // Its server answers while this process goes on.
    await run('mount', ['-o', options, join(base, 'disk', 'image'), disk.mountPoint]);
    return disk;
  }

  /** Everything is on the disk now: no power is lost before this moment. */
  async begin(): Promise<void> {
    await this.sync();
    await run('cp', ['--sparse=always', join(this.#base, 'image'), join(this.#base, 'begin')]);
    this.#begin = this.position();
  }

  /** How much has been recorded; whatever is recorded later has happened later. */
  position(): number {
    return statSync(join(this.#base, 'log')).size;
  }

  async sync(): Promise<void> {
    await run('sync', ['-f', this.mountPoint]);
  }

  /** Unmounts it, and reads what was recorded up to this moment. */
  async end(): Promise<void> {
    const until = this.position();
    await this.#unmount();
    this.#entries = entriesOf(readFileSync(join(this.#base, 'log')), this.#begin, until);
  }

  async #unmount(): Promise<void> {
    if (!this.#mounted) return;
    this.#mounted = false;
    await run('umount', [this.mountPoint]);
    await run('umount', [join(this.#base, 'disk')]);
    await this.#server.status();
  }

  /** All that differ from each other, but for which sectors are lost. */
  outages(): readonly Outage[] {
    const found: Outage[] = [];
    let pending = 0;
    for (let after = 0; after <= this.#entries.length; after++) {
      const entry = this.#entries[after - 1];
      pending = entry?.written ? pending + 1 : 0;
      if (pending === 0) found.push({ after, loss: 'dropped' });
      else for (const loss of losses) if (loss !== 'dropped') found.push({ after, loss });
    }
    return found;
  }

  /** How much had been recorded when the power went. */
  positionOf({ after }: Outage): number {
    return this.#entries[after - 1]?.end ?? this.#begin;
  }

  /** Mounts what is on the disk then, as after the next start, and looks at it. */
  async after<T>({ after, loss }: Outage, random: () => number, look: (mountPoint: string) => T): Promise<T> {
    const image = join(this.#base, 'state');
    const happened = this.#entries.slice(0, after);
    const flushed = happened.findLastIndex(({ written }) => written === undefined) + 1;
    await run('cp', ['--sparse=always', join(this.#base, 'begin'), image]);
    const file = openSync(image, 'r+');
    try {
      happened.forEach(({ written }, index) => {
        if (!written) return;
        if (index < flushed || loss === 'kept') writeSync(file, written.bytes, 0, written.bytes.length, written.offset);
        else if (loss === 'reordered') writeSome(file, written, random);
      });
    } finally {
      closeSync(file);
    }
    const mountPoint = join(this.#base, 'after');
    await run('mount', ['-o', makers[this.name].options, image, mountPoint]);
    try {
      return look(mountPoint);
    } finally {
      await run('umount', [mountPoint]);
    }
  }

  async remove(): Promise<void> {
    await this.#unmount();
    rmSync(this.#base, { recursive: true });
  }
}

function writeSome(file: number, { offset, bytes }: Written, random: () => number): void {
  for (let at = 0; at < bytes.length; at += sector) {
    if (random() < 0.5) writeSync(file, bytes, at, Math.min(sector, bytes.length - at), offset + at);
  }
}

/** See `c/recording-disk.c`. */
function entriesOf(log: Buffer, from: number, until: number): readonly Entry[] {
  const entries: Entry[] = [];
  for (let at = from; at < until;) {
    if (log[at] === 'F'.charCodeAt(0)) {
      at += 1;
      entries.push({ written: undefined, end: at });
      continue;
    }
    const offset = Number(log.readBigUInt64LE(at + 1));
    const bytes = log.subarray(at + 13, at + 13 + log.readUInt32LE(at + 9));
    at += 13 + bytes.length;
    entries.push({ written: { offset, bytes }, end: at });
  }
  return entries;
}
