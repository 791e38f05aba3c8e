import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'

const project = resolve(import.meta.dirname, '../..')

export interface BuiltApplication {
  readonly folder: string
  readonly workerUrl: URL
  remove(): Promise<void>
}

/** Builds entries as they are shipped, into a folder of their own that looks like the application. */
export async function buildApplication(
  ...entries: ('training-worker' | 'engine-process' | 'device-process' | 'cli')[]
): Promise<BuiltApplication> {
  const output = join(project, 'test', 'output')
  await mkdir(output, { recursive: true })
  const folder = await mkdtemp(join(output, 'application-'))
  await cp(join(project, 'package.json'), join(folder, 'package.json'))
  await symlink(join(project, 'resources'), join(folder, 'resources'))
  await build({
    configFile: false,
    logLevel: 'error',
    root: project,
    build: {
      ssr: true,
      outDir: join(folder, 'out', 'main'),
      target: 'node20',
      rollupOptions: {
        input: Object.fromEntries(
          entries.map((entry) => [entry, join(project, 'src-main', entry === 'cli' ? '' : 'host', `${entry}.ts`)]),
        ),
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  })
  return {
    folder,
    workerUrl: pathToFileURL(join(folder, 'out', 'main', 'training-worker.js')),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
