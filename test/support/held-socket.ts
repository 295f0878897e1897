import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Holds a listening socket and starts programs on it by systemd's protocol, as a socket unit does: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html */
const HOLDER = `
import json, os, signal, socket, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
held = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(held.getsockname()[1], flush=True)
for line in sys.stdin:
    start = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.dup2(held.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(start["environment"], LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.execvp(start["command"][0], start["command"])
    print(pid, flush=True)
`;

export interface HeldSocket {
  port: number;
  /** Starts a program that takes its connections from the socket; gives its process id. */
  start(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<number>;
  close(): Promise<void>;
}

export async function holdSocket(): Promise<HeldSocket> {
  const holder: ChildProcess = spawn('python3', ['-c', HOLDER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = holder;
  if (stdin === null || stdout === null) throw new Error('the holder has no pipes');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const number = async () => Number((await lines.next()).value);
  return {
    port: await number(),
    async start(command, environment) {
      stdin.write(`${JSON.stringify({ command, environment })}\n`);
      return number();
    },
    async close() {
      const ended = once(holder, 'exit');
      stdin.end();
      await ended;
    },
  };
}
