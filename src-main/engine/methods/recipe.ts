import type { Experiment } from '../../contract/experiment'
import type { ClientCost, ClientTransfer, RoundCost } from '../accounting/round-cost'
import type { Upload } from '../federated/aggregation'
import type { ClientReport, ClientWork } from '../federated/client-work'
import type { NamedArrays } from '../federated/named-arrays'
import type { InputShape } from '../models/architectures'
import type { ModelPlan } from '../models/plan'
import type { LayerTargets } from '../sparsity/distributions'
import type { TopologyMove } from '../sparsity/topology-update'
import type { MaskedModel } from '../trainer/trainer'

/**
 * A method is a recipe: what it does at each point of a run; a point that is null or left out does nothing, or the plain
 * thing. The round loop calls these in the order in which they stand here and knows no method by name.
 */
export interface MethodRecipe {
  /** Replaces the experiment's network before the run; null trains it as it is. */
  readonly narrowModel: ((full: ModelPlan, request: ModelRequest) => NarrowedModel) | null
  /** The mask before round 0; null is a dense network. */
  readonly initialMask: InitialMask | null
  /** Draws the clients of a round from those that own images; by default `sampleClients`. */
  readonly sampleClients?: (experiment: Experiment, round: number, clientImages: readonly number[]) => readonly number[]
  /** What the server sends to every client of the round beside the model. */
  readonly download?: (context: ServerContext) => Download
  /** What a client of the round does; by default `plainTraining`. */
  readonly localTraining?: ClientWork
  /** Other work that `ask` can give to clients, by name. */
  readonly otherWork?: Readonly<Record<string, ClientWork>>
  /** What `localTraining` will cost, known before it runs; by default the cost of `plainTraining`. */
  readonly expectedWork?: (context: ExpectedContext) => ExpectedWork
  /** One model out of the uploads of a round. */
  readonly aggregate: (context: UploadContext) => ServerStep
  /** Brings an aggregate of different client masks back to the layer counts, before it is evaluated. */
  readonly resparsify?: (context: UploadContext & { readonly model: MaskedModel }) => ServerStep
  /** Set where the server holds no model that could be evaluated; `ownModel` then is all there is. */
  readonly hasNoGlobalModel?: true
  /** The model that a client uses for itself, evaluated on its own test images in place of the global one. */
  readonly ownModel?: (context: OwnModelContext) => MaskedModel
  /** Moves the topology after a round and its evaluation; null keeps the first mask. */
  readonly updateTopology: TopologyRule | null
  /** Changes what a client's transfer costs, where a method encodes it in its own way. */
  readonly accounting?: (cost: ClientCost, context: AccountingContext) => ClientCost
}

interface ModelRequest {
  readonly experiment: Experiment
  readonly inputShape: InputShape
  readonly classes: number
}

interface NarrowedModel {
  readonly plan: ModelPlan
  /** Parameters of the budget that stay unused; null where the network is not narrower. */
  readonly unusedBudget: number | null
}

export interface InitialMask {
  /** How many weights of each layer are active; an estimate where `draw` decides the layers' shares by scores. */
  targets(plan: ModelPlan, experiment: Experiment): LayerTargets
  /** Which ones. May ask clients for scores first. */
  draw(context: FirstMaskContext): FirstMask | Promise<FirstMask>
  /** What asking the clients will cost, before round 0; left out when nobody is asked. */
  expectedScoring?(plan: ModelPlan, experiment: Experiment, clientImages: readonly number[]): RoundCost
}

export interface FirstMaskContext {
  readonly plan: ModelPlan
  readonly experiment: Experiment
  /** The targets' counts. */
  readonly active: readonly number[]
  /** Dense initial parameters. */
  readonly initial: Float32Array
  /** Training images of every client. */
  readonly clientImages: readonly number[]
  /** Gives work to clients and counts what it costs into round 0. Reports come in the order of `clients`. */
  readonly ask: (question: Question) => Promise<readonly ClientReport[]>
}

export interface Question {
  /** A name in `otherWork`. */
  readonly work: string
  readonly clients: readonly number[]
  readonly model: MaskedModel
  readonly download?: Download
}

export interface Download {
  readonly arrays: NamedArrays
  readonly bits: number
}

export interface FirstMask {
  readonly mask: Uint8Array
  /** Active weights of each layer where they are not the targets'. */
  readonly active?: readonly number[]
  /** What the method remembers on the server. */
  readonly state?: NamedArrays
}

export interface ServerContext {
  readonly plan: ModelPlan
  readonly experiment: Experiment
  readonly round: number
  /** The model that the clients of this round receive. */
  readonly received: MaskedModel
  /** Active weights that each layer should have during this round. */
  readonly requestedActive: readonly number[]
  readonly firstMask: Uint8Array
  /** 1 for every weight that was ever active. */
  readonly fired: Uint8Array
  /** What the method remembers on the server. */
  readonly state: NamedArrays
}

export interface UploadContext extends ServerContext {
  /** In the order of the round's clients: rising ids unless the recipe samples otherwise. */
  readonly uploads: readonly Upload[]
}

export interface ServerStep extends MaskedModel {
  /** Replaces all that the method remembers on the server; left out, it stays. */
  readonly state?: NamedArrays
}

interface OwnModelContext extends ServerContext {
  readonly client: number
  /** The global model after aggregation. */
  readonly model: MaskedModel
  readonly clientState: NamedArrays
}

interface ExpectedContext {
  readonly plan: ModelPlan
  readonly experiment: Experiment
  readonly round: number
  /** Active weights per layer of the model received. */
  readonly active: readonly number[]
  /** Training images of the client. */
  readonly images: number
}

export type ExpectedWork = Pick<ClientTransfer, 'receivedBits' | 'sent' | 'sendsMask' | 'sentBits' | 'flops'>

export interface TopologyRule {
  /** Share of the active weights replaced if the topology moves after this round; 0 when it is frozen. */
  ratioAt(experiment: Experiment, round: number): number
  isDue(experiment: Experiment, round: number): boolean
  move(context: TopologyContext): TopologyMove
  /** Whether every layer gets its share R by chance, so that the weights ever tried can be foretold; left out, it does not. */
  growsAtRandom?(experiment: Experiment): boolean
  /**
   * Active weights per layer after the update of this round, as far as they are known before the run; by default what they
   * were. `first` are those of the first mask.
   */
  activeAfter?(plan: ModelPlan, experiment: Experiment, round: number, first: readonly number[]): readonly number[]
}

export interface TopologyContext extends UploadContext {
  readonly ratio: number
  /** The aggregated model. */
  readonly model: MaskedModel
}

interface AccountingContext {
  readonly plan: ModelPlan
  readonly experiment: Experiment
  readonly round: number
  readonly transfer: ClientTransfer
}
