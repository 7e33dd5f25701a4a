import { readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cached } from './cache.mjs';
import { run } from './command.mjs';
import { unpack } from './registry.mjs';
import { SetupError } from './report.mjs';
import { editors, nodes, recipe } from './versions.mjs';

/** @typedef {{ node: string, server: string, version: string }} Installation the Node.js binary, the server's folder, VS Code's version */

/**
 * A VS Code server that is ready to start, and the Node.js it starts with.
 *
 * @param {keyof typeof editors} which
 * @returns {Promise<Installation>}
 */
export async function ensureEditor(which) {
  const editor = editors[which];
  const machine = supportedMachine();
  const node = await ensureNode(editor.node, machine);
  const entry = await cached(
    `vscode-server-${editor.version}-${machine}-${recipe}`,
    `VS Code ${editor.version}, built from npm packages`,
    async (folder) => {
      await unpack({ name: editor.package, version: editor.packageVersion, integrity: editor.integrity, folder });
      const server = join(folder, 'lib', 'vscode');
      await dropUnwanted(server, editor.unwanted);
      await installModules(server, node, editor.native);
    },
  );
  return { node: join(node, 'bin', 'node'), server: join(entry, 'lib', 'vscode'), version: editor.version };
}

/**
 * @param {string} version
 * @param {string} machine
 */
function ensureNode(version, machine) {
  return cached(`node-${version}-${machine}-${recipe}`, `Node.js ${version}`, (folder) =>
    unpack({ name: `node-linux-${machine}`, version, integrity: nodes[version][machine], folder }),
  );
}

function supportedMachine() {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    throw new SetupError(
      `The editor tests need Linux on x64 or arm64; this is ${process.platform} on ${process.arch}. "npm run test:electron" tests with a desktop VS Code.`,
    );
  }
  return process.arch;
}

/**
 * Takes packages out of the server's own lists before npm sees them, so that they are never downloaded.
 *
 * @param {string} server
 * @param {readonly string[]} unwanted
 */
async function dropUnwanted(server, unwanted) {
  if (unwanted.length === 0) {
    return;
  }
  await edit(join(server, 'package.json'), (manifest) => {
    for (const name of unwanted) {
      delete manifest.dependencies[name];
    }
  });
  await edit(join(server, 'npm-shrinkwrap.json'), (lock) => {
    for (const name of unwanted) {
      delete lock.packages[''].dependencies[name];
    }
  });
}

/**
 * @param {string} file
 * @param {(content: any) => void} change
 */
async function edit(file, change) {
  const content = JSON.parse(await readFile(file, 'utf8'));
  change(content);
  await writeFile(file, `${JSON.stringify(content, undefined, '\t')}\n`);
}

/**
 * Building is the install script's job. What node-pty does after it is for its publisher, and in older versions it fetches the
 * newest node-gyp through npx: unpinned, and refused where the user's npm is told to say no.
 *
 * @param {{ scripts?: Record<string, string> }} manifest
 */
function dropPostInstall(manifest) {
  delete manifest.scripts?.['postinstall'];
}

/**
 * Installs the server's modules without running any package's scripts, then builds the few native ones it needs against the headers of
 * the Node.js it will run on. The system's headers must not be found instead: those belong to another Node.js.
 *
 * `npm ci` is not possible: the published lock file does not match the published manifest.
 *
 * @param {string} server
 * @param {string} node
 * @param {readonly string[]} native
 */
async function installModules(server, node, native) {
  const env = {
    ...process.env,
    PATH: [join(node, 'bin'), process.env['PATH']].join(delimiter),
    npm_config_nodedir: node,
  };
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  await run('npm', ['install', '--omit=dev', '--ignore-scripts', ...quiet], { cwd: server, env });
  await Promise.all(native.map((name) => edit(join(server, 'node_modules', name, 'package.json'), dropPostInstall)));
  await run('npm', ['rebuild', ...native, ...quiet], { cwd: server, env });
  await Promise.all(
    native.map((name) =>
      rm(join(server, 'node_modules', name, 'build', 'Release', 'obj.target'), { recursive: true, force: true }),
    ),
  );
}
