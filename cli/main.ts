import { EXIT } from './exit-code.js';
import { runCli } from './program.js';
import { openTerminal } from './terminal.js';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The second time means now.
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
  });
}
// The terminal was closed: nobody watches any more, and a service that was started is stopped in order all the same.
process.stderr.on('error', () => undefined);
let unread: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error) => {
  unread = error;
  stop.abort();
});

const terminal = openTerminal({ stdout: process.stdout, stderr: process.stderr, environment: process.env });
const code = await runCli(process.argv.slice(2), {
  environment: process.env,
  terminal,
  signal: stop.signal,
});
// A reader that has seen enough (`| head`) is no error.
if (unread === undefined) process.exitCode = code;
else process.exitCode = unread.code === 'EPIPE' ? EXIT.done : EXIT.failed;
