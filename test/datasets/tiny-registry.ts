import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import ssri from 'ssri'
import { create } from 'tar'
import { onTestFinished, vi } from 'vitest'

/** Packs members as npm does, below `package/`. */
export async function pack(members: Readonly<Record<string, Uint8Array>>, prefix = 'package'): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-pack-'))
  try {
    await mkdir(join(folder, prefix), { recursive: true })
    for (const [name, bytes] of Object.entries(members)) await writeFile(join(folder, prefix, name), bytes)
    const file = join(folder, 'package.tgz')
    await create({ cwd: folder, file, gzip: true }, [prefix])
    return await readFile(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export function describeTarball(tarball: Buffer) {
  return { bytes: tarball.length, integrity: ssri.fromData(tarball).toString() }
}

export type Answer = (request: IncomingMessage, response: ServerResponse, from: number) => void

/** Sends the tarball from the asked byte on. */
export const honest =
  (tarball: Buffer): Answer =>
  (request, response, from) => {
    if (request.headers.range === undefined) response.writeHead(200, { 'content-length': tarball.length })
    else {
      const last = tarball.length - 1
      response.writeHead(206, {
        'content-length': tarball.length - from,
        'content-range': `bytes ${from}-${last}/${tarball.length}`,
      })
    }
    response.end(tarball.subarray(from))
  }

/** Like `honest`, but the connection breaks after some bytes. */
export const breaking =
  (tarball: Buffer, after: number): Answer =>
  (request, response, from) => {
    response.writeHead(request.headers.range === undefined ? 200 : 206, {
      'content-length': tarball.length - from,
      'content-range': `bytes ${from}-${tarball.length - 1}/${tarball.length}`,
    })
    response.write(tarball.subarray(from, from + after), () => setTimeout(() => response.destroy(), 50))
  }

/**
 * A package registry on this computer that the environment names as the user's own. Each request for the tarball takes the
 * next answer, and the last one for good; `ranges` has the range that each of them asked for.
 */
export async function tinyRegistry(answers: readonly Answer[]): Promise<{ readonly ranges: string[] }> {
  const ranges: string[] = []
  const server = createServer((request, response) => {
    if (request.url === '/tiny-cifar') {
      const { port } = server.address() as AddressInfo
      const tarball = `http://localhost:${port}/tiny-cifar/-/tiny-cifar-1.0.0.tgz`
      const version = { name: 'tiny-cifar', version: '1.0.0', dist: { tarball } }
      response.end(
        JSON.stringify({ name: 'tiny-cifar', versions: { '1.0.0': version }, 'dist-tags': { latest: '1.0.0' } }),
      )
      return
    }
    const answer = answers[Math.min(ranges.length, answers.length - 1)]
    const range = request.headers.range ?? 'all'
    ranges.push(range)
    answer(request, response, Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  vi.stubEnv('npm_config_registry', `http://localhost:${(server.address() as AddressInfo).port}/`)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return { ranges }
}
