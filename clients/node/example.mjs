/** Prints the first line of its configuration every second, and reads it again when it was published anew. */
import { readFileSync } from 'node:fs';
import { setInterval } from 'node:timers';

import { Flag } from './holdfast-flag.mjs';

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: example.mjs CONFIGURATION');
  process.exit(2);
}

const readConfiguration = () => readFileSync(path, 'utf8').split('\n', 1)[0];

const flag = new Flag(path);
let configuration = readConfiguration();

function serve() {
  if (flag.stale) {
    flag.renew();
    configuration = readConfiguration();
  }
  console.log(configuration);
}

// Here: serve requests.
serve();
setInterval(serve, 1000);
