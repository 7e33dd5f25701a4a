/**
 * What wakes a thread that sleeps in the kernel: the descriptor of an eventfd, which poll(2) waits for with others; or, where there is none, a number in
 * shared memory that is counted up, which the thread waits for alone.
 */
export type Bell = number | Int32Array<SharedArrayBuffer>;
