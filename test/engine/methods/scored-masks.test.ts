import { describe, expect, it } from 'vitest'
import { experimentSchema, type ExperimentInput } from '../../../src-main/contract/experiment'
import type { ClientContext } from '../../../src-main/engine/federated/client-work'
import { exponentialCounts } from '../../../src-main/engine/methods/force'
import { graspScores, gradientAtTemperature, hessianTimes } from '../../../src-main/engine/methods/grasp'
import type { FirstMaskContext, MethodRecipe } from '../../../src-main/engine/methods/recipe'
import { methodRecipes } from '../../../src-main/engine/methods/registry'
import { balancedBatch, sensitivity } from '../../../src-main/engine/methods/scoring'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { initialParameters } from '../../../src-main/engine/models/initialise'
import type { ModelPlan } from '../../../src-main/engine/models/plan'
import { range } from '../../../src-main/engine/random/draw'
import { activeOverall, overallTargets } from '../../../src-main/engine/sparsity/distributions'
import { largestOverall } from '../../../src-main/engine/sparsity/keep-largest'
import { activePerLayer, applyMask, countActive } from '../../../src-main/engine/sparsity/masks'
import { synapticFlow } from '../../../src-main/engine/sparsity/synaptic-flow'
import { createSparseTrainer } from '../../../src-main/engine/trainer/sparse/sparse-trainer'
import type { Trainer } from '../../../src-main/engine/trainer/trainer'
import { wasmKernels } from '../../trainer/sparse-kernels'
import { createReferenceTrainer, syntheticImages } from '../reference-trainer'
import { tinyPlan } from './tiny-plan'

const floats = (...values: number[]) => Float32Array.from(values)
const rounded = (values: Iterable<number>, digits = 5) => [...values].map((value) => Number(value.toFixed(digits)) + 0)
const ones = (count: number) => new Uint8Array(count).fill(1)

/** The loss ½·wᵀAw of three weights as a trainer. */
function quadratic(matrix: readonly (readonly number[])[]): Trainer {
  const unused = () => {
    throw new Error('not needed')
  }
  return {
    plan: tinyPlan([1, 3]),
    description: 'quadratic',
    trainClient: unused,
    evaluate: unused,
    gradient: ({ parameters: w }) => ({
      loss: 0,
      gradient: Float32Array.from([...matrix.map((row) => row.reduce((sum, a, at) => sum + a * w[at], 0)), 0]),
    }),
    dispose: () => {},
  }
}

describe('scores on a quadratic loss, worked by hand', () => {
  const parameters = floats(1, -0.5, 0.2, 0)
  const images = syntheticImages(1, [1, 1, 3], 1, 'none')

  it.each([
    [
      [
        [1, 0, 0],
        [0, 2, 0],
        [0, 0, 3],
      ],
      [1, -1, 0.6],
      [1, 0.5, 0.12],
      [-1, -1, -0.36],
    ],
    [
      [
        [2, 1, 0],
        [1, 3, -1],
        [0, -1, 1],
      ],
      [1.5, -0.7, 0.7],
      [1.5, 0.35, 0.14],
      [-2.3, -0.65, -0.28],
    ],
  ])('of %j', async (matrix, expectedGradient, snip, grasp) => {
    const trainer = quadratic(matrix)
    const { plan } = trainer
    const batch = { trainer, images, indices: range(1) }
    const model = { parameters, mask: ones(3) }
    const gradient = await gradientAtTemperature(batch, model, 1)
    expect(rounded(gradient)).toEqual(expectedGradient)
    expect(rounded(sensitivity(plan, parameters, gradient))).toEqual(snip)
    const product = await hessianTimes(batch, model, gradient, 1, 0.01)
    expect(rounded(graspScores(plan, parameters, product), 4)).toEqual(grasp)
  })
})

describe('the finite difference of GraSP', () => {
  it('is the Hessian of a softmax regression, at a temperature too', async () => {
    const shape = [1, 2, 3] as const
    const images = syntheticImages(12, shape, 3, 'softmax')
    const plan = { ...tinyPlan([3, 6]), inputShape: shape }
    const parameters = initialParameters(plan, 3).map((value) => 4 * value)
    const vector = Float32Array.from(range(18), (at) => Math.sin(at + 1))
    const divisor = 5
    // H·v = Σ (diag(p) − ppᵀ)·Vx·xᵀ/(n·τ²) with p the softmax of logits/τ.
    const expected = new Float64Array(18)
    for (const image of range(12)) {
      const x = [...range(6)].map((at) => (images.pixels[image * 6 + at] / 255 - images.mean[0]) / images.deviation[0])
      const times = (matrix: ArrayLike<number>, bias: number) =>
        [0, 1, 2].map((row) => x.reduce((sum, value, at) => sum + matrix[row * 6 + at] * value, bias))
      const exponentials = [0, 1, 2].map((row) =>
        Math.exp((times(parameters, 0)[row] + parameters[18 + row]) / divisor),
      )
      const p = exponentials.map((value) => value / exponentials.reduce((a, b) => a + b))
      const change = times(vector, 0)
      const mean = change.reduce((sum, value, row) => sum + p[row] * value, 0)
      for (const row of [0, 1, 2]) {
        x.forEach((value, at) => {
          expected[row * 6 + at] += (p[row] * (change[row] - mean) * value) / (12 * divisor ** 2)
        })
      }
    }
    const batch = { trainer: createReferenceTrainer(plan), images, indices: range(12) }
    const product = await hessianTimes(batch, { parameters, mask: ones(18) }, vector, divisor, 0.01)
    const size = Math.max(...expected.map(Math.abs))
    product.forEach((value, at) => {
      expect(Math.abs(value - expected[at])).toBeLessThan(0.002 * size)
    })
  })

  it('switches hardly any ReLU: a third of the step gives the same product', async () => {
    const plan = buildPlan('lenet-5', [1, 28, 28], 10)
    const images = syntheticImages(30, [1, 28, 28], 10, 'train')
    const trainer = createSparseTrainer(plan, wasmKernels)
    const batch = { trainer, images, indices: range(30) }
    const model = { parameters: initialParameters(plan, 5), mask: ones(plan.prunableCount) }
    const gradient = await gradientAtTemperature(batch, model, 200)
    const product = await hessianTimes(batch, model, gradient, 200)
    const shorter = await hessianTimes(batch, model, gradient, 200, 1e-6)
    trainer.dispose()
    const size = (vector: Float32Array) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
    expect(size(product.map((value, at) => value - shorter[at])) / size(product)).toBeLessThan(0.1)
  })

  it('hardly depends on the length of its vector', async () => {
    const plan = buildPlan('lenet-300-100', [1, 4, 4], 4)
    const images = syntheticImages(40, [1, 4, 4], 4, 'train')
    const batch = { trainer: createReferenceTrainer(plan), images, indices: range(40) }
    const model = { parameters: initialParameters(plan, 5), mask: ones(plan.prunableCount) }
    const gradient = await gradientAtTemperature(batch, model, 200)
    const product = await hessianTimes(batch, model, gradient, 200)
    const doubled = await hessianTimes(
      batch,
      model,
      gradient.map((value) => 2 * value),
      200,
    )
    expect(product.some((value) => value !== 0)).toBe(true)
    const size = product.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const worst = doubled.reduce((most, value, at) => Math.max(most, Math.abs(value - 2 * product[at])), 0)
    expect(worst).toBeLessThan(1e-5 * size)
  })
})

describe('synaptic flow', () => {
  it('is what it is by hand, and every layer holds all of it', () => {
    const plan = tinyPlan([2, 2], [1, 2])
    // Two biases of 0 after the first layer, one after the second.
    const { flow, scores } = synapticFlow(plan, floats(1, -2, 0.5, 3, 0, 0, 2, -1, 0))
    expect(flow).toBe(9.5)
    expect([...scores]).toEqual([2, 4, 0.5, 3, 6, 3.5])
  })

  it.each(['lenet-5', 'feddst-cnn', 'lenet-5-caffe'] as const)(
    'is conserved through convolutions and pooling of %s',
    (name) => {
      const plan = buildPlan(name, [1, 28, 28], 10)
      const parameters = initialParameters(plan, 1)
      for (const { biasOffset, biasCount } of plan.prunable) parameters.fill(0, biasOffset, biasOffset + biasCount)
      const { flow, scores } = synapticFlow(plan, parameters)
      for (const { maskOffset, weightCount } of plan.prunable) {
        const sum = scores.subarray(maskOffset, maskOffset + weightCount).reduce((total, score) => total + score, 0)
        expect(sum / flow).toBeCloseTo(1, 10)
      }
    },
  )
})

describe('the schedule of FORCE', () => {
  it('falls in equal ratios to the target', () => {
    const all = 10_000_000
    const shares = exponentialCounts(all, 0.05 * all, 5).map((count) => count / all)
    expect(rounded(shares)).toEqual([0.54928, 0.30171, 0.16572, 0.09103, 0.05])
  })
})

describe('counts over the network', () => {
  const { prunable } = buildPlan('lenet-300-100', [1, 28, 28], 10)

  it('leaves the total to the scores, with excluded layers dense', () => {
    expect(activeOverall(prunable, 0.9)).toBe(26_620)
    const { active, warnings } = overallTargets(prunable, { sparsity: 0.9, firstLayer: 'sparse', lastLayer: 'dense' })
    expect(active[2]).toBe(1000)
    expect(active.reduce((sum, count) => sum + count, 0)).toBe(26_620)
    expect(warnings).toHaveLength(1)
    const excluded = { sparsity: 0.9, firstLayer: 'dense', lastLayer: 'sparse' } as const
    expect(() => overallTargets(prunable, excluded)).toThrow(/sparsity: 0.9 cannot be reached while fc1 stay dense/)
  })

  it('keeps all weights of an excluded layer', () => {
    const plan = tinyPlan([1, 4], [1, 2])
    const scores = floats(0.5, 0.9, 0.1, 0.9, 0.05, 0.02)
    expect([...largestOverall(plan, scores, 4, ones(6), ['fc2'])]).toEqual([0, 1, 0, 1, 1, 1])
  })
})

const shape = [1, 4, 4] as const
const train = syntheticImages(60, shape, 4, 'train')

/** What the server and three clients of 10, 20 and 30 images do before round 0, on the referee trainer. */
async function drawWith(recipe: MethodRecipe, input: ExperimentInput) {
  const experiment = experimentSchema.parse({ model: 'lenet-300-100', totalClients: 3, clientsPerRound: 3, ...input })
  const plan = buildPlan('lenet-300-100', shape, 4)
  const trainer = createReferenceTrainer(plan)
  const parts = [range(60).slice(0, 10), range(60).slice(10, 30), range(60).slice(30)]
  const initial = initialParameters(plan, experiment.seed)
  const asked: { readonly active: number; readonly sentBits: number }[] = []
  const ask: FirstMaskContext['ask'] = ({ work, clients, model, download }) =>
    Promise.all(
      clients.map(async (client) => {
        const doWork = recipe.otherWork?.[work]
        if (doWork === undefined) throw new Error(work)
        const report = await doWork({
          trainer,
          experiment,
          round: -1,
          client,
          train,
          test: train,
          indices: parts[client],
          testIndices: parts[client],
          model,
          download: download?.arrays ?? {},
          state: {},
        })
        asked.push({ active: countActive(model.mask), sentBits: report.sentBits })
        return report
      }),
    )
  const clientImages = parts.map(({ length }) => length)
  const active = recipe.initialMask?.targets(plan, experiment).active ?? []
  const first = await recipe.initialMask?.draw({ plan, experiment, active, initial, clientImages, ask })
  if (first === undefined) throw new Error('no first mask')
  return { plan, experiment, trainer, initial, mask: first.mask, active: first.active ?? active, asked }
}

function gradientOf({ plan, trainer, initial }: { plan: ModelPlan; trainer: Trainer; initial: Float32Array }) {
  const { gradient } = trainer.gradient({ parameters: initial, mask: ones(plan.prunableCount) }, train, range(60))
  return plan.prunable.flatMap(({ weightOffset, weightCount }) => [
    ...gradient.subarray(weightOffset, weightOffset + weightCount),
  ])
}

const differing = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, bit, at) => sum + (bit === b[at] ? 0 : 1), 0)

describe('masks from scores at initialisation', () => {
  const everything = { sparsity: 0.9, scoringImages: 1000 } as const

  it('makes SNIP of clients’ batches the SNIP of their union', async () => {
    const drawn = await drawWith(methodRecipes.snip, everything)
    const scores = sensitivity(drawn.plan, drawn.initial, Float32Array.from(gradientOf(drawn)))
    const expected = largestOverall(
      drawn.plan,
      scores,
      activeOverall(drawn.plan.prunable, 0.9),
      ones(drawn.plan.prunableCount),
    )
    expect(differing(drawn.mask, expected)).toBeLessThan(6)
    expect(drawn.active).toEqual(activePerLayer(drawn.plan, drawn.mask))
  })

  it('removes with GraSP what has the largest score', async () => {
    const drawn = await drawWith(methodRecipes.grasp, everything)
    const { plan, trainer, initial, mask } = drawn
    const batch = { trainer, images: train, indices: range(60) }
    const model = { parameters: initial, mask: ones(plan.prunableCount) }
    const product = await hessianTimes(batch, model, await gradientAtTemperature(batch, model, 200), 200)
    const scores = graspScores(plan, initial, product)
    const mean = (bit: 0 | 1) => {
      const chosen = [...scores].filter((_, at) => mask[at] === bit)
      return chosen.reduce((sum, score) => sum + score, 0) / chosen.length
    }
    expect(mean(1)).toBeLessThan(mean(0))
    expect(countActive(mask)).toBe(activeOverall(plan.prunable, 0.9))
    // Gradients once, products once, of all three clients.
    expect(drawn.asked).toHaveLength(6)
  })

  it('prunes with SynFlow without asking anybody', async () => {
    const { plan, mask, asked } = await drawWith(methodRecipes.synflow, { sparsity: 0.95, scoringSteps: 7 })
    expect(asked).toEqual([])
    expect(countActive(mask)).toBe(activeOverall(plan.prunable, 0.95))
  })

  it('lets pruned weights return with FORCE, never with iterative SNIP, which sends less', async () => {
    const input = { sparsity: 0.9, scoringSteps: 4, scoringImages: 8 } as const
    const force = await drawWith(methodRecipes.force, input)
    const snip = await drawWith(methodRecipes['iterative-snip'], input)
    const counts = exponentialCounts(force.plan.prunableCount, activeOverall(force.plan.prunable, 0.9), 4)
    const before = [force.plan.prunableCount, ...counts.slice(0, 3)]
    for (const { asked, mask } of [force, snip]) {
      expect(asked.map(({ active }) => active)).toEqual(before.flatMap((count) => [count, count, count]))
      expect(countActive(mask)).toBe(counts[3])
    }
    expect(force.asked.every(({ sentBits }) => sentBits === 32 * force.plan.prunableCount)).toBe(true)
    expect(snip.asked.map(({ sentBits }) => sentBits)).toEqual(snip.asked.map(({ active }) => 32 * active))
    expect(differing(force.mask, snip.mask)).toBeGreaterThan(0)
  })

  it('keeps the largest initial weights of each layer', async () => {
    const { plan, initial, mask, active, asked } = await drawWith(methodRecipes['magnitude-init'], {
      sparsity: 0.8,
      lastLayer: 'dense',
    })
    expect(asked).toEqual([])
    expect(activePerLayer(plan, mask)).toEqual(active)
    expect(active[2]).toBe(400)
    const { weightOffset, weightCount } = plan.prunable[0]
    const sizes = initial.subarray(weightOffset, weightOffset + weightCount).map(Math.abs)
    const kept = sizes.filter((_, at) => mask[at] === 1)
    const gone = sizes.filter((_, at) => mask[at] === 0)
    expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(...gone))
    expect(applyMask(plan, initial, mask).filter((value) => value !== 0).length).toBeGreaterThan(countActive(mask))
  })
})

describe('a balanced batch', () => {
  it('has as many images of each class as there are', () => {
    const labels = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1, 2, 2)
    const context = {
      experiment: experimentSchema.parse({ scoringImages: 6 }),
      client: 0,
      train: { ...train, labels },
      indices: range(10),
    } as unknown as ClientContext
    const classes = [...balancedBatch(context)].map((image) => labels[image])
    expect(classes.sort()).toEqual([0, 0, 1, 1, 2, 2])
  })
})
