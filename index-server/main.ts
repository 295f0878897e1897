import { runProgram } from '../adapters/host/program.js';
import { inheritedSocket } from '../adapters/http/listening.js';
import { startIndexServer } from './server.js';

await runProgram('index-server', async (settings, log) => {
  const server = await startIndexServer(settings, log, inheritedSocket(process.env));
  return { ...server, url: `${server.url}/simple/` };
});
