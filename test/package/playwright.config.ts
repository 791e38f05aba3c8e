import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../output/package',
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 20_000 },
})
