import { expect, it } from 'vitest'
import { experimentSchema } from '../../src-main/contract/experiment'
import { failureText } from '../../src-main/files/disk-errors'
import { deviceFailure, deviceLost, DeviceMissing } from '../../src-main/host/devices/device-errors'
import { failureCause, failureCauses, mendedExperiment } from '../../src-renderer/features/runs/failure'
import { engineZhCN } from '../../src-renderer/i18n/engine.zh-CN'
import { en } from '../../src-renderer/i18n/en'
import { zhCN } from '../../src-renderer/i18n/zh-CN'

const diskError = (code: string) => Object.assign(new Error(`${code}: write`), { code, path: '/data/run.json' })

it.each([
  ['disk', failureText(diskError('ENOSPC'))],
  ['disk', failureText(diskError('EACCES'))],
  ['memory', failureText(diskError('ENOMEM'))],
  ['memory', deviceFailure('cuda', new Error('OOM when allocating tensor')).message],
  ['device', deviceFailure('cuda', new Error('an illegal instruction')).message],
  ['device', deviceLost('cuda', 'its process ended').message],
  [
    'device',
    new DeviceMissing('cuda', { reason: 'failed', problem: 'no card is there', remedy: 'Install one' }).message,
  ],
  [null, 'Something nobody has thought of.'],
])('knows the cause %s of: %s', (cause, message) => {
  expect(failureCause(message)).toBe(cause)
})

// Those sentences are held against the sources where they are translated.
it.each([
  ['diverged', 'Training diverged in round'],
  ['data', 'The {0} files are not the ones'],
  ['thread', 'A training thread ended unexpectedly with'],
  ['memory', '{0} needs {1} MiB in the CPU trainer'],
])('knows the cause %s of what the engine says: %s', (cause, beginning) => {
  const sentence = engineZhCN.find(([english]) => english.startsWith(beginning))?.[0] ?? ''
  expect(failureCause(sentence.replaceAll(/\{\d\}/g, '7'))).toBe(cause)
})

it('mends what a set-up is to blame for', () => {
  const experiment = experimentSchema.parse({ learningRate: 0.03, batchSize: 5 })
  expect(mendedExperiment('diverged', experiment)).toEqual({
    experiment: { ...experiment, learningRate: 0.003 },
    field: 'learningRate',
  })
  expect(mendedExperiment('memory', experiment)?.experiment.batchSize).toBe(2)
  expect(mendedExperiment('memory', { ...experiment, batchSize: 1 })).toBeNull()
  expect(mendedExperiment('disk', experiment)).toBeNull()
})

it('says of every cause what to do, in both languages', () => {
  for (const cause of failureCauses) expect(zhCN.running.causes[cause]).not.toBe(en.running.causes[cause])
})
