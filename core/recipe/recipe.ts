// The form of recipes/<project>.yaml. docs/recipes.md is generated from the descriptions here.
import { z } from 'zod';

const strings = () => z.array(z.string().min(1));
const packages = () => strings().describe('package names of that distribution');

const systemPackages = z
  .strictObject({ apt: packages().optional(), dnf: packages().optional() })
  .describe('system packages by package manager; installed into an image derived from the builder');

/** Levels of the x86-64 psABI beyond the first. */
export const CPU_LEVELS = ['x86-64-v2', 'x86-64-v3'] as const;
export type CpuLevel = (typeof CPU_LEVELS)[number];

/** What a recipe may say for all versions, and again in an override. */
const settings = {
  system: systemPackages.optional(),
  toolchains: z
    .array(z.enum(['rust', 'fortran', 'java', 'go', 'cmake', 'swig', 'bazel']))
    .optional()
    .describe('compilers and build tools beyond C and C++'),
  crates: z
    .array(z.string().regex(/^[A-Za-z0-9_-]+(?:@\d+\.\d+\.\d+[0-9A-Za-z.+-]*)?$/))
    .optional()
    .describe(
      'Rust crates that Cargo.lock holds at a version that this rustc does not compile, locked anew: `time` at the newest version that Cargo.toml allows, `time@0.3.36` at that one',
    ),
  environment: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
    .optional()
    .describe("environment variables of the build, such as a project's own switches"),
  requires: z
    .strictObject({
      constraints: strings().optional().describe('bounds on build requirements, e.g. `cython<3`'),
      additions: strings().optional().describe('build requirements that the sdist does not declare'),
      replace: z
        .boolean()
        .optional()
        .describe(
          'true: additions take the place of what the sdist declares, and of what its setup script asks for of the same projects, e.g. where it pins a version that cannot work',
        ),
      'as-of': z.iso
        .date()
        .optional()
        .describe('build requirements as they were on that day; a later one where none of then will do'),
    })
    .optional()
    .describe('what is changed about the build requirements'),
  'config-settings': z
    .record(z.string(), z.union([z.string(), strings()]))
    .optional()
    .describe('config settings handed to the PEP 517 backend'),
  patches: strings()
    .optional()
    .describe('unified diffs applied to the unpacked sdist in this order, each given in full'),
  sources: z
    .array(
      z.strictObject({
        url: z.url().optional().describe('where the archive or file is'),
        debian: z
          .strictObject({
            suite: z.string().regex(/^[a-z][a-z-]*$/),
            package: z.string().regex(/^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/),
            filename: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+~_-]*\.tar\.[a-z0-9]+$/),
          })
          .optional()
          .describe('the pristine archive of a Debian source package, from the mirror of the image; in place of `url`'),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        to: z
          .string()
          .min(1)
          .optional()
          .describe('where to put it, relative to the unpacked sdist; an archive is unpacked there'),
        install: z
          .string()
          .min(1)
          .optional()
          .describe(
            'in place of `to`: a shell script that builds a library and installs it under `$PREFIX`, run in the unpacked archive without a network before everything else, with the programs of the build requirements; the result is kept as an image, and is found there by compilers, pkg-config, CMake and auditwheel',
          ),
      }),
    )
    .optional()
    .describe('further sources, fetched by hash before the build'),
  cpu: z
    .enum(CPU_LEVELS)
    .optional()
    .describe(
      'the x86-64 level that the wheel is compiled for and may need, recorded with the file; default: what every x86-64 processor has',
    ),
  prepare: z
    .string()
    .optional()
    .describe(
      'a shell script run in the unpacked sdist before the build, without a network, with the programs of the build requirements',
    ),
  repair: z
    .strictObject({
      exclude: strings().optional().describe('sonames that must not be vendored into the wheel'),
      'library-paths': strings().optional().describe('further folders where auditwheel looks for libraries'),
    })
    .optional(),
  test: z
    .strictObject({
      imports: strings()
        .optional()
        .describe('modules that must import in the clean image; default: what the wheel itself brings'),
      'skip-imports': strings().optional().describe('modules that the default imports leave out, with all below them'),
      requires: strings().optional().describe('requirements installed for the test only, as wheels'),
      script: z.string().optional().describe('Python code run after the imports; it must exit 0'),
    })
    .optional(),
  runtime: systemPackages.optional().describe('system packages that the wheel needs from the consuming image'),
  resources: z
    .strictObject({
      cpus: z.number().positive().optional(),
      memory: z
        .string()
        .regex(/^\d+(\.\d+)?(m|g)$/)
        .optional()
        .describe('e.g. `512m`, `4g`'),
      disk: z
        .string()
        .regex(/^\d+(\.\d+)?(m|g)$/)
        .optional()
        .describe('what the build may write, e.g. `40g`'),
      timeout: z
        .string()
        .regex(/^\d+(s|m|h)$/)
        .optional()
        .describe('for the build phase, e.g. `90m`'),
      exclusive: z.boolean().optional().describe('true: nothing else is built on the same worker meanwhile'),
      labels: strings().optional().describe('only on workers that have all of these labels, e.g. `large-disk`'),
    })
    .optional()
    .describe('what it takes of a worker; default: the share of one slot'),
  depends: strings()
    .optional()
    .describe(
      'projects, with specifiers where needed (`lxml<6`), whose wheels are built here first: this one is built in an image made from theirs, so that a library that both hold is the same file, and tested together with them in both orders of import',
    ),
};

const when = z.strictObject({
  versions: z.string().optional().describe('PEP 440 specifiers'),
  python: z.string().optional().describe('PEP 440 specifiers on the interpreter version, e.g. `>=3.13`'),
  policy: z.string().optional().describe('a policy such as `manylinux_2_31`'),
});

export const recipeSchema = z.strictObject({
  project: z.string().describe('name of the project on the index'),
  versions: z.string().optional().describe('PEP 440 specifiers of the versions it is for; default: all'),
  python: z.string().optional().describe('PEP 440 specifiers of the interpreters it is for; default: all'),
  ...settings,
  overrides: z
    .array(z.strictObject({ when, ...settings }))
    .optional()
    .describe('settings that are merged over the rest where `when` matches, in order'),
  maintainers: strings().optional().describe('who answers for it'),
});

export type Recipe = z.infer<typeof recipeSchema>;
const settingsSchema = z.strictObject(settings);
/** What finally applies to one version on one target: overrides merged in, no conditions left. */
export type EffectiveRecipe = z.infer<typeof settingsSchema>;
export const effectiveRecipeSchema: z.ZodType<EffectiveRecipe> = settingsSchema;
