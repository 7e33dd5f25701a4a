/** The reference clients of `clients/`, as programs. */
import { join } from 'node:path';

import { compiled, compileProgram } from '../compiled';
import { projectFolder } from '../editor/installations';

export const languages = ['c', 'python', 'node', 'sh'] as const;
export type Language = (typeof languages)[number];

const folder = join(projectFolder(), 'clients');

/** A program of `clients/c`, compiled once. */
export function compiledClient(name: 'example' | 'holdfast-reopen'): Promise<string> {
  return compileProgram(join(folder, 'c', `${name}.c`), [join(folder, 'c', 'holdfast-flag.c')]);
}

/** The example of a language: its argument is a file, the first line of which it says every second. */
export async function exampleOf(language: Language): Promise<readonly [string, ...string[]]> {
  switch (language) {
    case 'c':
      return [await compiledClient('example')];
    case 'python':
      return ['python3', join(folder, 'python', 'example.py')];
    case 'node':
      return [process.execPath, join(folder, 'node', 'example.mjs')];
    case 'sh':
      return ['sh', join(folder, 'sh', 'example.sh')];
  }
}

/** The command that reads: its arguments are the data, the floor, the last generation and a seed. */
export async function readerCommand(language: Language): Promise<readonly [string, ...string[]]> {
  const readers = join(projectFolder(), 'test', 'support', 'flags');
  switch (language) {
    case 'c':
      return [await compiled('flag-reader', [join(folder, 'c', 'holdfast-flag.c')])];
    case 'python':
      return ['python3', join(readers, 'reader.py'), join(folder, 'python')];
    case 'node':
      return [process.execPath, join(readers, 'reader.mjs'), join(folder, 'node', 'holdfast-flag.mjs')];
    case 'sh':
      return ['sh', join(readers, 'reader.sh'), join(folder, 'sh', 'holdfast-flag.sh')];
  }
}
