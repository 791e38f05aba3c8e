import { expect, it } from 'vitest'
import { repairNodeUtil } from '../../../src-main/host/devices/node-util-repair'

it('gives a newer Node back what TensorFlow.js calls, and leaves an older one alone', () => {
  const newer: Record<string, unknown> = {}
  repairNodeUtil(newer)
  const isNullOrUndefined = newer['isNullOrUndefined'] as (value: unknown) => boolean
  expect([null, undefined, 0, '', false].map(isNullOrUndefined)).toEqual([true, true, false, false, false])
  const isArray = newer['isArray'] as (value: unknown) => boolean
  expect([[], new Float32Array(1), { length: 0 }].map(isArray)).toEqual([true, false, false])
  const own = () => false
  const older = { isArray: own, isNullOrUndefined: own }
  repairNodeUtil(older)
  expect(older).toEqual({ isArray: own, isNullOrUndefined: own })
})
