import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../output/e2e',
  // A window each, on a machine with few cores.
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 20_000 },
})
