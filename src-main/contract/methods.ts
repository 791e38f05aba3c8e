import { ablationMethods } from './methods/ablation'
import { fixedMaskMethods } from './methods/fixed-mask'
import { gradualMethods } from './methods/gradual'
import { federatedMethods } from './methods/federated'
import { movingMaskMethods } from './methods/moving-mask'
import { publishedCodeMethods } from './methods/published-code'

/**
 * Every method, described for those who choose one: the form, `--method`, `espalier methods`, tables. What a method does
 * stands in the engine's registry under the same name.
 */

/** In the order in which they are shown. */
export const methodGroups = ['ablation', 'fixed-mask', 'gradual', 'moving-mask', 'federated'] as const
export type MethodGroup = (typeof methodGroups)[number]

export interface MethodDescription {
  readonly group: MethodGroup
  /** As the field calls it. */
  readonly title: string
  /** Authors and year; empty for a plain baseline. */
  readonly paper: string
  /** What it does and how a centralised method is mapped to rounds, in English; the window shows its own translations. */
  readonly help: string
  readonly parts: MethodParts
  /** Fields of the experiment that are marked as a method's (`appliesTo: 'method'`) and that this one reads. */
  readonly parameters: readonly string[]
  /** It executes a published program, which knows its own forms of uniform, er and erk alone. */
  readonly publishedCode?: true
  /** What fields left out are for this method, where that is not what they are for the others. */
  readonly defaults?: Readonly<Record<string, number>>
  /** It moves weights, so it needs a sparsity above 0. */
  readonly needsSparsity?: true
  /** With R = 0 it is its own control: its first mask, never moved. */
  readonly isFixedAtZeroRatio?: true
  /** Every client has a model of its own; their accuracies stand in for the global one, which is another quantity. */
  readonly personalised?: true
  /**
   * What a client transfers in a round, for those who count: O_d the dense model, O_s the sparse one (values and what the
   * encoding adds), O_ξ gradients of candidates (Huang et al. 2025, appendix).
   */
  readonly communication: string
  /** No code of its authors was at hand: it follows the paper's text alone. */
  readonly fromTextOnly?: true
}

/** The orthogonal parts of a recipe, in a few English words each. */
export interface MethodParts {
  readonly distribution: string
  readonly initialMask: string
  readonly drop: string
  readonly grow: string
  readonly schedule: string
  /** Where the topology is decided: on the server or on the clients. */
  readonly place: 'server' | 'clients' | 'none'
  readonly aggregation: string
}

const descriptions = {
  ...ablationMethods,
  ...fixedMaskMethods,
  ...gradualMethods,
  ...movingMaskMethods,
  ...federatedMethods,
  ...publishedCodeMethods,
}

export type MethodName = keyof typeof descriptions
/** Every transfer formula there is, for those who translate them. */
export type TransferFormula = (typeof descriptions)[MethodName]['communication']
type MethodParameter = (typeof descriptions)[MethodName]['parameters'][number]
/** Every method by name, in the order of their groups. */
export const methods: Readonly<
  Record<
    MethodName,
    MethodDescription & { readonly parameters: readonly MethodParameter[]; readonly communication: TransferFormula }
  >
> = descriptions
export const methodNames = Object.keys(descriptions) as MethodName[]
/** The four arms of the ablation, in the order in which they are shown. */
export const ablationArms = Object.keys(ablationMethods) as (keyof typeof ablationMethods)[]
