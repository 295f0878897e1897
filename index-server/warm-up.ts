import { assembleProject } from '../core/index-assembly.js';
import { type IndexPolicy, rulesFor } from '../core/index-policy.js';
import type { HostedIndex } from './hosted-index.js';
import { projectPage } from './project-page.js';
import { encodedPage } from './rendered-page.js';

const NAME = 'warm-up';

/** Makes a page of nothing in each format: what pages take is compiled then, and the statements are prepared, before the first one is asked for. */
export async function warmUp(hosted: Pick<HostedIndex, 'reader'>, policy: IndexPolicy): Promise<void> {
  const { reader } = hosted;
  if (reader === undefined) return;
  const none = { filename: 'warm_up-1-py3-none-any.whl', version: '1' };
  const here = { status: 'active' as const, files: [none, ...reader.files(NAME, 'stable')] };
  const assembly = assembleProject({ name: NAME, rules: rulesFor(policy, NAME), here, upstream: undefined }, 0);
  for (const format of ['json', 'html'] as const) {
    const view = { channel: 'stable' as const, assembly, pages: new Map(), earlier: new Map() };
    await encodedPage(projectPage(view, format, 'gzip', hosted, ''), 'gzip');
  }
}
