import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ['*.faults.ts'],
    // Every case is bounded by what it waits for; with thousands of cases in one test only the harness's own bound is left.
    testTimeout: 4 * 3_600_000,
    hookTimeout: 120_000,
    // They mostly wait for processes of their own.
    maxWorkers: 2,
  },
})
