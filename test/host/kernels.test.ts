import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DeviceReport } from '../../src-main/contract/devices'
import { runCommandLine } from '../../src-main/command-line/program'
import type { SparseKernels } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { giveSameBits } from '../../src-main/host/kernel-check'
import { chooseKernels, findNative, type FoundKernels } from '../../src-main/host/kernels'
import { nativeKernels, nativePath, wasmDigest, wasmKernels } from '../trainer/sparse-kernels'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-kernels-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const wasm: FoundKernels = { kind: 'wasm', source: wasmKernels, path: 'sparse.wasm' }
const native: FoundKernels = { kind: 'native', source: { kind: 'native', path: 'n', level: 'avx2' }, path: 'n' }
const noNative: FoundKernels = { kind: 'native', problem: 'it is not built' }

describe('the choice of kernels', () => {
  it('takes the native ones where they are, and else WebAssembly', () => {
    expect(chooseKernels([native, wasm], undefined).kind).toBe('native')
    expect(chooseKernels([native, wasm], '').kind).toBe('native')
    expect(chooseKernels([noNative, wasm], undefined).kind).toBe('wasm')
  })

  it('obeys ESPALIER_KERNELS or says why it cannot', () => {
    expect(chooseKernels([native, wasm], 'wasm').kind).toBe('wasm')
    expect(chooseKernels([native, wasm], 'native').kind).toBe('native')
    expect(() => chooseKernels([noNative, wasm], 'native')).toThrow(
      'ESPALIER_KERNELS: "native" cannot be used: it is not built',
    )
    expect(() => chooseKernels([native, wasm], 'gpu')).toThrow(
      'ESPALIER_KERNELS: "gpu" is not allowed; allowed: one of native, wasm',
    )
  })

  it('names every reason when there are none at all', () => {
    expect(() => chooseKernels([noNative, { kind: 'wasm', problem: 'no file' }], undefined)).toThrow(
      /it is not built; no file/,
    )
  })
})

describe('the search for native kernels', () => {
  it('says when they are not built or cannot be loaded', async () => {
    expect(findNative(join(folder, 'none.node'), wasmDigest, wasmKernels)).toMatchObject({
      problem: expect.stringContaining('not built') as unknown,
    })
    const broken = join(folder, 'broken.node')
    await writeFile(broken, 'no library')
    expect(findNative(broken, wasmDigest, wasmKernels)).toMatchObject({
      problem: expect.stringContaining(`${broken} cannot be loaded`) as unknown,
    })
  })

  it.skipIf(Object.keys(nativeKernels).length === 0)('passes over those of other sources', async () => {
    const other = join(folder, 'other.node')
    await copyFile(nativePath, other)
    expect(findNative(other, '0'.repeat(64), wasmKernels)).toMatchObject({
      problem: expect.stringContaining('another version') as unknown,
    })
    expect(findNative(other, wasmDigest, wasmKernels)).toMatchObject({ path: other })
  })

  it.skipIf(Object.keys(nativeKernels).length === 0)('notices a kernel that computes something else', () => {
    const [right] = Object.values(nativeKernels)
    if (right.kind !== 'native') throw new Error('no native kernels')
    const kernels = right.addon.levels[right.level]
    // What a forgotten gradient does: the step is taken, evaluation is right, the dense gradient stays 0.
    const wrong: SparseKernels = {
      ...right,
      addon: { ...right.addon, levels: { [right.level]: { ...kernels, add_gradient: () => 0 } } },
    }
    expect(giveSameBits(right, wasmKernels)).toBe(true)
    expect(giveSameBits(wrong, wasmKernels)).toBe(false)
  })

  it.skipIf(Object.keys(nativeKernels).length === 0)('refuses calls without a buffer or a position in it', () => {
    const [found] = Object.values(nativeKernels)
    if (found.kind !== 'native') throw new Error('no native kernels')
    const { evaluate } = found.addon.levels[found.level]
    const call = evaluate as (...given: unknown[]) => unknown
    for (const given of [[], [new ArrayBuffer(64)], [new ArrayBuffer(64), 64], [new ArrayBuffer(64), -1], [{}, 0]]) {
      expect(() => call(...given)).toThrow(TypeError)
    }
  })
})

describe('espalier devices', () => {
  const printed = () => {
    const lines: string[] = []
    vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(line))
    vi.spyOn(console, 'error').mockImplementation((line: string) => lines.push(line))
    return lines
  }

  it('lists processor and kernels and says which are used', async () => {
    vi.stubEnv('ESPALIER_KERNELS', 'wasm')
    const lines = printed()
    expect(await runCommandLine(['devices', '--no-benchmark'])).toBe(0)
    expect(lines[0]).toMatch(/^CPU .*, \d+ threads$/)
    expect(lines[1]).toMatch(/^sparse\/native (\(\w+\) +found: | *not found: )/)
    expect(lines[2]).toMatch(/^sparse\/wasm +found: .*sparse\.wasm$/)
    expect(lines[3]).toMatch(/^used +sparse\/wasm$/)
  })

  it('says as JSON what every device is, or why it is missing and what to do', async () => {
    const lines = printed()
    expect(await runCommandLine(['devices', '--json', '--no-benchmark'])).toBe(0)
    expect(lines).toHaveLength(1)
    const { devices } = JSON.parse(lines[0]) as { devices: DeviceReport[] }
    expect(devices.map(({ device }) => device)).toEqual(['cpu', 'cuda', 'webgpu', 'tensorflow-cpu', 'tfjs-cpu'])
    for (const report of devices) {
      expect(report.promise).toBe(report.device === 'cpu' ? 'bits' : 'tolerance')
      if (report.state === 'missing')
        expect([report.problem, report.remedy].every((text) => text.length > 10)).toBe(true)
      else expect(Object.keys(report.versions)).not.toEqual([])
    }
  })

  it('refuses to go on with a run on a device that does not exist', async () => {
    const lines = printed()
    expect(await runCommandLine(['resume', 'anything', '--device', 'gpu'])).toBe(2)
    expect(lines.at(-1)).toMatch(/--device: "gpu" is not allowed; allowed: one of auto, cpu, cuda, .*cuda:1/)
  })

  it('ends with an error when the wanted kind is not known', async () => {
    vi.stubEnv('ESPALIER_KERNELS', 'gpu')
    const lines = printed()
    expect(await runCommandLine(['devices'])).toBe(2)
    expect(lines.at(-1)).toContain('ESPALIER_KERNELS: "gpu" is not allowed')
  })
})
