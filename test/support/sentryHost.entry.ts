/**
 * `sentryHost FILE PID COPIES`: guards a file that this process holds, in a process of its own. READY: whoever writes it waits. After that, each
 * telling as a line of JSON. Ends with standard input.
 */
import { SentryBench } from './sentryBench';

const [, , path = '', pid = '', copies = ''] = process.argv;

async function guard(): Promise<void> {
  const bench = new SentryBench(copies);
  bench.client.onDidTell((_, violation) => {
    process.stdout.write(`${JSON.stringify(violation ?? null)}\n`);
  });
  await bench.guard(path, Number(pid));
  await bench.settled(path);
  process.stdout.write('READY\n');
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  await bench.stop();
}

void guard();
