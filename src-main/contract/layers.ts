import type { WeightHistogram } from './records'

/** What the layers page asks about masks: measured from the mask files, not kept in the records. */

export interface LayerHistory {
  /** Rounds trained before each update's mask came into force. */
  readonly roundsBefore: readonly number[]
  readonly layers: readonly {
    readonly layer: string
    /** Mean age, in rounds, of the connections alive after each update. */
    readonly meanAge: readonly number[]
    /** Per update, connections that grew where one had been in an earlier mask. */
    readonly regrown: readonly number[]
    /** Share of connections alive 0, 1, 2, … updates after their birth. */
    readonly survival: readonly number[]
  }[]
}

/** Jaccard similarity of masks, pair by pair; null where two masks are of different networks. */
export interface MaskSimilarity {
  /** The update of every row and column. */
  readonly updates: readonly number[]
  readonly jaccard: readonly (readonly (number | null)[])[]
}

/** Connections of the units of a layer: neurons, or the channels of a convolution. */
export interface UnitDegrees {
  readonly layer: string
  /** Active weights into each unit. */
  readonly incoming: readonly number[]
  /** Active weights that read each unit in the next layer; null for the last layer. */
  readonly outgoing: readonly number[] | null
}

/** Units without a connection on one side: whatever they compute reaches nothing, or comes from nothing. */
export function countDeadUnits({ incoming, outgoing }: UnitDegrees): number {
  return incoming.filter((count, unit) => count === 0 || outgoing?.[unit] === 0).length
}

/** The weights of a run as its newest checkpoint holds them. */
export interface CurrentWeights {
  /** Rounds trained. */
  readonly roundsDone: number
  readonly layers: readonly { readonly layer: string; readonly weights: number; readonly histogram: WeightHistogram }[]
}
