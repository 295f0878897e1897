import { resolve } from 'node:path';
import { runProgram } from '../adapters/host/program.js';
import { inheritedSocket } from '../adapters/http/listening.js';
import { startApi } from './start.js';

// Compiled programs are in dist/, beside which the folders that are read stand.
const root = resolve(import.meta.dirname, '..', '..');

await runProgram('api', (settings, log) => startApi(settings, { log, root, socket: inheritedSocket(process.env) }));
