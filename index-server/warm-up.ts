import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HeldFile } from '../core/index-assembly.js';
import { createIndexServer } from './http-server.js';
import { IndexHandler, type IndexHandlerOptions } from './index-handler.js';
import { ProjectViews, type ProjectViewsOptions } from './project-views.js';

const NAME = 'warm-up';
/** Listed, but not held, so that it comes to no line. */
const FILE: HeldFile = { filename: 'warm_up-1-py3-none-any.whl', version: '1' };

/**
 * Asks for a page of nothing in each format, by HTTP at a port of its own: what a request and a page take is compiled then, and the statements are prepared, before
 * the first client asks. What the start leaves behind is collected, where node lets a program do so (`--expose-gc`).
 */
export async function warmUp(
  { hosted, ...handling }: IndexHandlerOptions,
  viewing: Omit<ProjectViewsOptions, 'hosted'>,
): Promise<void> {
  const { reader } = hosted;
  if (reader === undefined) return;
  const alone = {
    refresh: () => hosted.refresh(),
    reader: {
      ...reader,
      project: () => ({ name: NAME, owned: true, status: 'active' as const }),
      files: (...asked: Parameters<typeof reader.files>) => [FILE, ...reader.files(...asked)],
    },
    isOwned: () => true,
    isReserved: () => false,
    lookAlike: () => undefined,
  };
  const views = new ProjectViews({ ...viewing, hosted: alone });
  const handler = new IndexHandler({ ...handling, hosted: alone, views, login: undefined, repeated: undefined });
  const server = createIndexServer((request, response) => handler.handle(request, response)).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const format of ['json', 'html']) {
      const headers = { accept: `application/vnd.pypi.simple.v1+${format}`, 'accept-encoding': 'gzip' };
      const request = get({ host: '127.0.0.1', port, path: `/simple/${NAME}/`, headers, agent: false });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await once(response.resume(), 'end');
    }
  } finally {
    server.close();
  }
  globalThis.gc?.({ type: 'minor' });
}
