// Named build configurations: `node esbuild.mjs [extension] [keeper] [tests] [--target=linux-x64|win32-x64|universal] [--minify]`.
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { koffiBinary } from './scripts/setup/koffi.mjs';

const root = dirname(fileURLToPath(import.meta.url));

/** VS Code's name of a target → the package with koffi's binary, and the one file of it that is shipped. */
export const targets = {
  'linux-x64': { package: '@koromix/koffi-linux-x64', binary: 'linux_x64/koffi.node' },
  'linux-arm64': { package: '@koromix/koffi-linux-arm64', binary: 'linux_arm64/koffi.node' },
  'win32-x64': { package: '@koromix/koffi-win32-x64', binary: 'win32_x64/koffi.node' },
  universal: undefined,
};

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * Ships one binary of koffi beside the bundle, and no other package's loader. Without a binary (universal), koffi as a
 * whole is a module that says so when it is loaded: the product takes that as "no system calls here".
 */
function koffiPlugin(target, outdir) {
  const wanted = targets[target];
  return {
    name: 'koffi',
    setup(bundler) {
      bundler.onResolve({ filter: /^\.\/koffi\.node$/ }, () => ({ path: './koffi.node', external: true }));
      bundler.onResolve({ filter: /^@koromix\/koffi-/ }, ({ path }) => ({ path, namespace: 'koffi-binary' }));
      bundler.onLoad({ filter: /.*/, namespace: 'koffi-binary' }, ({ path }) => ({
        contents: wanted?.package === path ? `module.exports = require('./koffi.node');` : 'module.exports = null;',
        resolveDir: root,
      }));
      if (!wanted) {
        bundler.onResolve({ filter: /^koffi$/ }, ({ path }) => ({ path, namespace: 'koffi-absent' }));
        bundler.onLoad({ filter: /.*/, namespace: 'koffi-absent' }, () => ({
          contents: `throw new Error('this package of Holdfast contains no koffi binary');`,
        }));
        return;
      }
      bundler.onEnd(async ({ errors }) => {
        if (errors.length > 0) return;
        const packageRoot = await koffiBinary(wanted.package);
        copyFileSync(join(packageRoot, wanted.binary), join(outdir, 'koffi.node'));
      });
    },
  };
}

/** A package for one system has nothing of the others in it. */
function systemOf(target, minify) {
  return minify && targets[target] ? { 'process.platform': JSON.stringify(target.split('-')[0]) } : {};
}

/** A program that somebody else provides at run time, kept out of every bundle. */
const provided = ['vscode'];

const configurations = {
  async extension({ target, minify }) {
    await build({
      ...common,
      entryPoints: ['src/extension.ts'],
      // The first line of the bundle: from here to the end of activation is what a user waits for.
      banner: { js: 'const bundleBegan = performance.now();' },
      outfile: 'dist/bundle/extension.js',
      external: provided,
      define: systemOf(target, minify),
      minify,
      sourcemap: !minify,
      sourcesContent: false,
    });
    // The page of the picture, for the browser that VS Code is drawn by.
    await build({
      ...common,
      platform: 'browser',
      format: 'iife',
      target: 'chrome132',
      entryPoints: ['src/panel/panel.ts', 'src/panel/panel.css'],
      outdir: 'dist/bundle',
      minify,
    });
  },
  async keeper({ target, minify }) {
    const outdir = join(root, 'dist/bundle');
    rmSync(join(outdir, 'koffi.node'), { force: true });
    mkdirSync(outdir, { recursive: true });
    await build({
      ...common,
      entryPoints: {
        stager: 'src/keeper/stager.ts',
        keeper: 'src/keeper/keeper.ts',
        lookout: 'src/keeper/lookout.ts',
        sentry: 'src/keeper/sentry.ts',
      },
      outdir,
      define: systemOf(target, minify),
      minify,
      sourcemap: !minify,
      sourcesContent: false,
      plugins: [koffiPlugin(target, outdir)],
    });
  },
  async tests() {
    rmSync(join(root, 'out/test'), { recursive: true, force: true });
    rmSync(join(root, 'out/scripts'), { recursive: true, force: true });
    rmSync(join(root, 'out/src'), { recursive: true, force: true });
    const entries = ['test', 'scripts', 'src/keeper'].flatMap(filesBelow).filter(isEntry);
    await build({
      ...common,
      entryPoints: entries,
      outbase: root,
      outdir: join(root, 'out'),
      outExtension: { '.js': '.cjs' },
      packages: 'external',
      external: provided,
      sourcemap: 'inline',
      sourcesContent: false,
    });
  },
};

function filesBelow(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Suites, command line programs and the entry of the suite that runs inside the editor. */
function isEntry(path) {
  return (
    /^test\/.*\.test\.ts$/.test(path) ||
    /^scripts\/[^/]+\.ts$/.test(path) ||
    /^test\/.*\.entry\.ts$/.test(path) ||
    path === 'test/support/suite-runner/index.ts' ||
    // The threads, for tests that have no editor.
    /^src\/keeper\/(stager|keeper|lookout|sentry)\.ts$/.test(path)
  );
}

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const target =
  process.argv.find((argument) => argument.startsWith('--target='))?.slice('--target='.length) ??
  `${process.platform}-${process.arch}`;
const options = { target: target in targets ? target : 'universal', minify: process.argv.includes('--minify') };
for (const name of names) {
  if (!(name in configurations))
    throw new Error(`No build configuration is called ${name}; there are: ${Object.keys(configurations).join(', ')}`);
  await configurations[name](options);
}
