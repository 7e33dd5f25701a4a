/** What a reader of the results must know about the machine; nothing that says whose it is. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGB: number;
  readonly kernel: string;
}

export function machineFacts(): Machine {
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryGB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
  };
}

/** Processes that ran or wanted to, the mean of the last minute. */
export function load(): number {
  return loadavg()[0] ?? NaN;
}

/** Whether this load, from before a run, leaves times that are worth comparing. */
export function isQuiet(before: number): boolean {
  return before < cpus().length / 4;
}

/** The type of the file system that this directory is on, as in the list of mounts. */
export function fileSystemType(directory: string): string {
  return execFileSync('findmnt', ['-n', '-o', 'FSTYPE', '-T', directory], { encoding: 'utf8' }).trim();
}
