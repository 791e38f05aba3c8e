import { describe, expect, it } from 'vitest'
import { createSparseTrainer } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { describeTrainer, everyImage, randomImages, randomModel } from './describe-trainer'
import { allKernels } from './sparse-kernels'
import { tinyPlan } from './tiny-plans'

for (const [name, kernels] of Object.entries(allKernels)) {
  describeTrainer(name, (plan) => createSparseTrainer(plan, kernels), { gradientTolerance: 2e-5, exact: true })
}

describe.each(Object.entries(allKernels))('what %s refuses', (_, kernels) => {
  const plan = tinyPlan([1, 4, 4], [{ kind: 'flatten' }, { kind: 'dense', outputs: 3 }])
  const images = randomImages(plan, 4, 'refusals')
  const model = randomModel(plan, 1, 'refusals')
  const trainer = createSparseTrainer(plan, kernels)
  const indices = everyImage(4)

  it('names the field, the value and what is allowed', () => {
    expect(() => trainer.evaluate(model, { ...images, shape: [1, 2, 8] }, indices)).toThrow(
      /images: 1 × 2 × 8 is not allowed; .* 1 × 4 × 4/,
    )
    expect(() => trainer.evaluate(model, images, Uint32Array.of(4))).toThrow(
      'indices: 4 is not allowed; allowed: below 4',
    )
    expect(() => trainer.evaluate(model, { ...images, labels: Uint8Array.of(0, 1, 3, 2) }, indices)).toThrow(
      'labels: 3 (image 2) is not allowed; allowed: below 3',
    )
    expect(() => trainer.evaluate({ ...model, mask: new Uint8Array(2) }, images, indices)).toThrow(
      `mask: length 2 is not allowed; allowed: ${plan.prunableCount}`,
    )
  })

  it('says so when a network needs more memory than a process may have', () => {
    const large = tinyPlan([3, 512, 512], [{ kind: 'convolution', channels: 64, kernel: [3, 3] }, { kind: 'flatten' }])
    expect(() => createSparseTrainer(large, kernels)).toThrow(/needs \d+ MiB in the CPU trainer/)
  })
})
