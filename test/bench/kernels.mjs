// `node test/bench/kernels.mjs`: how much sooner the native kernels end an epoch than those in WebAssembly. Bundles
// measure.ts as the application is bundled, and runs it.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

const project = resolve(import.meta.dirname, '../..')
await mkdir(join(project, 'test/output'), { recursive: true })
const folder = await mkdtemp(join(project, 'test/output/bench-'))
try {
  await build({
    configFile: false,
    logLevel: 'error',
    root: project,
    build: {
      ssr: join(project, 'test/bench/measure.ts'),
      outDir: folder,
      target: 'node20',
      rollupOptions: { output: { format: 'es', entryFileNames: 'measure.js' } },
    },
  })
  const { measure } = /** @type {typeof import('./measure')} */ (
    await import(pathToFileURL(join(folder, 'measure.js')).href)
  )
  await measure()
} finally {
  await rm(folder, { recursive: true, force: true })
}
