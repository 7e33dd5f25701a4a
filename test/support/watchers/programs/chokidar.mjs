/** Follows a folder as chokidar does unless it is told otherwise, and says `KIND PATH` for each event. */
import { watch } from 'chokidar';
import { basename } from 'node:path';

watch(process.argv[2], { ignoreInitial: true })
  .on('all', (kind, path) => console.log(`${kind} ${basename(path)}`))
  .on('ready', () => console.log('READY'));
