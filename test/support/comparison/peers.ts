/** Others that save files, as programs of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { within } from '../deadline';
import type { Peer } from './compare';

/** Milliseconds. */
const deadline = 20_000;

/**
 * @param tools the folder with the modules to compare with
 * @param wrapper a command that they are run by
 */
export function programPeers(tools: string, wrapper: readonly string[]): readonly Peer[] {
  const complete = (program: string, args: readonly string[], input: string): Promise<string> => {
    const [command, ...before] = [...wrapper, program];
    return finish(command, [...before, ...args], input);
  };
  const byModule = (save: string, path: string, text: string): Promise<string> =>
    complete(process.execPath, ['--input-type=module', '--eval', moduleProgram(tools, save), '--', path], text);
  return [
    { name: 'vim', save: (path, text) => saveByVim(complete, path, text) },
    { name: 'gio', save: (path, text) => complete('gio', ['save', path], text) },
    {
      name: 'write-file-atomic',
      save: (path, text) => byModule(`await require('write-file-atomic')(path, text)`, path, text),
    },
    {
      name: 'atomically',
      save: (path, text) =>
        byModule(`await (await import(require.resolve('atomically'))).writeFile(path, text)`, path, text),
    },
  ];
}

/** As it comes, but for `backupskip`: unset, or it would save in place whatever lies below the temporary folder. */
async function saveByVim(complete: typeof finish, path: string, text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-vim-'));
  try {
    const from = join(folder, 'text');
    writeFileSync(from, text);
    const commands = [
      'set backupskip=',
      'call deletebufline("%", 1, "$")',
      `call setline(1, readfile(${JSON.stringify(from)}))`,
      // Otherwise it says nothing of what it could not write.
      'try | write | catch | cquit | endtry',
      'qa!',
    ];
    const args = commands.flatMap((command) => ['-c', command]);
    return await complete('vim', ['-N', '-u', 'NONE', '-i', 'NONE', '-n', '-es', ...args, '--', path], '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function moduleProgram(tools: string, save: string): string {
  return `
    const require = (await import('node:module')).createRequire(${JSON.stringify(join(tools, 'package.json'))});
    const path = process.argv[1];
    const text = (await import('node:fs')).readFileSync(0, 'utf8');
    try { ${save}; } catch (error) { console.error(error.message); process.exitCode = 1; }`;
}

/** Runs it to its end; rejects with what it wrote if it did not end well. */
async function finish(program: string, args: readonly string[], input: string): Promise<string> {
  const child = spawn(program, args, { stdio: 'pipe' });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
  }
  // Whoever does not read its input to the end says by its exit code why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  let code: number | null;
  try {
    [code] = await within(deadline, `the end of ${program}`, once(child, 'close') as Promise<[number | null]>);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  if (code !== 0) throw new Error(written.trim() || `exit code ${String(code)}`);
  return '';
}
