/* global exports */
'use strict';

/**
 * The tests' hand inside an extension host. It connects to the socket the tests listen on, says which process it is, and runs what it is
 * sent. It connects rather than listens: so the tests are told of a host the moment it is ready, and of its end the moment it ends.
 *
 * One JSON value per line. Out: `{ pid }` once, then `{ id, value }` or `{ id, error }`. In: `{ id, source, args }`.
 */
const { connect } = require('node:net');
const { createInterface } = require('node:readline');
const vscode = require('vscode');

/** @param {import('vscode').ExtensionContext} context */
exports.activate = async function activate(context) {
  const address = process.env.HOLDFAST_DRIVER;
  if (address === undefined) {
    return;
  }
  const socket = connect(address);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  // The tests close their end when they stop; nobody is left to tell about it.
  socket.on('error', () => socket.destroy());
  context.subscriptions.push({ dispose: () => socket.destroy() });
  const send = (message) => {
    if (!socket.destroyed) {
      socket.write(`${JSON.stringify(message)}\n`);
    }
  };
  send({ pid: process.pid });
  createInterface({ input: socket }).on('line', (line) => void answer(JSON.parse(line), send));
};

async function answer({ id, source, args }, send) {
  let reply;
  try {
    const call = new Function('vscode', 'args', 'require', `return (${source})(vscode, ...args);`);
    const value = await call(vscode, args, require);
    reply = { id, value };
    // What is no JSON value is the function's mistake, and has to reach the test as an error.
    JSON.stringify(reply);
  } catch (error) {
    reply = { id, error: describe(error) };
  }
  send(reply);
}

function describe(error) {
  return error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack, code: error.code }
    : { name: 'Error', message: String(error) };
}
