/** What a long run came to. */
export interface Proof {
  readonly good: boolean;
  readonly counts: unknown;
}
