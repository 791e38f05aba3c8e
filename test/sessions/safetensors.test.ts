import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTensors, encodeTensors, type Tensor } from '../../src-main/sessions/safetensors'
import { temporaryFolder } from './temporary-folder'

const file = {
  metadata: { purpose: 'a test' },
  tensors: new Map<string, Tensor>([
    ['weights', { dtype: 'F32', values: Float32Array.of(1.5, -0, 3e-39) }],
    ['versions', { dtype: 'I32', values: Int32Array.of(-1, 7) }],
    ['mask', { dtype: 'BOOL', values: Uint8Array.of(1, 0, 1) }],
    ['nothing', { dtype: 'BOOL', values: new Uint8Array(0) }],
  ]),
}

describe('safetensors', () => {
  it('reads what it wrote, to the last bit', () => {
    const read = decodeTensors(encodeTensors(file))
    expect(read.metadata).toEqual(file.metadata)
    expect([...read.tensors]).toEqual([...file.tensors])
    expect(Object.is((read.tensors.get('weights')?.values ?? [])[1], -0)).toBe(true)
  })

  it('follows the published layout', () => {
    const bytes = encodeTensors({ metadata: {}, tensors: new Map([['w', file.tensors.get('versions') as Tensor]]) })
    const length = Number(bytes.readBigUInt64LE(0))
    expect(length % 8).toBe(0)
    expect(JSON.parse(bytes.toString('utf8', 8, 8 + length))).toEqual({
      __metadata__: {},
      w: { dtype: 'I32', shape: [2], data_offsets: [0, 8] },
    })
    expect(bytes.subarray(8 + length).toString('hex')).toBe('ffffffff07000000')
  })

  it('never accepts a shortened file and never crashes on any bytes', () => {
    const whole = encodeTensors(file)
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeTensors(whole.subarray(0, length)), `${length} bytes`).toThrow(/header|lie within/)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => decodeTensors(Buffer.from(bytes))).toThrow(Error)
      }),
    )
  })

  const python = '/usr/bin/python3'
  it.skipIf(!existsSync(python))('is read alike by a reader of its own kind', () => {
    const path = join(temporaryFolder(), 'a.safetensors')
    writeFileSync(path, encodeTensors(file))
    const script = `
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
n = struct.unpack('<Q', data[:8])[0]
header = json.loads(data[8:8+n])
b, e = header['weights']['data_offsets']
print(struct.unpack('<3f', data[8+n+b:8+n+e]))`
    expect(execFileSync(python, ['-c', script, path], { encoding: 'utf8' }).trim()).toMatch(
      /^\(1\.5, -0\.0, 3\.0+.*e-39\)$/,
    )
  })
})
