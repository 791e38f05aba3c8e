import { EspalierError } from '../../contract/commands'
import type { RunProgress } from '../../contract/events'
import type { Experiment } from '../../contract/experiment'
import type { RoundRecord } from '../../contract/records'
import { modelSummary } from '../accounting/model-summary'
import { addCosts, roundCost, type ClientTransfer, type RoundCost } from '../accounting/round-cost'
import { partitionData, type Partition } from '../data/partition'
import { prepareModel } from '../methods/prepare-model'
import type { Download, FirstMask, MethodRecipe, Question, ServerContext } from '../methods/recipe'
import { methodRecipes } from '../methods/registry'
import { initialParameters } from '../models/initialise'
import type { ModelPlan } from '../models/plan'
import { range } from '../random/draw'
import { changedPerLayer, union } from '../sparsity/exploration'
import { activePerLayer, applyMask } from '../sparsity/masks'
import { topologyRecord } from '../sparsity/topology-record'
import { unmoved } from '../sparsity/topology-update'
import type { Evaluation, MaskedModel } from '../trainer/trainer'
import type { Upload } from './aggregation'
import type { ClientJob, ClientPool } from './client-pool'
import type { ClientReport } from './client-work'
import { accuracyOn } from './evaluation'
import type { NamedArrays } from './named-arrays'
import { accountRound, withMaskVersion } from './round-traffic'
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
  /** What the method does; by default the registered recipe of `experiment.method`. The pool must know it too. */
  readonly recipe?: MethodRecipe
}

type RunState = RunCheckpoint & { readonly requestedActive: readonly number[] }

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
  const partition = partitionData(experiment, pool.train.trueLabels ?? pool.train.labels, pool.test.labels)
  const clientImages = partition.train.map((indices) => indices.length)
  const setting = { experiment, recipe, pool, plan, requestedActive, partition, clientImages, signal }

  let state: RunState
  // What happened before round 0 is written down with it.
  let costBefore = roundCost([])
  if (checkpoint === null) {
    yield { type: 'started', summary: modelSummary(plan, requestedActive, unusedBudget) }
    const first = yield* firstModel(setting)
    yield first.event
    state = first.state
    costBefore = first.cost
  } else {
    checkCheckpoint(checkpoint, plan, experiment)
    state = { ...checkpoint, requestedActive: checkpoint.requestedActive ?? requestedActive }
  }
  while (state.nextRound < experiment.rounds) {
    state = yield* runRound(setting, state, costBefore)
    costBefore = roundCost([])
  }
  yield { type: 'finished', state }
}

async function* firstModel(setting: Setting): AsyncGenerator<RunEvent, FirstModel> {
  const { experiment, recipe, plan, requestedActive: active, clientImages, signal } = setting
  const initial = initialParameters(plan, experiment.seed)
  const transfers: ClientTransfer[] = []
  const first: FirstMask =
    recipe.initialMask === null
      ? { mask: new Uint8Array(plan.prunableCount).fill(1) }
      : yield* watch<RunEvent, FirstMask>(
          async (report) =>
            (await recipe.initialMask?.draw({
              plan,
              experiment,
              active,
              initial,
              clientImages,
              ask: (question) => answer(setting, question, transfers, report),
            })) ?? { mask: new Uint8Array(0) },
          signal,
        )
  const { mask } = first
  const requestedActive = first.active ?? active
  const model = { parameters: applyMask(plan, initial, mask), mask }
  const record = topologyRecord(plan, {
    update: 0,
    round: 0,
    readjustmentRatio: 0,
    requestedActive,
    previousMask: mask,
    before: { parameters: initial, mask },
    after: unmoved(plan, model),
    firstMask: mask,
    fired: mask,
  })
  return {
    event: { type: 'topology', record, mask },
    state: {
      nextRound: 0,
      topologyUpdates: 1,
      ...model,
      firstMask: mask,
      fired: mask,
      requestedActive,
      serverState: first.state ?? {},
      clientStates: new Map(),
      maskVersions: new Int32Array(experiment.totalClients).fill(-1),
      maskChange: null,
    },
    cost: accountRound({ plan, experiment, recipe, round: -1, transfers }),
  }
}

interface FirstModel {
  readonly event: RunEvent
  readonly state: RunState
  /** Of what clients were asked. */
  readonly cost: RoundCost
}

/** Clients' answers to a question before round 0. */
async function answer(
  { experiment, plan, pool, partition, signal }: Setting,
  { work, clients, model, download }: Question,
  transfers: ClientTransfer[],
  report: (event: RunEvent) => void,
): Promise<ClientReport[]> {
  const jobs = clients.map((client): ClientJob => ({
    work,
    experiment,
    round: -1,
    client,
    parameters: model.parameters,
    mask: model.mask,
    indices: partition.train[client],
    testIndices: partition.test[client],
    download: download?.arrays ?? {},
    state: {},
  }))
  const reports = await pool.trainClients(
    jobs,
    (clientsDone) => {
      const progress = { round: 0, rounds: experiment.rounds, clientsDone, clientsInRound: clients.length }
      report({ type: 'progress', progress: { ...progress, phase: 'topology' } })
    },
    signal,
  )
  for (const { sentBits, flops } of reports) {
    transfers.push({
      received: activePerLayer(plan, model.mask),
      receivesMask: true,
      receivedBits: download?.bits ?? 0,
      sent: null,
      sendsMask: false,
      sentBits,
      flops,
    })
  }
  return reports
}

async function* runRound(setting: Setting, state: RunState, costBefore: RoundCost): AsyncGenerator<RunEvent, RunState> {
  const { experiment, recipe, plan, clientImages } = setting
  const startedAt = performance.now()
  const round = state.nextRound
  const clients = [...(recipe.sampleClients ?? sampleClients)(experiment, round, clientImages)]
  const progress = (phase: RunProgress['phase'], clientsDone: number): RunEvent => ({
    type: 'progress',
    progress: { round, rounds: experiment.rounds, clientsDone, clientsInRound: clients.length, phase },
  })
  const context: ServerContext = {
    plan,
    experiment,
    round,
    received: { parameters: state.parameters, mask: state.mask },
    requestedActive: state.requestedActive,
    firstMask: state.firstMask,
    fired: state.fired,
    state: state.serverState,
  }
  const download = recipe.download?.(context) ?? { arrays: {}, bits: 0 }

  yield progress('training', 0)
  const reports = yield* trainRound(setting, state, clients, download, (done) => progress('training', done))
  const uploads = reports.map(({ parameters, mask, sent }, index): Upload => {
    if (parameters === null) throw new Error(`client ${clients[index]} sent no parameters`)
    const client = clients[index]
    return { client, samples: clientImages[client], parameters, mask: mask ?? state.mask, sent }
  })
  const aggregated = recipe.aggregate({ ...context, uploads })
  const afterAggregation = { ...context, uploads, state: aggregated.state ?? context.state }
  const model = recipe.resparsify?.({ ...afterAggregation, model: aggregated }) ?? aggregated
  const aggregateContext = { ...afterAggregation, state: model.state ?? afterAggregation.state }
  const trainLoss = meanStepLoss(reports)
  if (!Number.isFinite(trainLoss) || !areFinite(model.parameters)) throw diverged(round)
  const clientStates = new Map(state.clientStates)
  reports.forEach((report, index) => {
    if (Object.keys(report.state).length > 0) clientStates.set(clients[index], report.state)
    else clientStates.delete(clients[index])
  })

  const isEvaluated = (round + 1) % experiment.evaluationInterval === 0 || round === experiment.rounds - 1
  if (isEvaluated) yield progress('evaluation', clients.length)
  const evaluation = isEvaluated ? yield* evaluateRound(setting, aggregateContext, model, clientStates) : notEvaluated
  if (evaluation.globalLoss !== null && !Number.isFinite(evaluation.globalLoss)) throw diverged(round)

  const active = activePerLayer(plan, state.mask)
  const maskVersion = state.topologyUpdates - 1
  const transfers = reports.map((report, index) => ({
    received: active,
    receivesMask: state.maskVersions[clients[index]] !== maskVersion,
    receivedChange: state.maskVersions[clients[index]] === maskVersion - 1 ? state.maskChange : null,
    receivedBits: download.bits,
    sent: report.mask === null ? active : activePerLayer(plan, report.mask),
    sendsMask: report.mask !== null,
    sentChange: report.mask === null ? null : changedPerLayer(plan, state.mask, report.mask),
    sentBits: report.sentBits,
    flops: report.flops,
    ...report.transfer,
  }))
  const cost = addCosts(accountRound({ plan, experiment, recipe, round, transfers }), costBefore)

  const rule = recipe.updateTopology
  const isMoving = rule?.isDue(experiment, round) ?? false
  if (isMoving) yield progress('topology', clients.length)
  setting.signal.throwIfAborted()
  const ratio = isMoving ? (rule?.ratioAt(experiment, round) ?? 0) : 0
  const next = isMoving
    ? (rule?.move({ ...aggregateContext, ratio, model }) ?? unmoved(plan, model))
    : unmoved(plan, model)
  const requestedActive = next.requestedActive ?? state.requestedActive

  let nextState: RunState = {
    ...state,
    nextRound: round + 1,
    parameters: next.parameters,
    requestedActive,
    serverState: next.state ?? aggregateContext.state,
    clientStates,
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
      previousMask: state.mask,
      before: model,
      after: next,
      firstMask: state.firstMask,
      fired,
      uploads,
    })
    yield { type: 'topology', record, mask: next.mask }
    nextState = {
      ...nextState,
      topologyUpdates: update + 1,
      mask: next.mask,
      fired,
      maskChange: changedPerLayer(plan, state.mask, next.mask),
    }
  }

  const record: RoundRecord = {
    round,
    clients,
    trainLoss,
    ...evaluation,
    activeWeights: activeWeights(recipe, active, transfers),
    ...cost,
    seconds: (performance.now() - startedAt) / 1000,
  }
  yield { type: 'round', record, state: nextState }
  return nextState
}

async function* trainRound(
  { experiment, pool, partition, signal }: Setting,
  state: RunCheckpoint,
  clients: readonly number[],
  download: Download,
  toEvent: (done: number) => RunEvent,
): AsyncGenerator<RunEvent, ClientReport[]> {
  const jobs = clients.map((client): ClientJob => ({
    work: null,
    experiment,
    round: state.nextRound,
    client,
    parameters: state.parameters,
    mask: state.mask,
    indices: partition.train[client],
    testIndices: partition.test[client],
    download: download.arrays,
    state: state.clientStates.get(client) ?? {},
  }))
  return yield* watch<RunEvent, ClientReport[]>(
    (report) =>
      pool.trainClients(
        jobs,
        (done) => {
          report(toEvent(done))
        },
        signal,
      ),
    signal,
  )
}

type EvaluatedFields = Pick<RoundRecord, 'globalAccuracy' | 'globalLoss' | 'clientAccuracies' | 'clientAccuracyModel'>
const notEvaluated: EvaluatedFields = {
  globalAccuracy: null,
  globalLoss: null,
  clientAccuracies: null,
  clientAccuracyModel: 'global',
}

async function* evaluateRound(
  { recipe, pool, partition, signal }: Setting,
  context: ServerContext,
  model: MaskedModel,
  clientStates: ReadonlyMap<number, NamedArrays>,
): AsyncGenerator<RunEvent, EvaluatedFields> {
  const { ownModel } = recipe
  let global: Pick<RoundRecord, 'globalAccuracy' | 'globalLoss'> = { globalAccuracy: null, globalLoss: null }
  if (recipe.hasNoGlobalModel !== true) {
    const { lossSum, correct } = yield* watch<RunEvent, Evaluation>(() => pool.evaluateTestSet(model, signal), signal)
    global = {
      globalAccuracy: correct.reduce((hits, hit) => hits + hit, 0) / correct.length,
      globalLoss: lossSum / correct.length,
    }
    if (ownModel === undefined) {
      const clientAccuracies = partition.test.map((indices) => accuracyOn(correct, indices))
      return { ...global, clientAccuracies, clientAccuracyModel: 'global' }
    }
  }
  if (ownModel === undefined) throw new Error('a method without a global model needs own models')
  const jobs = partition.test.map((indices, client) => ({
    ...ownModel({ ...context, client, model, clientState: clientStates.get(client) ?? {} }),
    indices,
  }))
  const own = yield* watch<RunEvent, Evaluation[]>(
    () =>
      pool.evaluateEach(
        jobs.filter(({ indices }) => indices.length > 0),
        signal,
      ),
    signal,
  )
  let next = 0
  const clientAccuracies = jobs.map(({ indices }) =>
    indices.length === 0 ? null : accuracyOn(own[next++].correct, range(indices.length)),
  )
  return { ...global, clientAccuracies, clientAccuracyModel: 'own' }
}

/** Of the global mask, or where every client has its own the mean of theirs, rounded. */
function activeWeights(recipe: MethodRecipe, active: readonly number[], transfers: readonly ClientTransfer[]): number {
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0)
  if (recipe.ownModel === undefined) return total(active)
  return Math.round(total(transfers.map(({ sent }) => total(sent ?? active))) / transfers.length)
}

function meanStepLoss(reports: readonly ClientReport[]): number {
  const steps = reports.reduce((sum, report) => sum + report.steps, 0)
  return reports.reduce((sum, report) => sum + report.lossSum, 0) / steps
}

function changed(before: Uint8Array, after: Uint8Array): boolean {
  return Buffer.compare(before, after) !== 0
}

function areFinite(values: Float32Array): boolean {
  // NaN and infinity times 0 are NaN, which stays.
  let zero = 0
  for (let at = 0; at < values.length; at++) zero += values[at] * 0
  return zero === 0
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
    ['requestedActive', checkpoint.requestedActive?.length ?? plan.prunable.length, plan.prunable.length],
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
