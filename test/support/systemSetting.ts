import { readFileSync, writeFileSync } from 'node:fs';

/** Sets something of the whole kernel's, below /proc/sys/fs, for the time of an action. Only root may. */
export async function withSystemSetting<T>(name: string, value: string, action: () => T | Promise<T>): Promise<T> {
  const file = `/proc/sys/fs/${name}`;
  const before = readFileSync(file, 'latin1');
  writeFileSync(file, value);
  try {
    return await action();
  } finally {
    writeFileSync(file, before);
  }
}
