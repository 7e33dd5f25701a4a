/** vite's development server: says for which modules it tells the browser of an update, and what it then serves. */
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, folder] = process.argv.slice(2);
const { createServer } = await import(pathToFileURL(join(modules, 'vite', 'dist', 'node', 'index.js')).href);

const told = {
  name: 'told',
  async handleHotUpdate({ file, read }) {
    if (basename(file) !== 'watched.js') {
      console.log(`update ${basename(file)}`);
      return;
    }
    const version = /version = (\d+)/.exec(await read())?.[1];
    console.log(`update watched version=${version} .`);
  },
};
const server = await createServer({
  root: folder,
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  optimizeDeps: { noDiscovery: true },
  server: { port: 0, host: '127.0.0.1' },
  plugins: [told],
});
server.watcher.once('ready', () => void ready());

// Only what a browser has asked for is updated.
async function ready() {
  for (const path of ['/main.js', '/watched.js', '/sentinel.js']) await server.transformRequest(path);
  console.log('READY');
}
