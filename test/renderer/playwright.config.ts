import { defineConfig } from '@playwright/test'

const port = 4319
const executablePath = process.env['ESPALIER_CHROMIUM'] ?? '/usr/bin/chromium'
// Chromium's sandbox refuses to run as root.
const isRoot = process.getuid?.() === 0

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: '../output/renderer-results',
  timeout: 30_000,
  workers: 1,
  reporter: [['list']],
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath, args: isRoot ? ['--no-sandbox'] : [] },
    trace: 'retain-on-failure',
  },
  webServer: {
    command: `npx vite build --config vite.config.ts && npx vite preview --config vite.config.ts --host 127.0.0.1 --port ${port} --strictPort`,
    cwd: import.meta.dirname,
    url: `http://127.0.0.1:${port}`,
    reuseExistingServer: false,
    timeout: 120_000,
  },
})
