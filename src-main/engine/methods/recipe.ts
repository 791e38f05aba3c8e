import type { Experiment } from '../../contract/experiment'
import type { RoundCost } from '../accounting/round-cost'
import type { Upload } from '../federated/aggregation'
import type { InputShape } from '../models/architectures'
import type { ModelPlan } from '../models/plan'
import type { LayerTargets } from '../sparsity/distributions'
import type { TopologyMove } from '../sparsity/topology-update'
import type { MaskedModel } from '../trainer/trainer'

/**
 * A method is a recipe: what it does at each point of a run, null where it does nothing there. The round loop calls these
 * and knows no method by name. The seventh point, after every optimiser step, belongs to the trainer, which keeps masked
 * weights and their momentum at 0.
 */
export interface MethodRecipe {
  /** Replaces the experiment's network before the run; null trains it as it is. */
  readonly narrowModel: ((full: ModelPlan, request: ModelRequest) => NarrowedModel) | null
  /** The mask before round 0; null is a dense network. */
  readonly initialMask: InitialMask | null
  /** What clients send besides their weights; null for nothing. */
  readonly beforeUpload: ((experiment: Experiment, round: number) => UploadRequest) | null
  /** One model out of the uploads of a round, which come in the order of the client ids. */
  readonly aggregate: (plan: ModelPlan, uploads: readonly Upload[]) => MaskedModel
  /** Brings an aggregate of different client masks back to the layer counts, before it is evaluated. */
  readonly resparsify?: (plan: ModelPlan, requestedActive: readonly number[], model: MaskedModel) => MaskedModel
  /** Moves the topology after a round and its evaluation; null keeps the first mask. */
  readonly updateTopology: TopologyRule | null
  /** Adds what the method costs beyond the model's own traffic and training. */
  readonly accounting?: (cost: RoundCost, plan: ModelPlan, experiment: Experiment, round: number) => RoundCost
}

interface ModelRequest {
  readonly experiment: Experiment
  readonly inputShape: InputShape
  readonly classes: number
}

interface NarrowedModel {
  readonly plan: ModelPlan
  /** Parameters of the budget that stay unused. */
  readonly unusedBudget: number
}

interface InitialMask {
  /** How many weights of each layer are active. */
  targets(plan: ModelPlan, experiment: Experiment): LayerTargets
  /** Which ones. */
  draw(plan: ModelPlan, active: readonly number[], seed: number): Uint8Array
}

interface UploadRequest {
  /** Whether each client sends the dense gradient of one batch, taken after its training. */
  readonly denseGradient: boolean
}

interface TopologyRule {
  /** Share of the active weights replaced if the topology moves after this round; 0 when it is frozen. */
  ratioAt(experiment: Experiment, round: number): number
  isDue(experiment: Experiment, round: number): boolean
  move(context: TopologyContext): TopologyMove
}

interface TopologyContext {
  readonly plan: ModelPlan
  readonly experiment: Experiment
  readonly round: number
  readonly ratio: number
  readonly model: MaskedModel
  /** Sample-weighted mean of the clients' dense gradients; null when none was asked for. */
  readonly gradient: Float32Array | null
}
