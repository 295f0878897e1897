import { describe, expect, test } from 'vitest';
import { type CheckAnswer, checkAnswerSchema } from '../../client/contract.js';
import { QUICK_PACKAGES, testPackages, usePackageService } from '../support/package-builds.js';

interface ListedImage {
  name: string;
  python: string;
}

describe('real packages', () => {
  const packages = usePackageService();
  testPackages(QUICK_PACKAGES, packages);

  test('check says what an application would compile in an image of its own, and builds it', async () => {
    const { wheelwright } = packages.service;
    const { images } = JSON.parse((await wheelwright('image', 'list', '--json')).out);
    const { clean } = images.find((image: ListedImage) => image.name === 'debian-11' && image.python === 'cp311').built;
    const file = await packages.file('requirements.txt', 'docopt==0.6.1\nidna==3.10\n');
    const check = async (...more: string[]) => {
      const { code, out } = await wheelwright('check', '-r', file, '--image', clean, '--json', ...more);
      return { code, answer: checkAnswerSchema.parse(JSON.parse(out)) };
    };
    const states = ({ rows }: CheckAnswer) => Object.fromEntries(rows.map(({ name, state }) => [name, state]));
    const before = await check();
    expect(before.answer.target).toMatchObject({ python: 'cp311', policy: 'manylinux_2_31' });
    expect(states(before.answer)).toEqual({ docopt: 'must-build', idna: 'wheel-upstream' });
    expect(before.code).toBe(1);
    const after = await check('--build');
    expect(states(after.answer)).toEqual({ docopt: 'wheel-here', idna: 'wheel-upstream' });
    expect(after.code).toBe(0);
    const gone = await wheelwright('check', '-r', file, '--image', 'wheelwright-test/no-such-image');
    expect([gone.code, gone.err]).toEqual([expect.any(Number), expect.stringContaining('docker pull')]);
  });

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
