/**
 * A process that leaves a temporary name: `STORAGE PATH BYTES`. Says READY when the name is there, and where it is if it is asked;
 * ends with its standard input.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { openHost } from '../../src/platform/linux/linux';
import { thisOwner } from '../../src/platform/linux/owner';
import { Place } from '../../src/platform/linux/place';
import { OwnRecord } from '../../src/platform/linux/records';

const [storage = '', path = '', bytes = ''] = process.argv.slice(2);
const host = openHost();
const record = new OwnRecord(host.gateCalls, storage, thisOwner(), (error) => {
  throw error;
});
const place = Place.open(Buffer.from(path));
record.note(place);
const name = join(dirname(path), host.temporaryName(place.record).toString());
writeFileSync(name, bytes);
console.log('READY');
createInterface(process.stdin).on('line', () => {
  console.log(name);
});
