import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import type { Result } from '../../test/support/results';

/** What a check has found out about files that have not changed since. Lint has none: its rules ask for the types of other files. */
const known = join('node_modules', '.cache', 'holdfast');

const checks: Readonly<Record<string, readonly string[]>> = {
  types: typesOf('.', 'types'),
  'types of the page': typesOf(join('src', 'panel'), 'types-of-the-page'),
  format: [
    join('node_modules', 'prettier', 'bin', 'prettier.cjs'),
    ...['--check', '--log-level', 'warn', '.'],
    ...['--cache', '--cache-strategy', 'content', '--cache-location', join(known, 'format')],
  ],
  lint: [join('node_modules', 'eslint', 'bin', 'eslint.js'), '.'],
};

function typesOf(project: string, cache: string): readonly string[] {
  return [
    join('node_modules', 'typescript', 'bin', 'tsc'),
    ...['--noEmit', '-p', project, '--incremental', '--tsBuildInfoFile', join(known, cache)],
  ];
}

/** Types, formatting and lint, side by side; each counts as a test. */
export async function staticChecks(): Promise<readonly Result[]> {
  console.log('\nTypes, formatting and lint, beside what follows');
  return Promise.all(
    Object.entries(checks).map(async ([title, args]): Promise<Result> => {
      const began = performance.now();
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      const [code] = (await once(child, 'close')) as [number | null];
      const duration = performance.now() - began;
      console.log(`  ${code === 0 ? '✓' : '✗'} ${title} (${(duration / 1000).toFixed(1)} s)`);
      if (code === 0) return { title, state: 'passed', duration };
      console.log(output);
      return { title, state: 'failed', duration, error: output };
    }),
  );
}
