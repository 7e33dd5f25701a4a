/**
 * Makes everything ready that the project's commands need, and does nothing where it is ready. It runs before anything is installed, so
 * it and all it imports use Node.js alone.
 *
 * As a program it prepares everything; `scripts/run.mjs` calls the parts a command needs.
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './setup/dependencies.mjs';
import { ensureEditor } from './setup/editor.mjs';
import { ensureNginx } from './setup/nginx.mjs';
import { SetupError, say, seconds } from './setup/report.mjs';
import { handleSignals } from './setup/signals.mjs';
import { ensurePeers, ensureSystem } from './setup/system.mjs';
import { ensureTools } from './setup/tools.mjs';

export { ensureDependencies, ensureNginx, ensurePeers, ensureTools, SetupError };

/**
 * @param {readonly ('current' | 'oldest')[]} which
 * @returns {Promise<{ chromium: string } & Partial<Record<'current' | 'oldest', import('./setup/editor.mjs').Installation>>>}
 */
export async function ensureEditors(which) {
  const system = await ensureSystem();
  const editors = {};
  for (const name of which) {
    editors[name] = await ensureEditor(name);
  }
  return { ...editors, ...system };
}

/**
 * Runs the work of a program; an error that is meant for the person is shown as it is, without a stack.
 *
 * @param {() => Promise<void>} work
 */
export async function main(work) {
  handleSignals();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SetupError)) {
      throw error;
    }
    say(error.message);
    process.exitCode = 1;
  }
}

async function setUp() {
  const start = performance.now();
  await ensureDependencies();
  await ensureEditors(['current', 'oldest']);
  await ensureNginx();
  say(`Ready (${seconds(performance.now() - start)}).`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(setUp);
}
