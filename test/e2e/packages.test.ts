import { describe, expect, test } from 'vitest';
import { QUICK_PACKAGES, testPackages, usePackageService } from '../support/package-builds.js';

describe('real packages', () => {
  const packages = usePackageService();
  testPackages(QUICK_PACKAGES, packages);

  test('a wheel without the extension that the sdist has is not published as done', async () => {
    const recipe = await packages.recipe('project: pyyaml\n');
    const { code, builds } = await packages.build('pyyaml==6.0.2', '--python', 'cp313', '--recipe', recipe);
    expect(code).toBe(1);
    expect(builds[0]?.status).toBe('failed');
    expect(builds[0]?.files).toEqual([]);
    const failure = builds[0]?.attempts.at(-1)?.failure;
    expect(failure?.class).toBe('silent-fallback');
    expect(failure?.line).toMatch(/yaml\.h: No such file or directory/);
    expect(failure?.proposal?.edit).toMatchObject({ system: { apt: ['libyaml-dev'] } });
  });

  test('a wheel that builds and is repaired but does not import fails in the clean image', async () => {
    const recipe = await packages.recipe(
      'project: pycurl\nsystem: { apt: [libcurl4-gnutls-dev, libssl-dev] }\nenvironment: { PYCURL_SSL_LIBRARY: openssl }\n',
    );
    const { code, builds } = await packages.build('pycurl==7.46.0', '--python', 'cp313', '--recipe', recipe);
    expect(code).toBe(1);
    const attempt = builds[0]?.attempts.at(-1);
    expect(attempt?.phases.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['build', 'repair', 'test']));
    expect(attempt?.failure?.phase).toBe('test');
    expect(attempt?.failure?.line).toMatch(/ImportError: pycurl: libcurl link-time ssl backends/);
  });
});
