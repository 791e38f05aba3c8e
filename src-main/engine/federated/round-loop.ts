import { EspalierError } from '../../contract/commands'
import type { RunProgress } from '../../contract/events'
import type { Experiment } from '../../contract/experiment'
import type { RoundRecord } from '../../contract/records'
import { modelSummary } from '../accounting/model-summary'
import { partitionData, type Partition } from '../data/partition'
import { prepareModel } from '../methods/prepare-model'
import type { MethodRecipe } from '../methods/recipe'
import { methodRecipes } from '../methods/registry'
import { initialParameters } from '../models/initialise'
import type { ModelPlan } from '../models/plan'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream } from '../random/streams'
import { union } from '../sparsity/exploration'
import { activePerLayer, applyMask } from '../sparsity/masks'
import { topologyRecord } from '../sparsity/topology-record'
import type { TopologyMove } from '../sparsity/topology-update'
import type { MaskedModel } from '../trainer/trainer'
import { weightedMean } from './aggregation'
import type { ClientPool, PooledClientResult, PooledClientTask } from './client-pool'
import { accuracyOn } from './evaluation'
import { accountRound, gradientBatchSize, withMaskVersion } from './round-traffic'
import type { RunCheckpoint, RunEvent } from './run-events'
import { sampleClients } from './sample-clients'
import { watch } from './watch'

export interface RunInput {
  readonly experiment: Experiment
  readonly classes: number
  /** Its trainers must serve the plan that `prepareModel` gives for this experiment. */
  readonly pool: ClientPool
  /** Where to go on; null starts afresh. */
  readonly checkpoint: RunCheckpoint | null
  readonly signal: AbortSignal
  /** What the method does; by default the registered recipe of `experiment.method`. */
  readonly recipe?: MethodRecipe
}

/** What stays the same over the rounds of a run. */
interface Setting {
  readonly experiment: Experiment
  readonly recipe: MethodRecipe
  readonly pool: ClientPool
  readonly plan: ModelPlan
  readonly requestedActive: readonly number[]
  readonly partition: Partition
  readonly clientImages: readonly number[]
  readonly signal: AbortSignal
}

/**
 * Runs an experiment (FedAvg or FedProx with the method's recipe) and yields what must be written down, in order. Every
 * `round` event carries the state from which the same bits follow again; whatever was yielded after the last of them does
 * not count. Throws the signal's reason soon after it aborts, and an EspalierError when the experiment does not fit the
 * data, the checkpoint does not fit the experiment, or training diverges.
 */
export async function* runExperiment(input: RunInput): AsyncGenerator<RunEvent> {
  const { experiment, classes, pool, checkpoint, signal } = input
  signal.throwIfAborted()
  const recipe = input.recipe ?? methodRecipes[experiment.method]
  const { plan, requestedActive, unusedBudget } = prepareModel(experiment, pool.train.shape, classes, recipe)
  const partition = partitionData(experiment, pool.train.labels, pool.test.labels)
  const clientImages = partition.train.map((indices) => indices.length)
  const setting = { experiment, recipe, pool, plan, requestedActive, partition, clientImages, signal }

  let state: RunCheckpoint
  if (checkpoint === null) {
    yield { type: 'started', summary: modelSummary(plan, requestedActive, unusedBudget) }
    const first = firstModel(setting)
    yield first.event
    state = first.state
  } else {
    checkCheckpoint(checkpoint, plan, experiment)
    state = checkpoint
  }
  while (state.nextRound < experiment.rounds) state = yield* runRound(setting, state)
  yield { type: 'finished', state }
}

function firstModel({ experiment, recipe, plan, requestedActive }: Setting) {
  const initial = initialParameters(plan, experiment.seed)
  const mask =
    recipe.initialMask?.draw(plan, requestedActive, experiment.seed) ?? new Uint8Array(plan.prunableCount).fill(1)
  const model = { parameters: applyMask(plan, initial, mask), mask }
  const record = topologyRecord(plan, {
    update: 0,
    round: 0,
    readjustmentRatio: 0,
    requestedActive,
    before: { parameters: initial, mask },
    after: unmoved(plan, model),
    firstMask: mask,
    fired: mask,
  })
  const event: RunEvent = { type: 'topology', record, mask }
  const state: RunCheckpoint = {
    nextRound: 0,
    topologyUpdates: 1,
    ...model,
    firstMask: mask,
    fired: mask,
    maskVersions: new Int32Array(experiment.totalClients).fill(-1),
  }
  return { event, state }
}

async function* runRound(setting: Setting, state: RunCheckpoint): AsyncGenerator<RunEvent, RunCheckpoint> {
  const { experiment, recipe, plan, clientImages, requestedActive } = setting
  const startedAt = performance.now()
  const round = state.nextRound
  const clients = sampleClients(experiment, round, clientImages)
  const progress = (phase: RunProgress['phase'], clientsDone: number): RunEvent => ({
    type: 'progress',
    progress: { round, rounds: experiment.rounds, clientsDone, clientsInRound: clients.length, phase },
  })

  yield progress('training', 0)
  const results = yield* trainRound(setting, state, clients, (done) => progress('training', done))
  const samples = clients.map((client) => clientImages[client])
  const aggregated = recipe.aggregate(
    plan,
    results.map(({ parameters }, index) => ({ parameters, mask: state.mask, samples: samples[index] })),
  )
  const model = recipe.resparsify?.(plan, requestedActive, aggregated) ?? aggregated
  const trainLoss = meanStepLoss(results)
  if (!Number.isFinite(trainLoss) || !model.parameters.every(Number.isFinite)) throw diverged(round)

  const isEvaluated = (round + 1) % experiment.evaluationInterval === 0 || round === experiment.rounds - 1
  if (isEvaluated) yield progress('evaluation', clients.length)
  const evaluation = isEvaluated ? yield* evaluateRound(setting, model) : notEvaluated
  if (evaluation.globalLoss !== null && !Number.isFinite(evaluation.globalLoss)) throw diverged(round)

  const active = activePerLayer(plan, state.mask)
  const maskVersion = state.topologyUpdates - 1
  const cost = accountRound({
    plan,
    experiment,
    recipe,
    round,
    active,
    clients,
    clientImages,
    maskVersion,
    maskVersions: state.maskVersions,
  })

  const rule = recipe.updateTopology
  const isMoving = rule?.isDue(experiment, round) ?? false
  if (isMoving) yield progress('topology', clients.length)
  setting.signal.throwIfAborted()
  const ratio = isMoving ? (rule?.ratioAt(experiment, round) ?? 0) : 0
  const gradient = meanGradient(results, samples)
  const next = isMoving
    ? (rule?.move({ plan, experiment, round, ratio, model, gradient }) ?? unmoved(plan, model))
    : unmoved(plan, model)

  let nextState: RunCheckpoint = {
    ...state,
    nextRound: round + 1,
    parameters: next.parameters,
    maskVersions: withMaskVersion(state.maskVersions, clients, maskVersion),
  }
  if (isMoving || changed(state.mask, next.mask)) {
    const update = state.topologyUpdates
    const fired = union(state.fired, next.mask)
    const record = topologyRecord(plan, {
      update,
      round,
      readjustmentRatio: ratio,
      requestedActive,
      before: model,
      after: next,
      firstMask: state.firstMask,
      fired,
    })
    yield { type: 'topology', record, mask: next.mask }
    nextState = { ...nextState, topologyUpdates: update + 1, mask: next.mask, fired }
  }

  const record: RoundRecord = {
    round,
    clients,
    trainLoss,
    ...evaluation,
    activeWeights: active.reduce((sum, count) => sum + count, 0),
    ...cost,
    seconds: (performance.now() - startedAt) / 1000,
  }
  yield { type: 'round', record, state: nextState }
  return nextState
}

async function* trainRound(
  { experiment, recipe, pool, partition, signal }: Setting,
  state: RunCheckpoint,
  clients: readonly number[],
  toEvent: (done: number) => RunEvent,
): AsyncGenerator<RunEvent, PooledClientResult[]> {
  const round = state.nextRound
  const wantsGradient = recipe.beforeUpload?.(experiment, round).denseGradient ?? false
  const tasks = clients.map((client): PooledClientTask => {
    const indices = partition.train[client]
    return {
      parameters: state.parameters,
      mask: state.mask,
      indices,
      localEpochs: experiment.localEpochs,
      batchSize: experiment.batchSize,
      learningRate: experiment.learningRate,
      momentum: experiment.momentum,
      weightDecay: experiment.weightDecay,
      proximalCoefficient: experiment.proximalCoefficient,
      seed: experiment.seed,
      batchOrderLabel: `batches/${round}/${client}`,
      gradientIndices: wantsGradient
        ? drawWithoutReplacement(
            namedStream(experiment.seed, `gradient/${round}/${client}`),
            indices.slice(),
            gradientBatchSize(experiment, indices.length),
          )
        : null,
    }
  })
  return yield* watch<RunEvent, PooledClientResult[]>(
    (report) =>
      pool.trainClients(
        tasks,
        (done) => {
          report(toEvent(done))
        },
        signal,
      ),
    signal,
  )
}

const notEvaluated = { globalAccuracy: null, globalLoss: null, clientAccuracies: null }

async function* evaluateRound(
  { pool, partition, signal }: Setting,
  model: MaskedModel,
): AsyncGenerator<RunEvent, Pick<RoundRecord, 'globalAccuracy' | 'globalLoss' | 'clientAccuracies'>> {
  const { lossSum, correct } = yield* watch<RunEvent, { lossSum: number; correct: Uint8Array }>(
    () => pool.evaluateTestSet(model, signal),
    signal,
  )
  return {
    globalAccuracy: correct.reduce((hits, hit) => hits + hit, 0) / correct.length,
    globalLoss: lossSum / correct.length,
    clientAccuracies: partition.test.map((indices) => accuracyOn(correct, indices)),
  }
}

function meanStepLoss(results: readonly PooledClientResult[]): number {
  const steps = results.reduce((sum, result) => sum + result.steps, 0)
  return results.reduce((sum, result) => sum + result.lossSum, 0) / steps
}

function meanGradient(results: readonly PooledClientResult[], samples: readonly number[]): Float32Array | null {
  const gradients = results.flatMap(({ denseGradient }) => (denseGradient === null ? [] : [denseGradient]))
  return gradients.length === results.length ? weightedMean(gradients, samples) : null
}

function unmoved(plan: ModelPlan, model: MaskedModel): TopologyMove {
  const nothing = new Uint32Array(0)
  return { ...model, layers: plan.prunable.map(() => ({ dropped: nothing, grown: nothing })) }
}

function changed(before: Uint8Array, after: Uint8Array): boolean {
  return before.some((bit, index) => bit !== after[index])
}

function diverged(round: number): EspalierError {
  return new EspalierError(
    'failed',
    `Training diverged in round ${round}: the loss or a weight is no longer a finite number. Lower learningRate or momentum.`,
  )
}

function checkCheckpoint(checkpoint: RunCheckpoint, plan: ModelPlan, experiment: Experiment): void {
  const lengths = [
    ['parameters', checkpoint.parameters.length, plan.parameterCount],
    ['mask', checkpoint.mask.length, plan.prunableCount],
    ['firstMask', checkpoint.firstMask.length, plan.prunableCount],
    ['fired', checkpoint.fired.length, plan.prunableCount],
    ['maskVersions', checkpoint.maskVersions.length, experiment.totalClients],
  ] as const
  for (const [name, length, expected] of lengths) {
    if (length !== expected) {
      throw new EspalierError(
        'failed',
        `The checkpoint does not belong to this experiment: ${name} has ${length} entries, ${expected} expected.`,
      )
    }
  }
}
