import type { MaskPicture } from '@contract/commands'
import type { Experiment } from '@contract/experiment'
import type { LayerHistory } from '@contract/layers'
import type { ModelSummary, RoundRecord, TopologyRecord } from '@contract/records'
import { modelSummary } from '../../../src-main/engine/accounting/model-summary'
import { clientCost, roundCost } from '../../../src-main/engine/accounting/round-cost'
import { plainWork } from '../../../src-main/engine/methods/expected-work'
import { prepareModel, type PreparedModel } from '../../../src-main/engine/methods/prepare-model'
import { methodRecipes } from '../../../src-main/engine/methods/registry'
import type { ModelPlan } from '../../../src-main/engine/models/plan'
import { namedStream } from '../../../src-main/engine/random/streams'
import { union } from '../../../src-main/engine/sparsity/exploration'
import { applyMask, randomMask } from '../../../src-main/engine/sparsity/masks'
import { MaskHistory } from '../../../src-main/engine/sparsity/mask-history'
import { packBits } from '../../../src-main/engine/sparsity/pack-bits'
import { packedMask, type PackedMask } from '../../../src-main/engine/sparsity/packed-masks'
import { topologyRecord } from '../../../src-main/engine/sparsity/topology-record'
import { moveTopology, randomGrowth } from '../../../src-main/engine/sparsity/topology-update'
import type { MaskedModel } from '../../../src-main/engine/trainer/trainer'

const asymptote: Partial<Record<string, number>> = { dynamic: 0.951, static: 0.936, none: 0.968, 'small-dense': 0.921 }
const speed: Partial<Record<string, number>> = { dynamic: 4.4, static: 4.1, none: 3.2, 'small-dense': 4.8 }

/** Masks, topology and costs are the engine's own; what training would bring is a formula with seeded noise. */
export class FakeRun {
  readonly experiment: Experiment
  readonly summary: ModelSummary
  readonly rounds: RoundRecord[] = []
  readonly topology: TopologyRecord[] = []
  readonly #prepared: PreparedModel
  readonly #clientImages: readonly number[]
  readonly #masks: Uint8Array[] = []
  #model: MaskedModel
  #fired: Uint8Array

  constructor(
    experiment: Experiment,
    inputShape: readonly [number, number, number],
    classes: number,
    clientImages: readonly number[],
  ) {
    this.experiment = experiment
    this.#clientImages = clientImages
    this.#prepared = prepareModel(experiment, inputShape, classes)
    const { plan, requestedActive, unusedBudget } = this.#prepared
    this.summary = modelSummary(plan, requestedActive, unusedBudget)
    const recipe = methodRecipes[experiment.method]
    const mask =
      recipe.initialMask === null
        ? new Uint8Array(plan.prunableCount).fill(1)
        : randomMask(plan, requestedActive, experiment.seed)
    this.#model = { mask, parameters: this.#weights(plan, mask, 0) }
    this.#fired = mask
    this.#record(0, 0, 0, this.#model, { ...this.#model, layers: plan.prunable.map(() => noMove) })
  }

  get done(): boolean {
    return this.rounds.length >= this.experiment.rounds
  }

  /** Runs one round; tells whether the topology moved after it. */
  step(): { round: RoundRecord; topology: TopologyRecord | null } {
    const round = this.rounds.length
    const { experiment } = this
    const { plan } = this.#prepared
    const noise = namedStream(experiment.seed, `fake/${experiment.method}/${round}`)
    const clients = Array.from({ length: experiment.clientsPerRound }, (_, client) => client)
    const { method } = experiment
    const progress = 1 - Math.exp(-(round + 1) / (speed[method] ?? 4))
    const seedOffset = (namedStream(experiment.seed, 'fake/offset').uniform() - 0.5) * 0.012
    const accuracy = 0.1 + ((asymptote[method] ?? 0.94) + seedOffset - 0.1) * progress + (noise.uniform() - 0.5) * 0.012
    const active = this.#prepared.requestedActive
    const cost = roundCost(
      clients.map((client) => {
        const work = plainWork({ plan, experiment, round, active, images: this.#clientImages[client] })
        return clientCost(plan, { received: active, receivesMask: true, ...work })
      }),
    )
    const record: RoundRecord = {
      round,
      clients,
      trainLoss: 2.3 * (1 - progress) + 0.12 + noise.uniform() * 0.04,
      globalAccuracy: accuracy,
      globalLoss: 2.3 * (1 - progress) + 0.16 + noise.uniform() * 0.03,
      clientAccuracies: this.#clientImages.map((_, client) => Math.max(0, accuracy - 0.02 * (client % 5))),
      clientAccuracyModel: 'global',
      activeWeights: this.summary.activeWeights,
      ...cost,
      seconds: 0.8 + noise.uniform() * 0.2 + (method === 'none' ? 0.9 : 0),
    }
    this.rounds.push(record)
    return { round: record, topology: this.#moveTopology(round) }
  }

  mask(update: number, layer: number): MaskPicture {
    const earlier = this.#masks.slice(0, update)
    return {
      layer: this.#prepared.plan.prunable[layer].name,
      shape: this.summary.layers[layer].shape,
      bits: this.#bits(this.#masks[update], layer),
      before: update === 0 ? null : this.#bits(this.#masks[update - 1], layer),
      earlier: update === 0 ? null : this.#bits(earlier.reduce(union), layer),
    }
  }

  packed(update: number, layer: number | null): PackedMask {
    const layers = layer === null ? [...this.summary.layers.keys()] : [layer]
    return packedMask(layers.map((index) => this.#bits(this.#masks[update], index)))
  }

  history(): LayerHistory {
    const roundsBefore = this.topology.map(({ update, round }) => (update === 0 ? 0 : round + 1))
    return {
      roundsBefore,
      layers: this.summary.layers.map(({ layer, weights }, index) => {
        const history = new MaskHistory(weights)
        this.#masks.forEach((mask, update) => {
          history.add(this.#bits(mask, index), roundsBefore[update])
        })
        return { layer, meanAge: history.meanAge, regrown: history.regrown, survival: history.survival() }
      }),
    }
  }

  #bits(mask: Uint8Array, layer: number): Uint8Array {
    const { maskOffset, weightCount } = this.#prepared.plan.prunable[layer]
    return packBits(mask.subarray(maskOffset, maskOffset + weightCount))
  }

  #moveTopology(round: number): TopologyRecord | null {
    const { experiment } = this
    const { plan } = this.#prepared
    const rule = methodRecipes[experiment.method].updateTopology
    if (rule === null || !rule.isDue(experiment, round)) return null
    const before = { mask: this.#model.mask, parameters: this.#weights(plan, this.#model.mask, round + 1) }
    const ratio = rule.ratioAt(experiment, round)
    const after = moveTopology(plan, before, ratio, randomGrowth(experiment.seed, round))
    this.#fired = union(this.#fired, after.mask)
    this.#model = { mask: after.mask, parameters: after.parameters }
    return this.#record(this.topology.length, round, ratio, before, after)
  }

  #record(
    update: number,
    round: number,
    ratio: number,
    before: MaskedModel,
    after: Parameters<typeof topologyRecord>[1]['after'],
  ): TopologyRecord {
    this.#masks.push(after.mask)
    const record = topologyRecord(this.#prepared.plan, {
      update,
      round,
      readjustmentRatio: ratio,
      requestedActive: this.#prepared.requestedActive,
      previousMask: before.mask,
      before,
      after,
      firstMask: this.#masks[0],
      fired: this.#fired,
    })
    this.topology.push(record)
    return record
  }

  /** Weights as training could leave them. */
  #weights(plan: ModelPlan, mask: Uint8Array, round: number): Float32Array {
    const stream = namedStream(this.experiment.seed, `fake/weights/${round}`)
    const parameters = Float32Array.from({ length: plan.parameterCount }, () => stream.uniform() - 0.5)
    return applyMask(plan, parameters, mask)
  }
}

const noMove = { dropped: new Uint32Array(), grown: new Uint32Array() }
