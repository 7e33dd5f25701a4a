/** The reference clients of `clients/`, as programs. */
import { join } from 'node:path';

import { compileProgram } from '../compiled';
import { projectFolder } from '../editor/installations';
import type { Language } from './load';

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
