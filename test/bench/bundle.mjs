import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

const project = resolve(import.meta.dirname, '../..')

/**
 * Bundles a module of this folder as the application is bundled, and runs its `measure`.
 * @param {string} name
 */
export async function runBench(name) {
  await mkdir(join(project, 'test/output'), { recursive: true })
  const folder = await mkdtemp(join(project, 'test/output/bench-'))
  try {
    await build({
      configFile: false,
      logLevel: 'error',
      root: project,
      resolve: { alias: { '@contract': join(project, 'src-main/contract') } },
      build: {
        ssr: join(project, 'test/bench', name),
        outDir: folder,
        target: 'node20',
        rollupOptions: { output: { format: 'es', entryFileNames: 'measure.js' } },
      },
    })
    const { measure } = /** @type {{ measure: () => Promise<void> }} */ (
      await import(pathToFileURL(join(folder, 'measure.js')).href)
    )
    await measure()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
