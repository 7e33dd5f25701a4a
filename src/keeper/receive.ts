import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';

/** The next message that lies in a port, without an event loop. What it is, the one who sends on that port knows. */
export function receive(port: MessagePort): unknown {
  return receiveMessageOnPort(port)?.message;
}
