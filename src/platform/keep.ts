import { constants, mkdirSync, read, write } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const readAsync = promisify(read);
const writeAsync = promisify(write);

const CHUNK = 1 << 20;

/**
 * Copies what a descriptor has open into a new file of the folder, readable by nobody else, and gets it to the disk.
 *
 * @param path what it was a version of: its base name ends the new file's name
 * @returns the new file's path
 * @throws what open(2), read(2), write(2) and fsync(2) say, as Node's errors
 */
export async function keepCopy(descriptor: number, folder: string, path: string): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { file, handle } = await createNew(folder, basename(path));
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let at = 0; ;) {
      const { bytesRead } = await readAsync(descriptor, buffer, 0, CHUNK, at);
      if (bytesRead === 0) break;
      for (let written = 0; written < bytesRead;) {
        const { bytesWritten } = await writeAsync(handle.fd, buffer, written, bytesRead - written, at + written);
        written += bytesWritten;
      }
      at += bytesRead;
    }
    await handle.sync();
    return file;
  } finally {
    await handle.close();
  }
}

async function createNew(folder: string, name: string): Promise<{ file: string; handle: FileHandle }> {
  // 255 bytes are the longest name; the ending says what it is to the editor.
  const ending = Buffer.byteLength(name) <= 200 ? name : name.slice(-40);
  for (let number = 1; ; number++) {
    const file = join(folder, `${String(number).padStart(4, '0')}-${ending}`);
    try {
      return { file, handle: await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600) };
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
    }
  }
}
