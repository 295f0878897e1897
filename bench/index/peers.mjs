// What the index is measured beside: nginx with the same pages on disk, and the floor of this runtime.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nginxSite } from './nginx.mjs';

export const PEER_PORTS = { nginx: 9302, floor: 9303 };

/** Resolves when a server answers at all. */
export async function answers(url) {
  for (let tries = 0; tries < 1000; tries++) {
    try {
      const response = await fetch(url, { headers: { accept: 'application/vnd.pypi.simple.v1+json' } });
      await response.arrayBuffer();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  throw new Error(`${url} does not answer`);
}

/**
 * Starts both on pages and files taken from a running index.
 * @param specs `ACCEPT|PATH` of the pages that the floor answers
 */
export async function startPeers(folder, origin, data, projects, specs) {
  mkdirSync(folder, { recursive: true });
  const start = (command, args) => spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const nginx = start(...(await nginxSite(folder, origin, data, projects, PEER_PORTS.nginx)));
  const program = fileURLToPath(new URL('floor.mjs', import.meta.url));
  const floor = start(process.execPath, [program, origin, String(PEER_PORTS.floor), ...specs]);
  await answers(`http://127.0.0.1:${PEER_PORTS.nginx}/simple/`);
  await answers(`http://127.0.0.1:${PEER_PORTS.floor}${specs[0].split('|')[1]}`);
  return { nginx, floor };
}
