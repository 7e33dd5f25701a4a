import { closeSync, constants, openSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { SystemError } from '../../src/core/errors';
import type { Handed, Site, Wake } from '../../src/core/gate/ports';
import type { Identity } from '../../src/core/ports';
import { openGateSystem } from '../../src/platform/linux/gate/system';
import { O_PATH, O_TMPFILE } from '../../src/platform/linux/layouts';
import { openHost } from '../../src/platform/linux/linux';
import type { Host } from '../../src/platform/linux/linux';

export function identityOf(target: string): Identity {
  const { dev, ino } = statSync(target, { bigint: true });
  return { device: dev, inode: ino };
}

/** The gate in this thread, and what was handed to it. */
export class GateBench {
  readonly problems: SystemError[] = [];
  readonly host: Host;
  readonly #gate: ReturnType<typeof openGateSystem>;
  readonly #descriptors: number[] = [];
  readonly #sites: Site[] = [];

  constructor(host: Host = openHost()) {
    this.host = host;
    this.#gate = openGateSystem(host, { problem: (error) => this.problems.push(error), progress: () => undefined });
  }

  site(path: string): Site {
    const directory = openSync(dirname(path), O_PATH);
    try {
      const directoryIdentity = identityOf(dirname(path));
      const site = this.#gate.open({
        directory,
        directoryIdentity,
        name: Buffer.from(basename(path)),
        path,
        record: 0,
      });
      this.#sites.push(site);
      return site;
    } finally {
      closeSync(directory);
    }
  }

  interrupt(process: number): number {
    return this.#gate.interrupt(process);
  }

  /** What is at a path, as the stager hands it over. */
  handed(path: string): Handed {
    const descriptor = openSync(path, O_PATH | constants.O_NOFOLLOW);
    this.#descriptors.push(descriptor);
    return { descriptor, identity: identityOf(`/proc/self/fd/${descriptor}`) };
  }

  /** A complete new version, nameless where the file system has that. */
  staged(directory: string, bytes: string): Handed {
    let writer: number;
    let temporaryName: Buffer | undefined;
    try {
      writer = openSync(directory, O_TMPFILE | constants.O_RDWR, 0o644);
    } catch {
      temporaryName = this.host.temporaryName(0);
      writer = openSync(`${directory}/${temporaryName.toString()}`, 'wx+', 0o644);
    }
    try {
      writeSync(writer, bytes);
      const handed = this.handedDescriptor(writer);
      return temporaryName === undefined ? handed : { ...handed, temporaryName };
    } finally {
      closeSync(writer);
    }
  }

  handedDescriptor(fd: number): Handed {
    const descriptor = openSync(`/proc/self/fd/${fd}`, O_PATH);
    this.#descriptors.push(descriptor);
    return { descriptor, identity: identityOf(`/proc/self/fd/${descriptor}`) };
  }

  get orders(): number {
    return this.#gate.waiter.orders;
  }

  wait(milliseconds: number | undefined): Wake {
    return this.#gate.waiter.wait(milliseconds);
  }

  /** Sleeps until something is as it should be, and fails if that takes longer than ten seconds. */
  until(what: string, enough: (wake: Wake) => boolean): Wake {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const wake = this.wait(Math.max(deadline - performance.now(), 0));
      if (enough(wake)) return wake;
      if (performance.now() >= deadline) throw new Error(`not in time: ${what}`);
    }
  }

  closeSites(): void {
    this.#sites.splice(0).forEach((site) => site.close());
    this.#descriptors.splice(0).forEach((fd) => closeSync(fd));
  }

  close(): void {
    this.closeSites();
    this.#gate.waiter.close();
  }
}
