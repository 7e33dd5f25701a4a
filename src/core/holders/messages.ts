import type { Bell } from '../bell';
import type { ErrorFacts } from '../errors';
import type { ProcessKey, SignalName } from './holder';
import type { FileInUse } from './inUse';
import type { Inspected } from './inspected';
import type { Candidate, Named } from './named';

/** What the lookout's thread is started with. `P` is a message port, for `LookoutOrder`. */
export interface LookoutData<P = unknown> {
  readonly orders: P;
  /** The process that reads and writes files for this window. */
  readonly editor: number;
}

/** What the extension host tells the lookout. */
export type LookoutOrder =
  | { readonly kind: 'watch'; readonly paths: readonly string[] }
  | { readonly kind: 'look'; readonly path: string }
  | { readonly kind: 'attend'; readonly on: boolean }
  /** Each is answered by an `answer` of its id. */
  | { readonly kind: 'signal'; readonly id: number; readonly process: ProcessKey; readonly signal: SignalName }
  | { readonly kind: 'inspect'; readonly id: number; readonly process: ProcessKey }
  | { readonly kind: 'find'; readonly id: number; readonly named: Named }
  | { readonly kind: 'read'; readonly id: number; readonly path: string; readonly process: ProcessKey }
  | { readonly kind: 'stop' };

/** What has become of an order; `done` says nothing more. */
export type LookoutOutcome =
  | { readonly kind: 'refused'; readonly error: ErrorFacts }
  | { readonly kind: 'done' }
  | { readonly kind: 'inspected'; readonly inspected: Inspected }
  | { readonly kind: 'found'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** What the lookout tells the extension host. */
export type LookoutAnswer =
  | { readonly kind: 'ready'; readonly orders: Bell }
  /** Of these files something else is known than before; those that are not watched any more. */
  | { readonly kind: 'inUse'; readonly files: readonly FileInUse[]; readonly dropped: readonly string[] }
  /** How many processes could not be looked into, from now on; none before it is told. Told before what was seen beside them. */
  | { readonly kind: 'closed'; readonly processes: number }
  | { readonly kind: 'answer'; readonly id: number; readonly outcome: LookoutOutcome }
  /** Processes could not be listed, or events not be had. */
  | { readonly kind: 'problem'; readonly error: ErrorFacts };
