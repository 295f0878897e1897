import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Build, buildsCreatedSchema, wheelContentsSchema } from '../../client/contract.js';
import { startTestService, type TestService } from './service.js';

/** A real release, and what its wheels must be like. */
export interface PackageCase {
  requirement: string;
  pythons: string[];
  policy?: string;
  /** What the file names end in, in the order of the interpreters. */
  tags: string[];
  /** Libraries that must be grafted, e.g. `libpq` for libpq-89ec2766.so.5.13. */
  grafted?: string[];
  /** Interpreters whose wheel was made for another one. */
  shared?: string[];
}

const BOTH = ['cp311', 'cp313'];
const native = (policy = 'manylinux_2_31') => BOTH.map((python) => `${python}-${python}-${policy}_x86_64.whl`);

/** Fast enough for every run. */
export const QUICK_PACKAGES: PackageCase[] = [
  // An sdist only, and pure.
  { requirement: 'docopt==0.6.2', pythons: BOTH, tags: ['-none-any.whl', '-none-any.whl'], shared: ['cp313'] },
  { requirement: 'markupsafe', pythons: BOTH, tags: native() },
  { requirement: 'psycopg2', pythons: ['cp311'], tags: native().slice(0, 1), grafted: ['libpq'] },
  { requirement: 'pyyaml', pythons: ['cp313'], tags: native().slice(1), grafted: ['libyaml'] },
  {
    requirement: 'psutil',
    pythons: BOTH,
    tags: ['-abi3-manylinux_2_31_x86_64.whl', '-abi3-manylinux_2_31_x86_64.whl'],
    shared: ['cp313'],
  },
];

/** What takes longer, or needs images that not every run has. */
export const SLOW_PACKAGES: PackageCase[] = [
  { requirement: 'psycopg2', pythons: BOTH, tags: native(), grafted: ['libpq'] },
  { requirement: 'pyyaml', pythons: BOTH, tags: native(), grafted: ['libyaml'] },
  { requirement: 'mysqlclient', pythons: BOTH, tags: native(), grafted: ['libmariadb'] },
  { requirement: 'python-ldap', pythons: BOTH, tags: native(), grafted: ['libldap_r'] },
  { requirement: 'pycurl==7.46.0', pythons: BOTH, tags: native(), grafted: ['libcurl'] },
  { requirement: 'lxml', pythons: BOTH, tags: native(), grafted: ['libxml2', 'libxslt'] },
  // Its recipe depends on lxml: one libxml2 in both, signing tried with each imported first. The newest that Debian 11's xmlsec1 allows.
  { requirement: 'xmlsec==1.3.13', pythons: ['cp313'], tags: native().slice(1), grafted: ['libxml2', 'libxmlsec1'] },
  {
    requirement: 'psycopg2',
    pythons: BOTH,
    policy: 'manylinux_2_36',
    tags: native('manylinux_2_36'),
    grafted: ['libpq'],
  },
];

/** The service as people run it, with which packages are built for real. */
export interface PackageService {
  service: TestService;
  build(...args: string[]): Promise<{ code: number; err: string; builds: Build[] }>;
  /** Writes a file and returns its path. */
  file(name: string, text: string): Promise<string>;
  recipe(yaml: string): Promise<string>;
}

/** To be called in a describe block; what it returns may be used in its tests. */
export function usePackageService(): PackageService {
  let service: TestService;
  let folder: string;
  const file = async (name: string, text: string) => {
    const target = path.join(folder, name);
    await writeFile(target, text);
    return target;
  };
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'wheelwright-recipes-'));
    service = await startTestService();
  });
  afterAll(async () => {
    await service?.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get service() {
      return service;
    },
    async build(...args) {
      const { code, out, err } = await service.wheelwright('build', '--json', ...args);
      expect(out, err).toMatch(/^\{/);
      return { code, err, builds: buildsCreatedSchema.parse(JSON.parse(out)).builds };
    },
    file,
    recipe: (yaml) => file('recipe.yaml', yaml),
  };
}

/** What the SBOMs in a published wheel name, as package URLs. */
async function sbomOf({ project, files }: Build, apiUrl: string): Promise<string[]> {
  const answer = await fetch(`${apiUrl}/api/v1/projects/${project}/files/${files[0]?.filename}`);
  const { sboms } = wheelContentsSchema.parse(await answer.json());
  return sboms.flatMap(({ components }) => components.map(({ purl }) => purl ?? ''));
}

export function testPackages(cases: readonly PackageCase[], packages: PackageService): void {
  describe.each(cases)(
    '$requirement for $pythons',
    ({ requirement, pythons, policy, tags, grafted = [], shared = [] }) => {
      test('is built, repaired, tested and published', async () => {
        const options = [...pythons.flatMap((python) => ['--python', python]), ...(policy ? ['--policy', policy] : [])];
        const { code, err, builds } = await packages.build(requirement, ...options);
        expect(code, err).toBe(0);
        expect(builds.map(({ target }) => target.python)).toEqual(pythons);
        for (const [index, one] of builds.entries()) {
          expect(one.status).toBe('succeeded');
          expect(one.files).toHaveLength(1);
          expect(one.files[0]?.filename).toMatch(new RegExp(`${tags[index]?.replaceAll('.', '\\.')}$`));
          for (const soname of grafted) {
            expect(
              one.files[0]?.grafted.some((found) => found.startsWith(soname)),
              `${soname} grafted`,
            ).toBe(true);
          }
          if (grafted.length > 0) {
            const components = await sbomOf(one, packages.service.apiUrl);
            for (const library of grafted) {
              // Debian names a library's package after it: libyaml-0.so.2 comes from libyaml-0-2, libldap_r from libldap-2.4-2.
              const named = components.some((purl) => purl.startsWith(`pkg:deb/debian/${library.split('_')[0]}`));
              expect(named, `the package of ${library} in ${components.join(', ')}`).toBe(true);
            }
          }
          expect(one.attempts.length === 0, `${one.target.python} shares a wheel`).toBe(
            shared.includes(one.target.python),
          );
        }
      });
    },
  );
}
