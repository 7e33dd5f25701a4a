import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { Result } from '../../test/support/results';

/** So long (milliseconds) a process may take to end after its last test. */
const ending = 30_000;

/** Runs one group of suites in a process of its own, and returns what its tests came to. */
export async function mochaStage(
  name: string,
  patterns: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<readonly Result[]> {
  const mocha = join('node_modules', 'mocha', 'bin', 'mocha.js');
  const support = join(process.cwd(), 'out', 'test', 'support');
  const grep = process.env['HOLDFAST_GREP'];
  return collectResults(name, async (path) => {
    const child = spawn(
      process.execPath,
      [
        mocha,
        '--no-config',
        '--forbid-only',
        // Nothing is measured by it: a test of its own bound says so.
        '--timeout',
        '20000',
        '--reporter',
        join(support, 'reporter.entry.cjs'),
        '--require',
        join(support, 'screens.entry.cjs'),
        ...(grep ? ['--grep', grep] : []),
        ...patterns,
      ],
      { stdio: 'inherit', env: { ...environment, ...process.env, HOLDFAST_RESULTS: path } },
    );
    const stopWatching = endAfterResults(child, path);
    const [code] = (await once(child, 'close')) as [number | null];
    stopWatching();
    return code ?? -1;
  });
}

/** Ends a process that has written its results and goes on: a failed test may have left a thread. */
function endAfterResults(child: ChildProcess, path: string): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(dirname(path), () => {
    timer ??= setTimeout(() => {
      console.log(`still running ${String(ending / 1000)} s after its last test, and ended`);
      child.kill('SIGKILL');
    }, ending);
  });
  return () => {
    watcher.close();
    clearTimeout(timer);
  };
}

/**
 * A group that left no results, or ended badly although all its tests were good, is a failure of its own.
 * @param work runs the group, writes its results into the file given, and returns its exit code
 */
export async function collectResults(
  name: string,
  work: (results: string) => Promise<number>,
): Promise<readonly Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-results-'));
  const path = join(folder, 'results.json');
  console.log(`\n${name}`);
  try {
    const code = await work(path);
    const results = JSON.parse(await readFile(path, 'utf8')) as Result[];
    if (results.length === 0) return [failed(name, 'no test ran')];
    if (code === 0 || results.some(({ state }) => state === 'failed')) return results;
    return [...results, failed(name, `all tests were good, but the exit code was ${String(code)}`)];
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    console.log(text);
    return [failed(name, text)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function failed(name: string, error: string): Result {
  return { title: name, state: 'failed', duration: 0, error };
}
