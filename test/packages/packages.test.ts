// Takes about an hour on two cores: `./wheelwright test packages`.
import Docker from 'dockerode';
import { describe, expect, test } from 'vitest';
import { loadImages } from '../../adapters/disk/image-definitions.js';
import { openEngine } from '../../adapters/docker/engine.js';
import { installInCleanImage } from '../../cli/clean-install.js';
import { targetsOf } from '../../core/image.js';
import { SLOW_PACKAGES, testPackages, usePackageService } from '../support/package-builds.js';

describe('all packages', () => {
  const packages = usePackageService();
  testPackages(SLOW_PACKAGES, packages);

  test.each(['manylinux_2_31', 'manylinux_2_36'])(
    'pip takes the file for %s in an image of that glibc',
    async (policy) => {
      const targets = (await loadImages('images')).flatMap(targetsOf);
      const target = targets.find((found) => found.policy === policy && found.python === 'cp313');
      if (target === undefined) throw new Error(`no image for ${policy}`);
      const engine = openEngine({
        docker: new Docker(),
        instance: `test-${process.pid}`,
        fetchNetwork: 'host',
        prepareImages: () => Promise.reject(new Error('the images are there already')),
        now: Date.now,
      });
      const lines: string[] = [];
      const installed = await installInCleanImage({
        engine,
        image: `wheelwright-clean:${target.image}-${target.python}-${target.builderDigest.slice(0, 12)}`,
        indexUrl: `${packages.service.indexUrl}/simple/`,
        project: 'psycopg2',
        module: 'psycopg2',
        onLine: (line) => lines.push(line),
        signal: AbortSignal.timeout(600_000),
      });
      await engine.close();
      expect(lines.join('\n')).toMatch(new RegExp(`psycopg2-\\S+-cp313-cp313-${policy}_x86_64\\.whl`));
      expect(policy).toBe(`manylinux_${installed.glibc.replace('.', '_')}`);
    },
  );
});
