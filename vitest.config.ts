import { defineConfig } from 'vitest/config'
import { resolve } from 'node:path'

export default defineConfig({
  resolve: {
    alias: {
      '@contract': resolve(import.meta.dirname, 'src-main/contract'),
      // Electron's name for the file system without archives.
      'original-fs': 'node:fs',
      electron: resolve(import.meta.dirname, 'test/mocks/electron.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // It imports electron, which the alias above replaces only in what is inlined.
    server: { deps: { inline: ['electron-store'] } },
  },
})
