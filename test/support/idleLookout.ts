/** What the lookout costs in a process that does nothing else, while nobody uses what it watches. */
export interface IdleLookout {
  readonly files: number;
  readonly seconds: number;
  /** Of one processor. */
  readonly share: number;
  /** How often it was given one. */
  readonly wakes: number;
  /** Of memory that the process has more than before: the thread, and what it knows. */
  readonly bytes: number;
}
