/** What is written to the keeper's eventfd to wake it: it adds one to the count; eventfd(2). */
export const wakeValue = Buffer.from(new BigUint64Array([1n]).buffer);
