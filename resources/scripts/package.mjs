/**
 * `npm run package`: the application as users install it, in out/packages.
 *
 *   Linux     espalier-VERSION.tar.gz, and espalier_VERSION_ARCH.deb where dpkg-deb is there
 *   Windows, macOS   the installers that electron-builder.yml names, made on those systems
 *
 * `--unpacked` stops at the folder that the packages are made of.
 *
 * Everything comes from this computer: the Electron that `npm start` takes, the built code, the kernels and MNIST.
 */
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { Arch, build as pack, Platform } from 'electron-builder'
import { create } from 'tar'
import { build } from './build.mjs'
import { buildNative } from './build-native.mjs'
import { buildDebianPackage } from './debian-package.mjs'
import { findRuntime } from './runtime/find.mjs'

const project = resolve(import.meta.dirname, '../..')
const output = join(project, 'out/packages')
/** @type {{ version: string }} */
const { version } = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'))
const onlyUnpacked = process.argv.includes('--unpacked')
const say = (/** @type {string} */ line) => {
  console.log(`Espalier: ${line}`)
}

const runtime = await findRuntime(say)
if ('reason' in runtime) {
  console.error(runtime.reason)
  process.exit(1)
}
if (!build(false)) process.exit(1)
const missing = buildNative()
if (missing !== null) say(`without native kernels, WebAssembly is used: ${missing.split('\n')[0]}`)

await rm(output, { recursive: true, force: true })
await mkdir(output, { recursive: true })
// A runtime may carry an application of its own in resources/app, which would be found before ours.
const electron = join(output, 'electron')
const installed = resolve(runtime.executable, process.platform === 'darwin' ? '../../../..' : '..')
await cp(installed, electron, {
  recursive: true,
  verbatimSymlinks: true,
  filter: (source) => relative(installed, source) !== join('resources', 'app'),
})
say(`packaging ${runtime.description}`)
let unpacked = ''
const made = await pack({
  projectDir: project,
  targets: Platform.current().createTarget(
    onlyUnpacked ? 'dir' : undefined,
    Arch[process.arch === 'arm64' ? 'arm64' : 'x64'],
  ),
  publish: 'never',
  config: {
    electronVersion: runtime.version,
    electronDist: electron,
    afterPack: async ({ appOutDir, packager }) => {
      unpacked = appOutDir
      await writeChecksums(packager.getResourcesDir(appOutDir))
    },
  },
})
await rm(electron, { recursive: true, force: true })
if (onlyUnpacked) say(`unpacked in ${unpacked}`)
else if (process.platform === 'linux') {
  const archive = join(output, `espalier-${version}-linux-${process.arch}.tar.gz`)
  await create(
    { file: archive, gzip: true, cwd: unpacked, prefix: `espalier-${version}`, portable: true },
    await readdir(unpacked),
  )
  made.push(archive)
  const debian = buildDebianPackage(unpacked, output)
  if ('reason' in debian) say(`no deb: ${debian.reason}`)
  else made.push(debian.file)
}
for (const file of made) {
  const bytes = await readFile(file)
  const digest = createHash('sha256').update(bytes).digest('hex')
  console.log(`${digest}  ${basename(file)}  ${(bytes.length / 1e6).toFixed(0)} MB`)
}

/**
 * Writes down what the application's own files are, so that it can tell damage (Settings, About).
 *
 * @param {string} resources folder of app.asar
 */
async function writeChecksums(resources) {
  const entries = await readdir(resources, { recursive: true, withFileTypes: true })
  /** @type {Record<string, string>} */
  const checksums = {}
  for (const entry of entries) {
    const name = relative(resources, join(entry.parentPath, entry.name)).split(sep).join('/')
    if (!entry.isFile() || !name.startsWith('app.asar')) continue
    // Signing for macOS writes into machine code.
    if (process.platform === 'darwin' && name.endsWith('.node')) continue
    checksums[name] = createHash('sha256')
      .update(await readFile(join(resources, name)))
      .digest('hex')
  }
  await writeFile(join(resources, 'checksums.json'), `${JSON.stringify(checksums, null, 2)}\n`)
}
