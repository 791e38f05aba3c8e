import fc from 'fast-check'
import { experimentFieldNames } from '../../src-main/contract/experiment'

/**
 * Cases of the hostile-input suite. The seed is fixed, so that a case that fails is found again; ESPALIER_HOSTILE_SEED takes
 * another one and ESPALIER_HOSTILE_FACTOR more (or fewer) cases.
 */
const seed = Number(process.env['ESPALIER_HOSTILE_SEED'] ?? 20_261_125)
const factor = Number(process.env['ESPALIER_HOSTILE_FACTOR'] ?? 1)

/** Parameters of a property of so many cases. */
export function cases(count: number): { readonly numRuns: number; readonly seed: number } {
  return { numRuns: Math.ceil(count * factor), seed }
}

const trap = fc.constantFrom<string>(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '/etc/passwd',
  'C:\\Windows\\win.ini',
  'file:///etc/passwd',
  'javascript:alert(1)',
  '<img src=x onerror=alert(1)>',
  'CON',
  '\u0000',
  '\u202e',
  '-1',
  '1e999',
  'NaN',
  '9'.repeat(400),
)
const trapNumber = fc.constantFrom(
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  2 ** 31,
  2 ** 53,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
)

/** Text, with what has a meaning somewhere more often than chance would have it. */
export const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  trap,
  fc.constantFrom(...experimentFieldNames),
)

/** Whatever JSON can hold. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(anyText, fc.oneof(anyText, trapNumber, fc.jsonValue({ maxDepth: 1 })), { maxKeys: 6 }),
  // As JSON.parse makes them: an own property of that name.
  fc
    .constantFrom('{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}')
    .map((text): unknown => JSON.parse(text)),
  fc.integer({ min: 100, max: 1000 }).map((depth): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))),
)

/** Whatever a window can send: structured clones hold more than JSON does. */
export const anyMessage: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: anyJson },
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, maxDepth: 2 }),
  fc.constant(null).map(() => {
    const circle: Record<string, unknown> = {}
    circle['itself'] = circle
    return circle
  }),
  anyText,
  trapNumber,
)

/** A change to bytes: flipped, cut, doubled, or with a number overwritten. */
export const anyDamage: fc.Arbitrary<(bytes: Buffer) => Buffer> = fc.oneof(
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })).map(([at, bits]) => (bytes: Buffer) => {
    const damaged = Buffer.from(bytes)
    if (damaged.length > 0) damaged[at % damaged.length] ^= bits
    return damaged
  }),
  fc.nat().map((at) => (bytes: Buffer) => bytes.subarray(0, at % (bytes.length + 1))),
  fc.nat().map((at) => (bytes: Buffer) => Buffer.concat([bytes, bytes.subarray(at % (bytes.length + 1))])),
  fc
    .tuple(fc.nat(), fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff))
    .map(([at, value]) => (bytes: Buffer) => {
      const damaged = Buffer.from(bytes)
      if (damaged.length >= 4) damaged.writeUInt32LE(value, at % (damaged.length - 3))
      return damaged
    }),
)

/** Whether anything in this process now inherits what no object should. */
export function isPolluted(): boolean {
  return 'polluted' in {} || Object.keys(Object.prototype).length > 0
}
