import type { Report } from './level';

/** What the keeper's thread is started with. */
export interface KeeperData {
  /** A folder of Holdfast's own, outside every workspace, that nobody watches. Made if it is not there. */
  readonly workshopFolder: string;
}

/** What the extension host tells the keeper. */
export type Order =
  | { readonly kind: 'assess'; readonly id: number; readonly path: string }
  | {
      readonly kind: 'save';
      readonly id: number;
      readonly path: string;
      readonly claim: SharedArrayBuffer;
      /** When we were told of the save: milliseconds since the epoch, the one clock that both threads share. */
      readonly toldAt: number;
    }
  /** The one who waited for save `id` has given up: cut the work short. It is still answered. */
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'stop' };

/** What the keeper tells the extension host. `assess` and `save` are answered once; a stop by the thread's end. */
export type Answer =
  | { readonly kind: 'ready'; readonly platform: PlatformReport }
  | { readonly kind: 'report'; readonly id: number; readonly report: Report };

export type PlatformReport =
  | { readonly supported: true }
  | { readonly supported: false; readonly why: 'platform' | 'library'; readonly detail: string };
