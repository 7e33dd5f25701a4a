import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { projectFolder } from './editor/installations';
import { shared } from './shared';

const programs = shared('programs', () => new Map<string, Promise<string>>());

/**
 * Compiles `test/support/c/NAME.c`, once, and returns the program's path.
 *
 * @param others what it is made of besides; their folders are searched for headers
 */
export function compiled(name: string, others: readonly string[] = []): Promise<string> {
  return compileProgram(join(projectFolder(), 'test', 'support', 'c', `${name}.c`), others);
}

/** As `compiled`, for a source that is elsewhere. */
export function compileProgram(source: string, others: readonly string[]): Promise<string> {
  const program = programs.get(source) ?? compile(source, others);
  programs.set(source, program);
  return program;
}

async function compile(source: string, others: readonly string[]): Promise<string> {
  const folder = join(projectFolder(), 'out', 'c');
  await mkdir(folder, { recursive: true });
  const program = join(folder, `${basename(source, '.c')}-${String(process.pid)}`);
  await promisify(execFile)('gcc', [
    '-O1',
    '-Wall',
    '-Wextra',
    '-Werror',
    ...others.map((other) => `-I${dirname(other)}`),
    '-o',
    program,
    source,
    ...others,
  ]);
  return program;
}
