import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'electron-vite'
import { writeLicences } from './resources/scripts/licences.mjs'

const from = (path: string) => resolve(import.meta.dirname, path)

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node20',
      rollupOptions: {
        // The file system without Electron's view into archives.
        external: ['original-fs'],
        input: {
          // The desktop app, the command line, the process the engine lives in, that which drives a device, and the thread
          // that trains clients.
          index: from('src-main/index.ts'),
          cli: from('src-main/cli.ts'),
          'engine-process': from('src-main/host/engine-process.ts'),
          'device-process': from('src-main/host/device-process.ts'),
          'training-worker': from('src-main/host/training-worker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rollupOptions: {
        // A sandboxed preload must be one CommonJS file: these two share nothing.
        input: { index: from('src-main/shell/preload.ts'), device: from('src-main/shell/device-preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src-renderer',
    resolve: { alias: { '@contract': from('src-main/contract') } },
    plugins: [svelte(), { name: 'licences', apply: 'build', closeBundle: () => writeLicences(from('.')) }],
    build: {
      outDir: from('out/renderer'),
      target: 'chrome130',
      license: { fileName: 'bundled-licences.json' },
      rollupOptions: { input: { index: from('src-renderer/index.html'), device: from('src-renderer/device.html') } },
    },
  },
})
