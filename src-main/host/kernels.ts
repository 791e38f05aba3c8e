import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { EspalierError } from '../contract/commands'
import { messageOf } from '../contract/errors'
import { kernelsName, type NativeAddon } from '../engine/trainer/sparse/sparse-trainer'
import { libraryPath, resourcePath } from './application-files'
import { giveSameBits } from './kernel-check'
import { loadAddon, openKernels, type KernelSource } from './kernel-source'

/** One kind of kernels on this machine: found, or why not, in words. */
export type FoundKernels =
  | { readonly kind: KernelSource['kind']; readonly source: KernelSource; readonly path: string }
  | { readonly kind: KernelSource['kind']; readonly problem: string }

/** The environment variable that chooses between the kinds. */
const variable = 'ESPALIER_KERNELS'
const wasmPath = resourcePath('kernels', 'sparse.wasm')
const nativePath = libraryPath('kernels', 'native', `sparse-${process.platform}-${process.arch}.node`)

let found: Promise<readonly FoundKernels[]> | null = null

/** Every kind of kernels, the fastest first; looked for once per process. */
export function findKernels(): Promise<readonly FoundKernels[]> {
  found ??= find()
  return found
}

/**
 * The kernels that this process trains with: the fastest that were found, or the kind that ESPALIER_KERNELS names.
 * Throws when the variable names no kind or one that is not here, and when the application is incomplete.
 */
export async function loadKernels(): Promise<KernelSource> {
  return chooseKernels(await findKernels(), process.env[variable])
}

/** The same choice from given findings; `wanted` is the value of ESPALIER_KERNELS. */
export function chooseKernels(all: readonly FoundKernels[], wanted: string | undefined): KernelSource {
  if (wanted !== undefined && wanted !== '') {
    const one = all.find(({ kind }) => kind === wanted)
    if (one === undefined) {
      const kinds = all.map(({ kind }) => kind).join(', ')
      throw new EspalierError('wrong-input', `${variable}: "${wanted}" is not allowed; allowed: one of ${kinds}`)
    }
    if ('problem' in one) {
      throw new EspalierError('wrong-input', `${variable}: "${wanted}" cannot be used: ${one.problem}`)
    }
    return one.source
  }
  const first = all.flatMap((one) => ('source' in one ? [one.source] : [])).at(0)
  if (first !== undefined) return first
  const reasons = all.flatMap((one) => ('problem' in one ? [one.problem] : []))
  throw new EspalierError('failed', `The CPU kernels cannot be loaded (${reasons.join('; ')}); install Espalier again.`)
}

/** What the CPU trainer calls itself in a manifest. */
export async function describeTrainer(): Promise<string> {
  return kernelsName(openKernels(await loadKernels()))
}

async function find(): Promise<FoundKernels[]> {
  let bytes: Uint8Array<ArrayBuffer>
  let wasm: KernelSource
  try {
    bytes = new Uint8Array(await readFile(wasmPath))
    wasm = { kind: 'wasm', module: await WebAssembly.compile(bytes) }
  } catch (error) {
    const problem = `${wasmPath} cannot be loaded: ${messageOf(error)}`
    return [
      { kind: 'native', problem: 'there is no sparse/wasm to compare it with' },
      { kind: 'wasm', problem },
    ]
  }
  return [
    findNative(nativePath, createHash('sha256').update(bytes).digest('hex'), wasm),
    { kind: 'wasm', source: wasm, path: wasmPath },
  ]
}

/**
 * The addon at `path`, if it can be used.
 *
 * @param twin SHA-256 of the WebAssembly kernels
 */
export function findNative(path: string, twin: string, wasm: KernelSource): FoundKernels {
  const kind = 'native'
  if (!existsSync(path)) {
    return {
      kind,
      problem: 'it is not built (node resources/scripts/build-native.mjs builds it or says what is missing)',
    }
  }
  let addon: NativeAddon
  try {
    addon = loadAddon(path)
  } catch (error) {
    return { kind, problem: `${path} cannot be loaded: ${messageOf(error)}` }
  }
  if (addon.twin !== twin) {
    return { kind, problem: `${path} is of another version (node resources/scripts/build-native.mjs builds it anew)` }
  }
  const level = Object.keys(addon.levels).at(0)
  if (level === undefined) {
    return {
      kind,
      problem: `${path} was built by GCC, whose code for this processor is slower than WebAssembly; install clang and build it anew`,
    }
  }
  const source: KernelSource = { kind, path, level }
  if (!giveSameBits(openKernels(source), openKernels(wasm))) {
    return { kind, problem: `${path} does not compute the same bits as sparse/wasm` }
  }
  return { kind, source, path }
}
