/** Tools that follow a file, each as it is used. What they say is read from their own output. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { compiled } from '../compiled';
import { projectFolder } from '../editor/installations';
import type { Report } from './reports';

/** Whom the tool stays with when another file gets the name. */
export type Follows = 'name' | 'inode';

export interface Tool {
  readonly name: string;
  readonly follows: Follows;
  /** Installed with the project, and quick to start. */
  readonly light: boolean;
  /** Whether it has the file open all the time. */
  readonly holds?: true;
  /** Only what comes behind the end of the sentinel is noticed. */
  readonly grows?: true;
  /** It hands on what the kernel tells, one by one: many events a save. */
  readonly raw?: true;
  /** What the file and the sentinel are called. */
  readonly files: Files;
  /** The text of a version of the file. Each one says which it is. */
  text(version: number): string;
  /** Everything else that the tool needs in its folder. */
  readonly project?: Readonly<Record<string, string>>;
  /** The command line. */
  command(folder: string): Promise<readonly string[]> | readonly string[];
  /** What it follows speaks through it, by a channel. */
  readonly channel?: true;
  /** Says that the tool follows now. It is looked for in all that the tool has written so far. */
  readonly ready: RegExp;
  /** The last line of what belongs together. */
  readonly block: RegExp;
  /** What such a block reports. */
  read(block: string): Report | undefined;
}

export interface Files {
  readonly file: string;
  readonly sentinel: string;
}

/** Always the same length, so that the sentinel can be rewritten by one `write`. */
export function sentinelText(file: string, version: number): string {
  const digits = String(1_000 + version);
  return file.endsWith('.ts') ? `export const sentinel = ${digits} as const;\n` : `exports.sentinel = ${digits};\n`;
}

const scripts: Files = { file: 'watched.cjs', sentinel: 'sentinel.cjs' };
const scriptText = (version: number): string => `exports.version = ${String(version)};\n`;

/** A program that says what it was loaded with, and stays. */
function mainThat(says: 'console.log' | 'process.send'): string {
  return `const { version } = require('./watched.cjs');
const { sentinel } = require('./sentinel.cjs');
${says}('run version=' + version + ' sentinel=' + sentinel + ' .');
setInterval(() => {}, 1_000_000);
`;
}

const main = mainThat('console.log');

/** `run version=V sentinel=S`: a run or build that has seen both. */
function readRun(block: string): Report | undefined {
  const [, version, sentinel] = /run version=(\w+) sentinel=(\w+)/.exec(block) ?? [];
  return version === undefined ? undefined : { file: Number(version), sentinel: Number(sentinel) - 1_000 };
}

/** `KIND NAME`: an event that a watcher tells of. */
function readEvent(block: string): Report | undefined {
  const [kind = ''] = block.split(' ');
  if (block.includes('watched')) return { file: undefined, kind };
  return block.includes('sentinel') ? { sentinel: Infinity } : undefined;
}

function program(name: string): string {
  return join(projectFolder(), 'test', 'support', 'watchers', 'programs', name);
}

function tail(option: '-f' | '-F'): Tool {
  return {
    name: `tail ${option}`,
    follows: option === '-F' ? 'name' : 'inode',
    light: true,
    holds: true,
    grows: true,
    files: { file: 'watched.log', sentinel: 'sentinel.log' },
    // A line more each time: where nothing is cut off, tail has only that one to show.
    text: (version) => Array.from({ length: version + 1 }, (_, line) => `watched ${String(line)} .\n`).join(''),
    command: (folder) => ['tail', '-q', option, join(folder, 'watched.log'), join(folder, 'sentinel.log')],
    ready: /watched 0 \.[^]*sentinel/,
    block: /./,
    read: (line) => {
      const [, file] = /^watched (\d+) \.$/.exec(line) ?? [];
      if (file !== undefined) return { file: Number(file) };
      return line.includes('sentinel') ? { sentinel: Infinity } : undefined;
    },
  };
}

const events = { ready: /^READY$/m, block: /./, read: readEvent } as const;
const runs = { ready: /run version=0 /, block: /run version=/, read: readRun } as const;

const typescript = join(projectFolder(), 'node_modules', 'typescript', 'bin', 'tsc');

export const typescriptFiles: Files = { file: 'watched.ts', sentinel: 'sentinel.ts' };
export const typescriptText = (version: number): string => `export const version = ${String(version)} as const;\n`;
/** The checker names both versions in what it finds wrong here. */
export const typescriptProject = {
  'main.ts': `import { version } from './watched';
import { sentinel } from './sentinel';
export const one: { version: never } = { version };
export const other: { sentinel: never } = { sentinel };
`,
  'tsconfig.json': JSON.stringify({
    compilerOptions: { strict: true, noEmit: true, types: [], skipLibCheck: true, lib: ['ES2022'], module: 'preserve' },
    files: ['main.ts', 'watched.ts', 'sentinel.ts'],
  }),
} as const;

/** In what the checker says about `main.ts`. */
export function readChecker(text: string): Report | undefined {
  const found = [...text.matchAll(/Type '?(?:number|(\d+))'? is not assignable to type 'never'/g)].map(([, type]) =>
    Number(type),
  );
  const sentinel = found.find((one) => one >= 1_000);
  return { file: found.find((one) => one < 1_000) ?? NaN, sentinel: sentinel === undefined ? NaN : sentinel - 1_000 };
}

export const tools: readonly Tool[] = [
  tail('-F'),
  tail('-f'),
  {
    name: 'inotify on the file',
    follows: 'inode',
    raw: true,
    light: true,
    files: { file: 'watched.txt', sentinel: 'sentinel.txt' },
    text: scriptText,
    command: async (folder) => [
      await compiled('inotify-log'),
      join(folder, 'watched.txt'),
      join(folder, 'sentinel.txt'),
    ],
    ready: events.ready,
    block: /./,
    // A write in place begins with other events; this is its end.
    read: (line) => (line.startsWith('written ') ? readEvent(line) : undefined),
  },
  {
    name: 'fs.watch on the file',
    follows: 'inode',
    raw: true,
    light: true,
    files: scripts,
    text: scriptText,
    command: (folder) => [process.execPath, program('fsWatch.mjs'), ...pathsIn(folder, scripts)],
    ...events,
  },
  {
    name: 'fs.watch on the folder',
    follows: 'name',
    raw: true,
    light: true,
    files: scripts,
    text: scriptText,
    command: (folder) => [process.execPath, program('fsWatch.mjs'), folder],
    ...events,
  },
  {
    name: 'node --watch',
    follows: 'inode',
    light: true,
    files: scripts,
    text: scriptText,
    // It drops changes until it has been told by its program what that has loaded; what is sent comes to us behind that.
    project: { 'main.cjs': mainThat('process.send') },
    channel: true,
    command: (folder) => [process.execPath, '--watch', join(folder, 'main.cjs')],
    ...runs,
  },
  {
    name: 'tsc -w',
    follows: 'name',
    light: true,
    files: typescriptFiles,
    text: typescriptText,
    project: typescriptProject,
    command: (folder) => [process.execPath, typescript, '-w', '--pretty', 'false', '-p', folder],
    ready: /Watching for file changes/,
    block: /Watching for file changes/,
    read: readChecker,
  },
  {
    name: 'chokidar',
    follows: 'name',
    light: true,
    files: scripts,
    text: scriptText,
    command: (folder) => [process.execPath, program('chokidar.mjs'), folder],
    ...events,
  },
  {
    name: 'nodemon',
    follows: 'name',
    light: false,
    files: scripts,
    text: scriptText,
    project: { 'main.cjs': main },
    command: (folder) => [
      process.execPath,
      inTools('nodemon', 'bin', 'nodemon.js'),
      ...['--watch', folder, '--ext', 'cjs', join(folder, 'main.cjs')],
    ],
    ...runs,
  },
  {
    name: 'webpack',
    follows: 'name',
    light: false,
    files: scripts,
    text: scriptText,
    project: { 'main.cjs': main },
    command: (folder) => [process.execPath, program('webpack.mjs'), inTools(), folder],
    ...runs,
  },
  {
    name: 'vite',
    follows: 'name',
    light: false,
    files: { file: 'watched.js', sentinel: 'sentinel.js' },
    text: (version) => `export const version = ${String(version)};\n`,
    project: {
      'package.json': '{ "type": "module" }',
      'main.js': `import { version } from './watched.js';\nimport './sentinel.js';\nconsole.log(version);\n`,
    },
    command: (folder) => [process.execPath, program('vite.mjs'), inTools(), folder],
    ready: events.ready,
    block: /./,
    read: (line) => {
      const [, version] = /update watched version=(\w+)/.exec(line) ?? [];
      return version === undefined ? readEvent(line) : { file: Number(version) };
    },
  },
  {
    name: 'jest --watchAll',
    follows: 'name',
    light: false,
    files: scripts,
    text: scriptText,
    project: {
      'package.json': '{}',
      'jest.config.cjs': `module.exports = { testMatch: ['<rootDir>/one.test.cjs'], watchman: false, moduleFileExtensions: ['cjs', 'js'] };\n`,
      'one.test.cjs': `const { version } = require('./watched.cjs');
const { sentinel } = require('./sentinel.cjs');
test('one', () => require('node:fs').writeSync(1, 'run version=' + version + ' sentinel=' + sentinel + ' .\\n'));
`,
    },
    command: (folder) => [
      process.execPath,
      inTools('jest', 'bin', 'jest.js'),
      ...['--rootDir', folder, '--config', join(folder, 'jest.config.cjs'), '--watchAll', '--runInBand'],
    ],
    ...runs,
  },
];

/** The file and the sentinel in this folder. */
function pathsIn(folder: string, files: Files): readonly [file: string, sentinel: string] {
  return [join(folder, files.file), join(folder, files.sentinel)];
}

/** Writes what the tool follows, and everything around it. */
export async function writeProject(
  folder: string,
  { files, text, project = {} }: Pick<Tool, 'files' | 'text' | 'project'>,
): Promise<readonly [file: string, sentinel: string]> {
  const contents = { ...project, [files.file]: text(0), [files.sentinel]: sentinelText(files.sentinel, 0) };
  for (const [name, content] of Object.entries(contents)) await writeFile(join(folder, name), content);
  return pathsIn(folder, files);
}

/** Below the modules that the set-up installs for this. */
function inTools(...names: readonly string[]): string {
  const folder = process.env['HOLDFAST_TOOLS'];
  if (folder === undefined) throw new Error('HOLDFAST_TOOLS is not set: use npm run prove -- watchers');
  return join(folder, 'node_modules', ...names);
}

/** The versions of what is installed for this. */
export function toolVersions(): Readonly<Record<string, string>> {
  const { dependencies } = JSON.parse(readFileSync(join(inTools(), '..', 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return dependencies;
}
