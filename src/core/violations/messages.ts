import type { ErrorFacts } from '../errors';
import type { Holder } from '../holders/holder';
import type { Violation } from './violation';

/** What the sentry's thread is started with. `P` is a message port, for `SentryOrder`. */
export type SentryData<P = unknown> =
  | {
      readonly orders: P;
      /** A `LeaseTable`. */
      readonly leases: SharedArrayBuffer;
      /**
       * Where copies are made, and heals are written down: outside every workspace, and nobody's but ours. Made if it is not there.
       */
      readonly copies: string;
      /** The number of the first one: no number is given twice, whatever becomes of the thread. */
      readonly firstCopy: number;
    }
  /** Only to give up leases in a stuck thread's stead: its `LeaseTable`. */
  | { readonly rescue: SharedArrayBuffer };

/** What the extension host tells the sentry. */
export type SentryOrder =
  | {
      readonly kind: 'guard';
      /** Of this order. */
      readonly id: number;
      readonly path: string;
      /** Those whom a change in place would reach; nobody: it is not guarded any more. */
      readonly holders: readonly Holder[];
      /** Whether writers may be kept waiting. */
      readonly mayLease: boolean;
      /** Whether what is caught is healed. */
      readonly heals: boolean;
    }
  /** The user has dealt with what was told of this file. */
  | { readonly kind: 'dealtWith'; readonly path: string }
  /** Answered by `copy`. */
  | { readonly kind: 'read'; readonly id: number; readonly copy: number }
  | { readonly kind: 'drop'; readonly copy: number }
  /** What `sync` asked for is over. */
  | { readonly kind: 'synced'; readonly descriptor: number }
  /** Only to be awake. */
  | { readonly kind: 'beat' }
  | { readonly kind: 'stop' };

/** What the sentry tells the extension host. */
export type SentryAnswer =
  | { readonly kind: 'ready'; readonly orders: number }
  /** What this O_PATH descriptor has open is to get to the disk; answered by `synced`. */
  | { readonly kind: 'sync'; readonly descriptor: number; readonly path: string }
  /** Somebody waits for a lease, or orders are carried out; and it is over. */
  | { readonly kind: 'busy' | 'idle' }
  | { readonly kind: 'violation'; readonly violation: Violation }
  /** The file is again what its holders have. */
  | { readonly kind: 'over'; readonly path: string }
  | { readonly kind: 'copy'; readonly id: number; readonly bytes?: Uint8Array }
  /** It is not guarded, after the order of this number: it cannot be, or, without an error, none of those who were named has it. */
  | { readonly kind: 'unguarded'; readonly id: number; readonly path: string; readonly error?: ErrorFacts }
  | { readonly kind: 'problem'; readonly error: ErrorFacts };
