import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { projectFolder } from './editor/installations';

const programs = new Map<string, Promise<string>>();

/** Compiles `test/support/c/NAME.c`, once, and returns the program's path. */
export function compiled(name: string): Promise<string> {
  const program = programs.get(name) ?? compile(name);
  programs.set(name, program);
  return program;
}

async function compile(name: string): Promise<string> {
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
    join(root, 'test', 'support', 'c', `${name}.c`),
  ]);
  return program;
}
