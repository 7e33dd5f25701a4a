/** Follows each path given by `fs.watch`, and says `KIND NAME` for each event. */
import { watch } from 'node:fs';
import { basename } from 'node:path';

for (const path of process.argv.slice(2)) {
  watch(path, (kind, name) => console.log(`${kind} ${name ?? basename(path)}`));
}
console.log('READY');
