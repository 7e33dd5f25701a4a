import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runSuite, type EditorVersion } from '../../test/support/editor';

/**
 * The suite that runs inside an extension host, in a window of a fresh server. Tests that fail are in the results;
 * rejects if the suite could not be run at all.
 * @param results the file for them
 * @param grep only tests whose full title matches
 */
export async function insideEditor(version: EditorVersion, results: string, grep?: string): Promise<number> {
  const workspace = await mkdtemp(join(tmpdir(), 'holdfast-suite-'));
  try {
    return await runSuite({
      version,
      developmentPath: process.cwd(),
      testsPath: join(process.cwd(), 'out', 'test', 'support', 'suite-runner', 'index.cjs'),
      workspace,
      results,
      ...(grep === undefined ? {} : { grep }),
    });
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}
