/** The keeper's thread as it is, but the kernel and the other threads fail it where `Faults` says. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { describeError, SystemError } from '../../src/core/errors';
import type { GateSystem, Site } from '../../src/core/gate/ports';
import { LeaseTable } from '../../src/core/leaseTable';
import type { GateRequest, KeeperData } from '../../src/core/messages';
import { Gates, type Outbox } from '../../src/keeper/gates';
import { keep } from '../../src/keeper/keeperLoop';
import { letGo, openGate } from '../../src/platform/select';
import { Faults, type Point } from './faults';

/** The point that was passed last. */
let last: Point | undefined;
/** Something was exchanged since the last wait. */
let published = false;

function strike(faults: Faults, point: Point): void {
  last = point;
  switch (faults.due(point)) {
    case 'refuses':
      throw new SystemError(point, '', 'EIO');
    case 'throws':
      throw new Error(`${point} is broken on purpose`);
    case 'ends':
      process.exit(1);
    // eslint-disable-next-line no-fallthrough -- it does not come back
    case 'sticks':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return;
    case 'waits':
      faults.untilLetGo();
      return;
    case undefined:
  }
}

/** The same object; its methods strike before they do what they do. */
function striking<Subject extends object>(
  subject: Subject,
  faults: Faults,
  at: (name: string) => Point | undefined,
): Subject {
  return new Proxy(subject, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      return (...args: unknown[]) => {
        const point = at(name);
        if (point !== undefined) strike(faults, point);
        const answer: unknown = Reflect.apply(value, target, args);
        if (name === 'exchange') {
          published = true;
          faults.exchanged();
        }
        return answer;
      };
    },
  });
}

const sitePoints: Readonly<Record<Exclude<keyof Site, 'descriptor'>, Point>> = {
  take: 'take',
  probe: 'probe',
  lease: 'lease',
  leaseState: 'leaseState',
  waiting: 'waiting',
  letGo: 'letGo',
  isAtPath: 'isAtPath',
  exchange: 'exchange',
  takeBack: 'takeBack',
  search: 'search',
  compare: 'compare',
  alignTime: 'alignTime',
  acknowledge: 'acknowledge',
  tellOpens: 'tellOpens',
  drop: 'drop',
  adopt: 'adopt',
  restamp: 'restamp',
  room: 'room',
  close: 'close',
};

function faultySystem(system: GateSystem, faults: Faults): GateSystem {
  const waiter = striking(system.waiter, faults, (name) => {
    if (name !== 'wait') return undefined;
    // Only after a publish it is looked who else waits, and then who has come.
    const glances = published && last === 'waiting';
    published = false;
    return glances ? 'glance' : 'wait';
  });
  return {
    waiter,
    bystanders: () => {
      strike(faults, 'bystanders');
      return system.bystanders();
    },
    interrupt: (process) => {
      strike(faults, 'interrupt');
      return system.interrupt(process);
    },
    isEnding: (process) => {
      strike(faults, 'isEnding');
      return system.isEnding(process);
    },
    claim: (place) => {
      strike(faults, 'claim');
      return system.claim(place);
    },
    watchClaims: () => system.watchClaims(),
    unwatchClaims: (watch) => {
      system.unwatchClaims(watch);
    },
    protect: (descriptor, by, path) => system.protect(descriptor, by, path),
    open: (place) => {
      strike(faults, 'open');
      return striking(system.open(place), faults, (name) => sitePoints[name as keyof typeof sitePoints]);
    },
  };
}

function pointOf(kind: GateRequest['kind']): Point {
  return kind === 'armed' || kind === 'published' || kind === 'ended' || kind === 'locked' ? 'toldStager' : kind;
}

/** What is told may be on its way when the thread ends, and may not. */
function faultyOutbox(outbox: Outbox, faults: Faults): Outbox {
  return {
    ...outbox,
    toStager: (request) => {
      strike(faults, pointOf(request.kind));
      outbox.toStager(request);
    },
    armed: (id, ifStopped) => {
      strike(faults, 'answer');
      outbox.armed(id, ifStopped);
    },
    ended: (id, outcome, givesUp) => {
      strike(faults, 'end');
      outbox.ended(id, outcome, givesUp);
    },
  };
}

const data = workerData as KeeperData<MessagePort>;
if ('rescue' in data) letGo(new LeaseTable(data.rescue).descriptors());
else {
  const faults = Faults.shared();
  keep(
    data,
    (answer) => parentPort?.postMessage(answer),
    (outbox, leases, now) => {
      const system = openGate({
        problem: (error) => {
          outbox.problem(describeError(error));
        },
        progress: () => {
          leases.beat();
        },
      });
      return { system, gates: new Gates(faultySystem(system, faults), faultyOutbox(outbox, faults), leases, now) };
    },
  );
}
