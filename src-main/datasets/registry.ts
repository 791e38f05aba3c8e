import { execFile } from 'node:child_process'
import { open, rm, stat, truncate } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { promisify } from 'node:util'
import registryFetch from 'npm-registry-fetch'
import pacote from 'pacote'
import ssri from 'ssri'
import { EspalierError } from '../contract/commands'
import { errorCode, messageOf } from '../contract/errors'
import { isFullDisk, refuseWhenStopped } from './errors'

export interface Tarball {
  /** Name and exact version of the package. */
  readonly spec: string
  readonly bytes: number
  readonly integrity: string
}

const run = promisify(execFile)

/**
 * Downloads the tarball of an npm package to `path` and checks its integrity. What is there already is kept: the download
 * goes on behind it, and begins anew where the server cannot or the whole turns out wrong. Throws `failed` in words.
 */
export async function downloadTarball(
  tarball: Tarball,
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const hadBytes = (await sizeOf(path)) > 0
  if (await isFetched(tarball, path, signal, onBytes)) return
  // The fault may lie in what an earlier download left behind.
  if (hadBytes && (await isFetched(tarball, path, signal, onBytes))) return
  throw new EspalierError(
    'failed',
    `The downloaded ${tarball.spec} is not what it should be (its SHA-512 differs); the registry or something on the way changes it.`,
  )
}

/** Downloads what is missing; false, with the file removed, when the whole is not intact. */
async function isFetched(
  tarball: Tarball,
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  if ((await sizeOf(path)) < tarball.bytes) await download(tarball, path, signal, onBytes)
  if (await isIntact(path, tarball)) return true
  await rm(path)
  return false
}

async function download(
  { spec, bytes }: Tarball,
  path: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  try {
    const registry = await configuredRegistry()
    const address = await tarballAddress(spec, registry)
    let size = await sizeOf(path)
    // A connection that breaks is taken up again as long as it brings something.
    for (let before = -1; size < bytes; size = await sizeOf(path)) {
      if (size <= before) throw new Error(`the registry ended it after ${size} of ${bytes} bytes`)
      before = size
      try {
        await append(address, registry, path, bytes, signal, onBytes)
      } catch (error) {
        if (signal.aborted || isFullDisk(error) || (await sizeOf(path)) <= before) throw error
      }
    }
  } catch (error) {
    refuseWhenStopped(signal, spec)
    if (error instanceof EspalierError || isFullDisk(error)) throw error
    throw new EspalierError(
      'failed',
      `${spec} could not be downloaded: ${messageOf(error)}. What has arrived is kept; try again, or import the official files instead.`,
      { cause: error },
    )
  }
}

/** One request for what is missing behind the end of the file. */
async function append(
  address: string,
  registry: string | undefined,
  path: string,
  largest: number,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let size = await sizeOf(path)
  const ask = (from: number) =>
    registryFetch(address, {
      ...options(registry),
      headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal,
    })
  let response = await ask(size).catch((error: unknown) => {
    if (errorCode(error) !== 'E416') throw error
    return null
  })
  if (size > 0 && response?.headers.get('content-range')?.startsWith(`bytes ${size}-`) !== true) {
    await truncate(path, 0)
    size = 0
  }
  // A server that refuses the range has something else than what was begun.
  response ??= await ask(0)
  const file = await open(path, 'a')
  try {
    for await (const chunk of response.body ?? []) {
      refuseWhenStopped(signal, address)
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      size += bytes.length
      if (size > largest)
        throw new EspalierError('failed', `${address} sends more than the ${largest} bytes it should have`)
      await file.write(bytes)
      onBytes(size)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A user who is offline should hear of it within seconds. */
function options(registry: string | undefined) {
  const retries = { fetchRetries: 2, fetchRetryMintimeout: 500, fetchRetryFactor: 2 }
  return registry === undefined ? retries : { ...retries, registry }
}

/** Where the registry says the tarball is; addresses of the public registry are looked up at the user's own. */
async function tarballAddress(spec: string, registry: string | undefined): Promise<string> {
  const { _resolved } = await pacote.manifest(spec, options(registry))
  const address = new URL(_resolved)
  if (registry !== undefined && address.host === new URL(registryFetch.pickRegistry(spec)).host)
    return new URL(address.pathname, registry).href
  return address.href
}

/** The registry of the user's npm configuration; undefined (the public one) where there is none. */
async function configuredRegistry(): Promise<string | undefined> {
  const environment = Object.entries(process.env).find(([name]) => name.toLowerCase() === 'npm_config_registry')?.[1]
  if (environment !== undefined && environment !== '') return environment
  try {
    const { stdout } = await run('npm', ['config', 'get', 'registry'], {
      timeout: 20_000,
      // npm is a script on Windows.
      shell: process.platform === 'win32',
    })
    return URL.canParse(stdout.trim()) ? stdout.trim() : undefined
  } catch {
    return undefined
  }
}

async function isIntact(path: string, { bytes, integrity }: Tarball): Promise<boolean> {
  if ((await sizeOf(path)) !== bytes) return false
  try {
    await ssri.checkStream(createReadStream(path), integrity)
    return true
  } catch (error) {
    if (errorCode(error) === 'EINTEGRITY') return false
    throw error
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0
}
