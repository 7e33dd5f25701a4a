/** As ../c/flag-reader.c, with the client for Node.js; its module is the first argument. */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const [client, data, floorFile, last, seed, tell] = process.argv.slice(2);
const { Flag } = await import(client);
let random = Number(seed) >>> 0;
const counts = { checks: 0, reopens: 0, torn: 0, stale: 0 };

const firstLine = (path) => Number(readFileSync(path, 'latin1').split('\n', 1)[0]);

function readData() {
  const lines = readFileSync(data, 'latin1').split('\n');
  if (lines.length !== 51 || new Set(lines.slice(0, 50)).size !== 1 || lines[50] !== '') counts.torn++;
  return Number(lines[0]);
}

const flag = new Flag(data);
let held = readData();
console.log('READY');
while (held < Number(last)) {
  if (tell) await setTimeout(random % 20);
  const floor = firstLine(floorFile);
  counts.checks++;
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  if (flag.stale || (Number(seed) % 2 === 1 && random % 1000 === 0)) {
    flag.renew();
    held = readData();
    counts.reopens++;
    if (tell) console.log(held);
  }
  if (held < floor) counts.stale++;
}
flag.close();
console.log(Object.values(counts).join(' '));
