/**
 * `npm run test:electron`: the suite that runs inside the editor, under a desktop VS Code that is downloaded. Where
 * nothing can be downloaded it says so in one sentence.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';

import { collectResults } from './lib/mochaStage';
import { verdict } from './lib/verdict';

async function main(): Promise<void> {
  let vscodeExecutablePath: string;
  try {
    vscodeExecutablePath = await downloadAndUnzipVSCode('stable');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(
      `A desktop VS Code could not be downloaded (${why}), so this suite did not run: it needs the internet.`,
    );
    process.exitCode = 1;
    return;
  }
  const workspace = await mkdtemp(join(tmpdir(), 'holdfast-electron-'));
  try {
    const results = await collectResults('Inside a desktop VS Code', (path) =>
      runTests({
        vscodeExecutablePath,
        extensionDevelopmentPath: process.cwd(),
        extensionTestsPath: join(process.cwd(), 'out', 'test', 'support', 'suite-runner', 'index.cjs'),
        launchArgs: [workspace, '--disable-workspace-trust', '--disable-extensions'],
        extensionTestsEnv: { HOLDFAST_RESULTS: path },
      }),
    );
    process.exitCode = (await verdict(results, false)) ? 0 : 1;
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

void main();
