import { defineConfig } from 'vitest/config';

/** What is waited for comes at once on an idle machine; a busy one may take its time. */
const expect = { poll: { timeout: 30_000 } };

export default defineConfig({
  test: {
    // Vitest leaves one CPU for itself, which on a machine of two is half of them; most tests wait more than they compute.
    maxWorkers: '100%',
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000, expect } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          expect,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'packages',
          include: ['test/packages/**/*.test.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 900_000,
          expect,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'web',
          include: ['test/web/**/*.test.ts'],
          globalSetup: ['test/web/build-ui.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect,
        },
      },
    ],
  },
});
