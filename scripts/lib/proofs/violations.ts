import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  formatViolations,
  isRightRow,
  violationTable,
  writerDelays,
  type Delays,
} from '../../../test/support/scenarios/violationTable';
import type { Proof } from './proof';

const rewrites = 1_000;
const sizes = [4 << 10, 1 << 20] as const;
/** Milliseconds. */
const bound = 100;

/** Every writer against every holder; then how long writers wait. */
export async function proveViolations(): Promise<Proof> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-violations-'));
  try {
    const { rows, missing } = await violationTable(folder);
    console.log(formatViolations(rows));
    for (const name of missing) console.log(`not tried: ${name}: its program is not here`);
    const delays: { readonly guarded: Delays; readonly stock: Delays }[] = [];
    for (const bytes of sizes) {
      // What the machine does to any writer is in both.
      const stock = await writerDelays(folder, bytes, rewrites, false);
      const guarded = await writerDelays(folder, bytes, rewrites);
      console.log(
        `open of ${String(bytes)} bytes, ${String(rewrites)} times: ${times(guarded)}; unguarded: ${times(stock)}`,
      );
      delays.push({ guarded, stock });
    }
    const inTime = delays.every(({ guarded, stock }) => guarded.max <= bound + stock.max);
    const good = rows.length > 0 && rows.every(isRightRow) && inTime;
    return { good, counts: { rows, missing, delays } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function times({ median, p99, max }: Delays): string {
  return `median ${median.toFixed(2)} ms, 99th percentile ${p99.toFixed(2)} ms, longest ${max.toFixed(2)} ms`;
}
