import { uptime } from 'node:os';
import type { Holder, ProcessKey, ReadUpTo, SignalName } from '../../../core/holders/holder';
import type { Inspected } from '../../../core/holders/inspected';
import type { Candidate, Named } from '../../../core/holders/named';
import type { Found, HolderFinder, Pin } from '../../../core/holders/ports';
import type { Gateable } from '../../../core/gate/ports';
import type { Held } from '../../../core/ports';
import { bindGateCalls, type GateCalls } from '../gate/calls';
import { gateable } from '../gate/gateable';
import { probePinned, unknownIfRefused } from '../gate/holders';
import { loadLibc, type Libc, type Library } from '../libc';
import { bindHolderCalls } from './calls';
import { linksOn } from './links';
import { Memory } from './memory';
import { lookAgain, passOver, type Finding } from './pass';
import { PinnedInode } from './pin';
import { inspectProcess } from './inspect';
import { findNamed } from './named';
import { signalProcess } from './processes';

/** Milliseconds after which it is asked anew whether leases are on, and where. */
const ASKED_ANEW = 1_000;

/** Finds holders on Linux, for the thread that made it. */
class LinuxHolderFinder implements HolderFinder {
  readonly #libc: Libc;
  readonly #gateCalls: GateCalls;
  readonly #eyes: Finding;
  /** What files of each device can be given, since `askedAt`. */
  readonly #gateables = new Map<bigint, Gateable>();
  #askedAt = -Infinity;

  constructor(library: Library) {
    this.#libc = loadLibc(library);
    this.#gateCalls = bindGateCalls(library);
    const calls = bindHolderCalls(library);
    this.#eyes = {
      libc: this.#libc,
      calls,
      memory: new Memory(calls, () => performance.now()),
      // Once: what is told of a process does not change with the clock.
      booted: Date.now() - uptime() * 1000,
    };
  }

  pin(path: string): Pin {
    return PinnedInode.open(this.#libc, path);
  }

  linksOn(path: string): readonly string[] {
    return linksOn(path);
  }

  pass(pins: readonly Pin[], except: ReadonlySet<number>): Found {
    return passOver(this.#eyes, pins.map(ours), except);
  }

  probe(pin: Pin): Held {
    const pinned = ours(pin);
    const { path, identity } = pinned;
    return unknownIfRefused(() =>
      pinned.use((fd) => {
        const may = this.#gateable(fd, path, identity.device);
        return may.gate && may.probe ? probePinned(this.#gateCalls, fd, path) : 'unknown';
      }),
    );
  }

  /** Thousands are asked at a stretch. */
  #gateable(fd: number, path: string, device: bigint): Gateable {
    const now = performance.now();
    if (now - this.#askedAt > ASKED_ANEW) {
      this.#gateables.clear();
      this.#askedAt = now;
    }
    const known = this.#gateables.get(device) ?? gateable(fd, path);
    this.#gateables.set(device, known);
    return known;
  }

  reread(pin: Pin, holder: Holder): ReadUpTo | undefined {
    return lookAgain(this.#eyes, ours(pin), holder)?.read;
  }

  signal(process: ProcessKey, signal: SignalName): void {
    signalProcess(this.#gateCalls, process, signal);
  }

  inspect(process: ProcessKey): Inspected {
    return inspectProcess(process);
  }

  named(named: Named): readonly Candidate[] {
    // By the clock that files are dated by now: it may have been set since this thread began.
    return findNamed(named, Date.now() - uptime() * 1000);
  }
}

/** @throws TypeError if another finder has made it */
export function ours(pin: Pin): PinnedInode {
  if (!(pin instanceof PinnedInode)) {
    throw new TypeError('a pin of another finder');
  }
  return pin;
}

/** @throws Error of koffi's if the C library lacks a function */
export function openLinuxHolderFinder(library: Library): HolderFinder {
  return new LinuxHolderFinder(library);
}
