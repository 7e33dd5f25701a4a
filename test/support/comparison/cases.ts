/** Kinds of targets, each made anew for every peer. Needs root. */
import { execFileSync } from 'node:child_process';
import { closeSync, linkSync, openSync, readSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { compiled } from '../compiled';
import { LineProgram } from '../lineProgram';
import { RunningScript, scriptText } from '../runningScript';

export interface MadeCase {
  /** What is saved. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** There is no file yet. */
  readonly isNew?: boolean;
  /** Other names of the file: after the save they should still be the same file. */
  readonly names?: readonly string[];
  /** Symbolic links that should stay. */
  readonly links?: readonly string[];
  /** Says how it was for the program that used the file, and ends that program. */
  holder?(): Promise<'undisturbed' | `disturbed${string}`>;
  /** What removing the folder does not undo. */
  undo?(): void;
}

/** Who saves: root, or root without any capability, whom the kernel lets do what it lets any user do with files of his own. */
export type User = 'root' | 'ordinary user';

/** What a program of theirs is started by. */
export const wrappers = {
  root: [],
  'ordinary user': ['setpriv', '--bounding-set=-all', '--inh-caps=-all'],
} as const satisfies Record<User, readonly string[]>;

export interface Case {
  readonly name: string;
  /** Only by this one; the others by root. */
  readonly by?: User;
  readonly on: 'ext4' | 'btrfs' | 'tmpfs';
  make(folder: string): Promise<MadeCase>;
}

const before = 'the old version\n'.repeat(800);
const after = 'the new version, which is shorter\n';
const nobody = 65_534;

async function plain(
  folder: string,
  name = 'target.txt',
  text = before,
): Promise<MadeCase & { readonly path: string }> {
  const path = join(folder, name);
  await writeFile(path, text, { mode: 0o644 });
  return { path, before: text, after };
}

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}

/** A plain file, changed by a command. */
function changedBy(name: string, on: Case['on'], command: (path: string) => readonly [string, ...string[]]): Case {
  return {
    name,
    on,
    make: async (folder) => {
      const made = await plain(folder);
      const [program, ...args] = command(made.path);
      run(program, ...args);
      return made;
    },
  };
}

function protectedBy(flag: 'i' | 'a', name: string): Case {
  return {
    name,
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      run('chattr', `+${flag}`, made.path);
      return { ...made, undo: () => run('chattr', `-${flag}`, made.path) };
    },
  };
}

function heldOpen(path: string, text: string): NonNullable<MadeCase['holder']> {
  const fd = openSync(path, 'r');
  return () => {
    const bytes = Buffer.alloc(Buffer.byteLength(text) + 1);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    closeSync(fd);
    return Promise.resolve(bytes.toString('utf8', 0, length) === text ? 'undisturbed' : 'disturbed');
  };
}

async function mapped(path: string, by: User): Promise<NonNullable<MadeCase['holder']>> {
  const [program, ...args] = [...wrappers[by], await compiled('mapper'), 'private', path];
  const mapper = await LineProgram.start(program, ...args);
  const sum = await mapper.ask();
  return async () => {
    const now = await mapper.ask();
    await mapper.end();
    return now === sum ? 'undisturbed' : now === 'SIGBUS' ? 'disturbed: SIGBUS' : 'disturbed';
  };
}

export const cases: readonly Case[] = [
  { name: 'plain file', on: 'ext4', make: (folder) => plain(folder) },
  {
    name: 'open in a program',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      return { ...made, holder: heldOpen(made.path, before) };
    },
  },
  {
    name: 'run by bash',
    on: 'ext4',
    make: async (folder) => {
      const text = scriptText('job');
      const lines = text.split('\n');
      const path = join(folder, 'job.sh');
      await writeFile(path, text, { mode: 0o755 });
      const script = new RunningScript(path, 'job');
      await script.ready();
      await script.advance(4);
      const after = [lines[0], '# two lines that', '# come before the others', ...lines.slice(1)].join('\n');
      return {
        path,
        before: text,
        after,
        holder: async () => {
          script.saved();
          const { disturbed, example } = await script.finish();
          return disturbed ? `disturbed: ${example}` : 'undisturbed';
        },
      };
    },
  },
  {
    name: 'mapped by a program',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      return { ...made, holder: await mapped(made.path, 'root') };
    },
  },
  {
    name: 'symbolic link to a symbolic link',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      const links = [join(folder, 'first'), join(folder, 'second')] as const;
      symlinkSync('target.txt', links[0]);
      symlinkSync('first', links[1]);
      return { ...made, path: links[1], links };
    },
  },
  {
    name: 'two names (hard links)',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      const other = join(folder, 'other.txt');
      linkSync(made.path, other);
      return { ...made, names: [other] };
    },
  },
  {
    name: 'two names, open in a program',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      const other = join(folder, 'other.txt');
      linkSync(made.path, other);
      return { ...made, names: [other], holder: heldOpen(made.path, before) };
    },
  },
  {
    name: 'folder in which nothing can be made',
    on: 'ext4',
    make: async (folder) => {
      const inner = join(folder, 'inner');
      await mkdir(inner);
      const made = await plain(inner);
      // Permissions do not keep root out.
      run('chattr', '+i', inner);
      return { ...made, undo: () => run('chattr', '-i', inner) };
    },
  },
  {
    name: 'symbolic link whose file is deleted',
    on: 'ext4',
    make: (folder) => {
      const link = join(folder, 'link.txt');
      symlinkSync('target.txt', link);
      return Promise.resolve({ path: link, before: '', after, isNew: true, links: [link] });
    },
  },
  {
    name: 'of another user and group, saved by root',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      await chown(made.path, nobody, nobody);
      return made;
    },
  },
  {
    name: 'setuid and setgid, mode 6755',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      await chmod(made.path, 0o6755);
      return made;
    },
  },
  changedBy('access control list', 'ext4', (path) => ['setfacl', '-m', `u:${String(nobody)}:rw`, path]),
  changedBy('user attribute', 'ext4', (path) => ['setfattr', '-n', 'user.note', '-v', 'kept', path]),
  changedBy('file capability', 'ext4', (path) => ['setcap', 'cap_net_raw+ep', path]),
  {
    name: 'not copied on write (btrfs +C)',
    on: 'btrfs',
    make: async (folder) => {
      const path = join(folder, 'target.txt');
      await writeFile(path, '');
      // Only an empty file can be given it.
      run('chattr', '+C', path);
      await writeFile(path, before);
      return { path, before, after };
    },
  },
  protectedBy('i', 'immutable (+i)'),
  protectedBy('a', 'append-only (+a)'),
  {
    name: 'mounted by itself',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      const path = join(folder, 'mounted.txt');
      writeFileSync(path, '');
      run('mount', '--bind', made.path, path);
      return { ...made, path, undo: () => run('umount', path) };
    },
  },
  { name: 'name of 255 bytes', on: 'ext4', make: (folder) => plain(folder, `${'n'.repeat(251)}.txt`) },
  {
    name: 'plain file, by an ordinary user',
    by: 'ordinary user',
    on: 'ext4',
    make: (folder) => plain(folder),
  },
  {
    name: 'setuid and setgid, by an ordinary user',
    by: 'ordinary user',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      await chmod(made.path, 0o6755);
      return made;
    },
  },
  ...[false, true].map((held): Case => ({
    name: `of another user and group, who let everybody write it${held ? ', mapped by a program' : ''}, by an ordinary user`,
    by: 'ordinary user',
    on: 'ext4',
    make: async (folder) => {
      const made = await plain(folder);
      await chmod(made.path, 0o666);
      await chown(made.path, nobody, nobody);
      return held ? { ...made, holder: await mapped(made.path, 'ordinary user') } : made;
    },
  })),
  ...[false, true].map((held): Case => ({
    name: `the same in a sticky folder of another user’s${held ? ', mapped by a program' : ''}, by an ordinary user`,
    by: 'ordinary user',
    on: 'ext4',
    make: async (folder) => {
      const inner = join(folder, 'inner');
      await mkdir(inner);
      const made = await plain(inner);
      await chmod(made.path, 0o666);
      await chown(made.path, nobody, nobody);
      await chmod(inner, 0o1777);
      await chown(inner, nobody, nobody);
      return held ? { ...made, holder: await mapped(made.path, 'ordinary user') } : made;
    },
  })),
  {
    name: 'read-only folder, by an ordinary user',
    by: 'ordinary user',
    on: 'ext4',
    make: async (folder) => {
      const inner = join(folder, 'inner');
      await mkdir(inner);
      const made = await plain(inner);
      await chmod(inner, 0o555);
      return made;
    },
  },
  {
    name: 'full disk',
    on: 'tmpfs',
    make: async (folder) => {
      await writeFile(join(folder, 'filler'), Buffer.alloc(300_000));
      const made = await plain(folder, 'target.txt', 'the old version\n'.repeat(6_000));
      return { ...made, after: 'the new version, which is longer\n'.repeat(12_000) };
    },
  },
];
