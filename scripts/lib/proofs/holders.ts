import { openLookout } from '../../../src/platform/select';
import { FILE_SYSTEMS, mountFileSystem } from '../../../test/support/filesystems';
import { formatTable, holderTable, isRight, type Row } from '../../../test/support/scenarios/holderTable';
import type { Proof } from './proof';

/** Every kind of holder on every file system that can be had here, beside lsof and fuser. */
export async function proveHolders(): Promise<Proof> {
  const { finder, waiter } = openLookout();
  const rows: Row[] = [];
  const skipped: string[] = [];
  try {
    for (const name of FILE_SYSTEMS) {
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') {
        skipped.push(mounted);
        continue;
      }
      try {
        const { rows: found, missing } = await holderTable({
          fileSystem: name,
          folder: mounted.directory,
          finder,
          peers: true,
        });
        rows.push(...found);
        if (skipped.length === 0) skipped.push(...missing.map((kind) => `${kind}: its program is not here`));
      } finally {
        mounted.release();
      }
    }
  } finally {
    waiter.close();
  }
  console.log(formatTable(rows));
  for (const reason of skipped) console.log(`not tried: ${reason}`);
  const missed = (who: 'holdfast' | 'lsof' | 'fuser'): number => rows.filter((row) => row[who] === 'missed').length;
  console.log(
    `missed: Holdfast ${missed('holdfast')}, lsof ${missed('lsof')}, fuser ${missed('fuser')} of ${rows.length}`,
  );
  return { good: rows.length > 0 && rows.every(isRight), counts: { rows, skipped } };
}
