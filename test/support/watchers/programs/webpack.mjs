/** webpack's own watching of a small program: says what is in the bundle after each build. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [modules, folder] = process.argv.slice(2);
const webpack = createRequire(join(modules, '..', 'package.json'))('webpack');
const compiler = webpack({
  context: folder,
  mode: 'development',
  devtool: false,
  target: 'node',
  entry: join(folder, 'main.cjs'),
  output: { path: join(folder, 'bundle'), filename: 'main.js' },
});
compiler.watch({}, (error, stats) => {
  if (error || stats.hasErrors()) {
    console.log(`failed: ${error ?? stats.toString()}`);
    return;
  }
  const bundle = readFileSync(join(folder, 'bundle', 'main.js'), 'utf8');
  const version = /exports\.version = (\d+)/.exec(bundle)?.[1];
  const sentinel = /exports\.sentinel = (\d+)/.exec(bundle)?.[1];
  console.log(`run version=${version} sentinel=${sentinel} .`);
});
