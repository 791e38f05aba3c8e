import { resolve } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const from = (path: string) => resolve(import.meta.dirname, path)

/** The window with a fake engine, built as the application builds it. */
export default defineConfig({
  root: from('page'),
  resolve: { alias: { '@contract': from('../../src-main/contract') } },
  plugins: [svelte({ configFile: from('../../svelte.config.js') })],
  logLevel: 'warn',
  build: {
    outDir: from('../output/renderer-page'),
    emptyOutDir: true,
    target: 'chrome130',
    modulePreload: { polyfill: false },
    // Nothing inlined as data: the policy of the page must hold for what is shipped.
    assetsInlineLimit: 0,
  },
})
