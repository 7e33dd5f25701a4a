/**
 * `node scripts/run.mjs <command> [arguments]`: what the npm scripts call. It prepares what the command needs, bundles the project, and
 * runs the command's own program. It uses Node.js alone, as nothing may be installed yet.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import {
  SetupError,
  ensureDependencies,
  ensureEditors,
  ensureNginx,
  ensurePeers,
  ensureTools,
  main,
} from './setup.mjs';
import { root } from './setup/places.mjs';
import { redirectSignals } from './setup/signals.mjs';

/** Which editors each command needs. */
const commands = {
  demo: ['current'],
  test: ['current', 'oldest'],
  start: ['current'],
  check: [],
  prove: ['current'],
  compare: ['current'],
  bench: ['current'],
  package: [],
  'test-electron': [],
};

/** The commands that also need other people's tools to compare with. */
const compares = (command, [name]) => command === 'compare' || (command === 'prove' && name === 'watchers');

async function runCommand() {
  const [command, ...args] = process.argv.slice(2);
  if (command === undefined || !Object.hasOwn(commands, command)) {
    throw new SetupError(
      `Usage: node scripts/run.mjs <command> [arguments]\nCommands: ${Object.keys(commands).join(', ')}`,
    );
  }
  await ensureDependencies();
  const env = { ...process.env };
  if (commands[command].length > 0) {
    env['HOLDFAST_EDITORS'] = JSON.stringify(await ensureEditors(commands[command]));
  }
  if (command === 'test') env['HOLDFAST_NGINX'] = (await ensureNginx()) ?? '';
  if (command === 'compare') await ensurePeers();
  if (compares(command, args)) env['HOLDFAST_TOOLS'] = await ensureTools();
  for (const bundles of [['tests'], ['extension', 'keeper']]) {
    const code = await hand(['esbuild.mjs', ...bundles], process.env);
    if (code !== 0) {
      process.exitCode = code;
      return;
    }
  }
  process.exitCode = await hand([join('out', 'scripts', `${command}.cjs`), ...args], env);
}

/**
 * Hands the terminal and the signals to a Node.js program in the project's folder, and returns its exit code.
 *
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function hand(args, env) {
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
  const forward = (signal) => {
    // A terminal sends Control+C to both processes; the child must not take it for two.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) {
      child.kill(signal);
    }
  };
  return redirectSignals(forward, () => ended);
}

await main(runCommand);
