import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './report.mjs';

/** How much of a failed command's output is worth showing. */
const tailLength = 4000;

/** What is running now. It ends when this process ends, so that nothing writes into folders that are being removed. */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill()));

/**
 * Runs a command to its end and returns what it wrote to standard output. Its output is shown only if it fails.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options] `env` replaces the environment, it does not add to it
 * @returns {Promise<string>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      all += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      all += text;
    });
    child.once('error', (cause) => {
      running.delete(child);
      reject(new SetupError(`${command} could not be started: ${cause.message}`, { cause }));
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      if (code === 0) {
        resolve(stdout);
        return;
      }
      const outcome = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
      reject(new SetupError(`${[command, ...args].join(' ')}\n${outcome}:\n${all.slice(-tailLength).trimEnd()}`));
    });
  });
}

/**
 * The full path of a program, or undefined. `/usr/sbin` and `/sbin` count even if an ordinary user's PATH lacks them: mkfs is there.
 *
 * @param {string} name
 */
export function find(name) {
  const path = process.env['PATH'] ?? '';
  return [...path.split(delimiter), '/usr/sbin', '/sbin']
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isProgram);
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for us: either way it is not a program we can run.
    return false;
  }
}
