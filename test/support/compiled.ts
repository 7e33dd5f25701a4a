import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { projectFolder } from './editor/installations';

const programs = new Map<string, Promise<string>>();

/**
 * Compiles `test/support/c/NAME.c`, once, and returns the program's path.
 *
 * @param sources what it is made of besides; their folders are searched for headers
 */
export function compiled(name: string, sources: readonly string[] = []): Promise<string> {
  const program = programs.get(name) ?? compile(name, sources);
  programs.set(name, program);
  return program;
}

async function compile(name: string, sources: readonly string[]): Promise<string> {
  const root = projectFolder();
  const folder = join(root, 'out', 'c');
  await mkdir(folder, { recursive: true });
  const program = join(folder, `${name}-${String(process.pid)}`);
  await promisify(execFile)('gcc', [
    '-O1',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    program,
    ...sources.map((source) => `-I${dirname(source)}`),
    join(root, 'test', 'support', 'c', `${name}.c`),
    ...sources,
  ]);
  return program;
}
