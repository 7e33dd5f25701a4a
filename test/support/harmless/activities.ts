/** What programs do to files of a workspace, and no running program is hurt by: nothing of it may be told, and nothing of it be slowed. */
import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { LineProgram } from '../lineProgram';

const run = promisify(execFile);

export interface Activity {
  readonly name: string;
  /** What it needs beside Node.js, as it is called. */
  readonly needs: string;
  /**
   * Makes what there is before.
   *
   * @param folder an empty one
   * @returns ends what runs meanwhile
   */
  prepare(folder: string, size: number): Promise<() => Promise<unknown>>;
  /** Does it once; what it takes is measured. */
  work(folder: string, size: number): Promise<void>;
  /** How much of it: at full size, and in short. */
  readonly full: number;
  readonly short: number;
  /** Which of its files are watched: a glob of names; and one of them, which is there before it begins. */
  readonly watched: string;
  readonly first: string;
  /** Somebody uses that one meanwhile. */
  readonly held: boolean;
  /** Who uses it runs from it, so it has a lease, as it should. */
  readonly leased?: true;
}

const nothing = (): Promise<void> => Promise.resolve();

const git = (folder: string, ...args: readonly string[]): Promise<unknown> =>
  run('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'gc.auto=0', ...args]);

/** Ten commits on each of two branches, each of a tenth of the files. */
const rebase: Activity = {
  name: 'git rebase',
  needs: 'git',
  full: 1_000,
  short: 50,
  watched: 'file-*.txt',
  first: 'file-0.txt',
  held: false,
  prepare: async (folder, size) => {
    await git(folder, 'init', '-q', '-b', 'main');
    const write = (index: number, text: string): void => {
      writeFileSync(join(folder, `file-${String(index)}.txt`), text);
    };
    const lines = (first: string, last: string): string => `${first}\n${'in between\n'.repeat(40)}${last}\n`;
    for (let index = 0; index < size; index++) write(index, lines('first', 'last'));
    await git(folder, 'add', '.');
    await git(folder, 'commit', '-qm', 'start');
    for (const [branch, first, last] of [
      ['topic', 'first', 'of topic'],
      ['upstream', 'of upstream', 'last'],
    ] as const) {
      await git(folder, 'checkout', '-qb', branch, 'main');
      for (let commit = 0; commit < 10; commit++) {
        for (let index = commit; index < size; index += 10) write(index, lines(first, last));
        await git(folder, 'commit', '-qam', `${branch} ${String(commit)}`);
      }
    }
    await git(folder, 'checkout', '-q', 'topic');
    return nothing;
  },
  work: async (folder) => {
    await git(folder, 'rebase', '-q', 'upstream');
  },
};

const filesOfPackage = 20;

const install: Activity = {
  name: 'npm install',
  needs: 'npm',
  full: 50,
  short: 4,
  watched: '*.js',
  first: 'packages/package-0/0.js',
  held: false,
  prepare: (folder, size) => {
    const dependencies: Record<string, string> = {};
    for (let index = 0; index < size; index++) {
      const name = `package-${String(index)}`;
      const at = join(folder, 'packages', name);
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
      for (let file = 0; file < filesOfPackage; file++) {
        writeFileSync(join(at, `${String(file)}.js`), `module.exports = ${String(file)};\n`);
      }
      dependencies[name] = `file:packages/${name}`;
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'all', version: '1.0.0', dependencies }));
    return Promise.resolve(nothing);
  },
  work: async (folder) => {
    const quick = ['--offline', '--no-audit', '--no-fund', '--install-links', '--no-package-lock'];
    await run('npm', ['install', ...quick, '--cache', join(folder, '.npm')], { cwd: folder });
  },
};

/** A program is built anew while the one that was built before runs. */
const build: Activity = {
  name: 'build while the program runs',
  needs: 'gcc',
  full: 20,
  short: 2,
  watched: 'built',
  first: 'built',
  held: true,
  leased: true,
  prepare: async (folder) => {
    const write = 'puts("READY"); fflush(stdout); getchar();';
    writeFileSync(join(folder, 'main.c'), `#include <stdio.h>\nint main(void) { ${write} return 0; }\n`);
    await compile(folder);
    const built = await LineProgram.start(join(folder, 'built'));
    return () => built.end();
  },
  work: async (folder, size) => {
    for (let time = 0; time < size; time++) {
      appendFileSync(join(folder, 'main.c'), `/* ${String(time)} */\n`);
      await compile(folder);
    }
  },
};

async function compile(folder: string): Promise<void> {
  await run('gcc', ['-c', '-o', join(folder, 'main.o'), join(folder, 'main.c')]);
  await run('gcc', ['-o', join(folder, 'built'), join(folder, 'main.o')]);
}

/** Appended to, and begun anew as `logrotate` does with `copytruncate`. */
const log: Activity = {
  name: 'log with tail -f and tail -F',
  needs: 'tail',
  full: 20_000,
  short: 300,
  watched: '*.log',
  first: 'a.log',
  held: true,
  prepare: async (folder) => {
    const path = join(folder, 'a.log');
    writeFileSync(path, 'READY\n');
    const tails = await Promise.all(
      ['-f', '-F'].map((how) => LineProgram.start('sh', '-c', 'exec tail "$1" "$2" 2>/dev/null', 'sh', how, path)),
    );
    return async () => {
      for (const tail of tails) await tail.kill();
    };
  },
  work: async (folder, size) => {
    const path = join(folder, 'a.log');
    for (let line = 0; line < size; line++) {
      if (line % 1_000 === 999) writeFileSync(path, '');
      // Each of another process's turn, as a server writes.
      await appended(path, `line ${String(line)}\n`);
    }
  },
};

function appended(path: string, text: string): Promise<void> {
  appendFileSync(path, text);
  return new Promise((resolve) => setImmediate(resolve));
}

/** Two processes on one database: it is mapped, and so is the index of its log. */
const database = (mode: 'wal' | 'delete'): Activity => ({
  name: `SQLite, ${mode === 'wal' ? 'write-ahead log' : 'rollback journal'}, mapped`,
  needs: 'python3',
  full: 1_000,
  short: 30,
  watched: 'a.db*',
  first: 'a.db',
  held: true,
  prepare: async (folder) => {
    const path = join(folder, 'a.db');
    await run('python3', ['-c', sqlite, path, mode, '0']);
    const reader = await LineProgram.start('python3', '-c', reading, path);
    return () => reader.end();
  },
  work: async (folder, size) => {
    await run('python3', ['-c', sqlite, join(folder, 'a.db'), mode, String(size)]);
  },
});

const sqlite = `
import sqlite3, sys
path, mode, times = sys.argv[1:]
db = sqlite3.connect(path, isolation_level=None)
db.execute(f'pragma journal_mode = {mode}')
db.execute('pragma synchronous = off')
db.execute('pragma mmap_size = 100000000')
db.execute('create table if not exists t (n integer primary key, x text)')
db.execute("insert into t (x) values ('first')")
for n in range(int(times)):
    db.execute('insert into t (x) values (?)', (str(n) * 200,))
    db.execute('update t set x = ? where n = 1', (str(n) * 100,))
`;

/** Has the database mapped for as long as it runs. */
const reading = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('pragma mmap_size = 100000000')
db.execute('select x from t').fetchall()
print('READY', flush=True)
sys.stdin.read()
`;

/** A program that maps a file and stores into it, and another one that does the same: both mean it. */
const shared: Activity = {
  name: 'file that two programs map to write',
  needs: 'python3',
  full: 1_000,
  short: 50,
  watched: 'shared.bin',
  first: 'shared.bin',
  held: true,
  prepare: async (folder) => {
    const path = join(folder, 'shared.bin');
    writeFileSync(path, Buffer.alloc(8192));
    const other = await LineProgram.start(
      'python3',
      '-c',
      `${mapping}print('READY', flush=True); sys.stdin.read()`,
      path,
    );
    return () => other.end();
  },
  work: async (folder, size) => {
    const store = `${mapping}\nfor n in range(${String(size)}): m[0:4] = n.to_bytes(4, 'little'); m.flush()`;
    await run('python3', ['-c', store, join(folder, 'shared.bin')]);
  },
};

const mapping = `import mmap, sys; f = open(sys.argv[1], 'r+b'); m = mmap.mmap(f.fileno(), 0); f.close(); `;

/** vim with its swap file beside, which it writes again and again. */
const swap: Activity = {
  name: 'vim with a swap file',
  needs: 'vim',
  full: 1_000,
  short: 5,
  watched: '{,.}text.txt*',
  first: 'text.txt',
  held: false,
  prepare: (folder) => {
    writeFileSync(join(folder, 'text.txt'), 'text\n'.repeat(2_000));
    return Promise.resolve(nothing);
  },
  work: async (folder, size) => {
    const edits = Array.from({ length: size }, (_, index) => `normal ochanged ${String(index)}\npreserve\n`);
    const all = ['set nocompatible directory=. updatecount=1', 'edit text.txt', edits.join(''), 'write', 'quit'];
    // Not one of those that are watched.
    writeFileSync(join(folder, 'edits.vim'), `${all.join('\n')}\n`);
    await run('vim', ['-es', '-u', 'NONE', '-S', 'edits.vim'], { cwd: folder });
  },
};

/** A script that its program has read to the end, and a module of it, written over in place. */
const loaded: Activity = {
  name: 'Python script and module, written over while it runs',
  needs: 'python3',
  full: 50,
  short: 5,
  watched: '*.py',
  first: 'main.py',
  held: true,
  prepare: async (folder) => {
    writeFileSync(join(folder, 'part.py'), 'one = 1\n');
    writeFileSync(join(folder, 'main.py'), "import part, sys\nprint('READY', flush=True)\nsys.stdin.read()\n");
    const program = await LineProgram.start('python3', join(folder, 'main.py'));
    return () => program.end();
  },
  work: async (folder, size) => {
    for (let time = 0; time < size; time++) {
      for (const name of ['part.py', 'main.py']) {
        writeFileSync(join(folder, 'new'), `# ${String(time)}\n`);
        await run('cp', [join(folder, 'new'), join(folder, name)]);
      }
    }
  },
};

export const activities: readonly Activity[] = [
  rebase,
  install,
  build,
  log,
  database('wal'),
  database('delete'),
  shared,
  swap,
  loaded,
];
