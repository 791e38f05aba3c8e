import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EspalierError } from '../../src-main/contract/commands'
import { roundRecordSchema, runManifestSchema, topologyRecordSchema } from '../../src-main/contract/records'
import type { OfficialFile } from '../../src-main/datasets/descriptions'
import { readSplit } from '../../src-main/datasets/read-split'
import { decodeSprites } from '../../src-main/datasets/sprites'
import { readExperiment } from '../../src-main/sessions/experiment-file'
import { parseJson } from '../../src-main/sessions/json-file'
import { readMask, writeMask } from '../../src-main/sessions/mask-file'
import { readRecords } from '../../src-main/sessions/record-log'
import { decodeTensors, encodeTensors } from '../../src-main/sessions/safetensors'
import { temporaryFolder } from '../sessions/temporary-folder'
import { packageMembers, tinyCatalogue, tinyFiles } from '../datasets/tiny-catalogue'
import { pack } from '../datasets/tiny-registry'
import { finishedRun } from '../contract/finished-run'
import { anyDamage, anyJson, anyText, cases, isPolluted } from './cases'

/** Bytes of a safetensors file with this header, which need not fit the data. */
function tensorFile(header: unknown, data: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, data])
}

describe('hostile safetensors', () => {
  const sound = encodeTensors({
    metadata: { format: 'test' },
    tensors: new Map([
      ['parameters', { dtype: 'F32', values: Float32Array.from([1, 2, 3]) }],
      ['mask', { dtype: 'BOOL', values: Uint8Array.from([0, 1, 1]) }],
    ]),
  })
  const offset = fc.oneof(fc.nat({ max: 64 }), fc.constantFrom(-1, 2 ** 31, 2 ** 53, 0.5))
  const entry = fc.record({
    dtype: fc.constantFrom('F32', 'F64', 'I32', 'U8', 'BOOL', 'F16'),
    shape: fc.array(offset, { maxLength: 2 }),
    data_offsets: fc.array(offset, { maxLength: 3 }),
  })
  const files = fc.oneof(
    anyDamage.map((damage) => damage(sound)),
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.dictionary(anyText, fc.oneof(entry, anyJson), { maxKeys: 5 }), fc.uint8Array({ maxLength: 64 }))
      .map(([header, data]) => tensorFile(header, Buffer.from(data))),
  )

  it('are refused in words, or take no more memory than the file has bytes (10 000 cases)', () => {
    fc.assert(
      fc.property(files, (bytes) => {
        try {
          const { tensors } = decodeTensors(bytes)
          const taken = [...tensors.values()].reduce((sum, { values }) => sum + values.byteLength, 0)
          expect(taken).toBeLessThanOrEqual(bytes.length)
        } catch (error) {
          expect((error as Error).constructor).toBe(Error)
        }
      }),
      cases(10_000),
    )
    expect(isPolluted()).toBe(false)
  })

  it('may not ask for the same bytes many times', () => {
    const one = { dtype: 'U8', shape: [64], data_offsets: [0, 64] }
    const header = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`tensor ${at}`, one]))
    expect(() => decodeTensors(tensorFile(header, Buffer.alloc(64)))).toThrow(/behind the one before it/)
  })
})

describe('hostile masks', () => {
  it('are refused in words, or hold as many weights as they say (1 500 cases)', async () => {
    const file = join(temporaryFolder(), '0.bin')
    const mask = Uint8Array.from({ length: 30 }, (_, at) => at % 2)
    await writeMask(file, [{ layer: 'conv1', shape: [2, 3, 5], weights: 30 }], mask)
    const sound = readFileSync(file)
    const bits = sound.subarray(-4)
    const size = fc.oneof(fc.nat({ max: 40 }), fc.constantFrom(2 ** 31, 2 ** 53, -1))
    const forged = fc
      .array(fc.record({ layer: anyText, shape: fc.array(size, { maxLength: 4 }), weights: size }), { maxLength: 4 })
      .map((layers) => {
        const sha256 = createHash('sha256').update(bits).digest('hex')
        const header = Buffer.from(JSON.stringify({ layers, sha256 }))
        const length = Buffer.alloc(4)
        length.writeUInt32LE(header.length)
        return Buffer.concat([Buffer.from('ESPMASK1'), length, header, bits])
      })
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          anyDamage.map((damage) => damage(sound)),
          forged,
        ),
        async (bytes) => {
          writeFileSync(file, bytes)
          const layers = await readMask(file).catch((error: unknown) => error)
          if (layers instanceof Error) return
          for (const layer of layers as Awaited<ReturnType<typeof readMask>>) {
            expect(layer.shape.reduce((all, one) => all * one, 1)).toBe(layer.weights)
            expect(layer.bits.length).toBe(Math.ceil(layer.weights / 8))
          }
        },
      ),
      cases(1500),
    )
  })
})

describe('hostile records', () => {
  const run = finishedRun({}, [0.5])
  const schemas = [roundRecordSchema, topologyRecordSchema, runManifestSchema] as const
  const sound = [...run.rounds, run.manifest].map((record) => Buffer.from(JSON.stringify(record)))

  it('are refused in words, line by line (8 000 cases)', () => {
    const line = fc.oneof(
      fc.tuple(fc.constantFrom(...sound), anyDamage).map(([bytes, damage]) => damage(bytes).toString('utf8')),
      anyJson.map((value) => JSON.stringify(value)),
      anyText,
    )
    fc.assert(
      fc.property(fc.constantFrom(...schemas), line, (schema, text) => {
        try {
          parseJson(text, schema)
        } catch (error) {
          expect((error as Error).constructor).toBe(Error)
          expect((error as Error).message).not.toBe('')
        }
      }),
      cases(8000),
    )
    expect(isPolluted()).toBe(false)
  })

  it('leave the lines before them standing (500 cases)', async () => {
    const file = join(temporaryFolder(), 'rounds.ndjson')
    const lines = Array.from({ length: 5 }, (_, round) => JSON.stringify({ ...run.rounds[0], round }))
    const whole = Buffer.from(`${lines.join('\n')}\n`)
    await fc.assert(
      fc.asyncProperty(anyDamage, async (damage) => {
        const bytes = damage(whole)
        writeFileSync(file, bytes)
        const same = bytes.findIndex((byte, at) => byte !== whole[at])
        const untouched = same === -1 ? Math.min(bytes.length, whole.length) : same
        const before = whole.subarray(0, untouched).toString('latin1').split('\n').length - 1
        const { intact, records } = await readRecords(file, roundRecordSchema, ({ round }) => round)
        expect(intact).toBeGreaterThanOrEqual(Math.min(before, 5))
        expect(records.length).toBeGreaterThanOrEqual(intact)
      }),
      cases(500),
    )
  })
})

describe('hostile configuration files', () => {
  it('give an experiment or one clear error that names the file (1 000 cases)', async () => {
    const folder = temporaryFolder()
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'experiment.json')
    const content = fc.oneof(
      anyJson.map((value) => JSON.stringify(value)),
      anyText,
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    )
    await fc.assert(
      fc.asyncProperty(content, async (text) => {
        writeFileSync(file, text)
        const outcome = await readExperiment(file).catch((error: unknown) => error)
        if (!(outcome instanceof Error)) return
        expect(outcome).toBeInstanceOf(EspalierError)
        expect(outcome.message.startsWith(`${file}: `)).toBe(true)
      }),
      cases(1000),
    )
    expect(isPolluted()).toBe(false)
  })
})

describe('hostile images', () => {
  const description = {
    shape: [1, 2, 2],
    mean: [0],
    deviation: [1],
    classNames: ['a', 'b'],
  } as unknown as Parameters<typeof readSplit>[0]
  const official = (name: string, bytes: number): OfficialFile => ({ name, bytes, md5: '' })
  const images = Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8])
  const labels = Buffer.from([0, 0, 8, 1, 0, 0, 0, 2, 0, 1])
  const idx = { form: 'idx', images: official('images', 24), labels: official('labels', 10) } as const
  const binary = { form: 'records', parts: [official('batch', 10)] } as unknown as Parameters<typeof readSplit>[1]

  it('of IDX and of CIFAR form are refused in words, or every label has a class (3 000 cases)', async () => {
    const sound = Buffer.from([0, 1, 2, 3, 4, 1, 5, 6, 7, 8])
    await fc.assert(
      fc.asyncProperty(anyDamage, fc.constantFrom('images', 'labels', 'batch'), async (damage, damaged) => {
        const bytesOf = ({ name }: OfficialFile) => {
          const bytes = name === 'images' ? images : name === 'labels' ? labels : sound
          return Promise.resolve(name === damaged ? damage(bytes) : bytes)
        }
        const files = damaged === 'batch' ? binary : idx
        const outcome = await readSplit(description, files, 2, bytesOf).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(EspalierError)
        else expect(Math.max(...(outcome as { labels: Uint8Array }).labels)).toBeLessThan(2)
      }),
      cases(3000),
    )
  })
})

describe('hostile sprites', () => {
  const sound = packageMembers['data_batch_1.png']
  const { download, shape } = tinyCatalogue({ bytes: 0, integrity: '' }).cifar10
  const target = tinyFiles.get('data_batch_1.bin')

  /** Decodes the first sprite of a package that holds this picture and these labels. */
  async function decoded(image: Buffer, labels = packageMembers['train_lables.json']): Promise<Buffer> {
    const file = join(temporaryFolder(), 'package.tgz')
    writeFileSync(file, await pack({ ...packageMembers, 'data_batch_1.png': image, 'train_lables.json': labels }))
    if (download === null) throw new Error('the tiny catalogue has a download')
    for await (const { bytes } of decodeSprites(file, download, shape)) return bytes
    throw new Error('nothing was decoded')
  }
  const refused = expect.objectContaining({ constructor: EspalierError }) as EspalierError

  it('of PNG form are refused in words, or give as many bytes as the file has (500 cases)', async () => {
    expect(await decoded(sound)).toEqual(target)
    await fc.assert(
      fc.asyncProperty(anyDamage, fc.boolean(), async (damage, isImage) => {
        const labels = packageMembers['train_lables.json']
        const outcome = await (isImage ? decoded(damage(sound)) : decoded(sound, damage(labels))).catch(
          (error: unknown) => error,
        )
        if (outcome instanceof Error) expect(outcome).toEqual(refused)
        else expect((outcome as Buffer).length).toBe(target?.length)
      }),
      cases(500),
    )
  })

  it('that say they are huge, or unpack to more than they say, take no memory', async () => {
    const huge = Buffer.from(sound)
    huge.writeUInt32BE(0x7fffffff, 16)
    huge.writeUInt32BE(0x7fffffff, 20)
    huge.writeUInt32BE(crc32(huge.subarray(12, 29)), 29)
    await expect(decoded(huge)).rejects.toThrow(/has 2147483647×2147483647 pixels/)

    // The right size, and 200 MB behind it.
    const data = deflateSync(Buffer.alloc(200_000_000))
    const chunk = (type: string, body: Buffer) => {
      const typed = Buffer.concat([Buffer.from(type), body])
      const ends = Buffer.alloc(8)
      ends.writeUInt32BE(body.length, 0)
      ends.writeUInt32BE(crc32(typed), 4)
      return Buffer.concat([ends.subarray(0, 4), typed, ends.subarray(4)])
    }
    const bomb = Buffer.concat([sound.subarray(0, 33), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))])
    const before = process.memoryUsage().rss
    const outcome = await decoded(bomb).catch((error: unknown) => error)
    if (outcome instanceof Error) expect(outcome).toEqual(refused)
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })
})
