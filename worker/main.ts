import { resolve } from 'node:path';
import { runProgram } from '../adapters/host/program.js';
import { startWorker } from './start.js';

// Compiled programs are in dist/, beside which the folders that are read stand.
const root = resolve(import.meta.dirname, '..', '..');

await runProgram('worker', (settings, log) => startWorker(settings, { log, root, environment: process.env }));
