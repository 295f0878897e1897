import { runCli } from './program.js';
import { openTerminal } from './terminal.js';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second time means now.
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  });
}
// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const terminal = openTerminal({ stdout: process.stdout, stderr: process.stderr, environment: process.env });
process.exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  terminal,
  signal: stop.signal,
});
