import type { ModelPlan } from '../models/plan'
import { modelBits, plainFormat, wholeBytes, type TransferFormat } from './communication'

export interface RoundCost {
  readonly downloadBytes: number
  readonly uploadBytes: number
  readonly trainingFlops: number
  /** Of the client that computes most. */
  readonly largestClientFlops: number
}

/** What one client receives, computes and sends. */
export interface ClientTransfer {
  /** Active weights per layer of the model it receives. */
  readonly received: readonly number[]
  /** Whether the mask travels with it because the client does not know it yet. */
  readonly receivesMask: boolean
  /** Places of every layer that differ from the mask it knows; left out where it knows none, or an older one. */
  readonly receivedChange?: readonly number[] | null
  /** Bits it receives beside the model. */
  readonly receivedBits: number
  /** Active weights per layer of the model it sends; null when it sends none. */
  readonly sent: readonly number[] | null
  readonly sendsMask: boolean
  /** Places of every layer in which the mask it sends differs from the one it received. */
  readonly sentChange?: readonly number[] | null
  readonly sentBits: number
  /** Theoretical floating-point operations of all that it computes. */
  readonly flops: number
}

export interface ClientCost {
  readonly downloadBits: number
  readonly uploadBits: number
  readonly flops: number
}

/** Bits of a client's transfer when models travel in this format. */
export function clientCost(
  plan: ModelPlan,
  transfer: ClientTransfer,
  format: TransferFormat = plainFormat,
): ClientCost {
  const { received, receivesMask, receivedChange, receivedBits, sent, sendsMask, sentChange, sentBits, flops } =
    transfer
  return {
    downloadBits: modelBits(plan, received, receivesMask, format, receivedChange) + receivedBits,
    uploadBits: (sent === null ? 0 : modelBits(plan, sent, sendsMask, format, sentChange)) + sentBits,
    flops,
  }
}

/** Cost of a round over the clients taking part; bytes are rounded up per client. */
export function roundCost(clients: readonly ClientCost[]): RoundCost {
  return {
    downloadBytes: total(clients.map(({ downloadBits }) => wholeBytes(downloadBits))),
    uploadBytes: total(clients.map(({ uploadBits }) => wholeBytes(uploadBits))),
    trainingFlops: total(clients.map(({ flops }) => flops)),
    largestClientFlops: Math.max(0, ...clients.map(({ flops }) => flops)),
  }
}

/** Both together, for what happens between two records. */
export function addCosts(a: RoundCost, b: RoundCost): RoundCost {
  return {
    downloadBytes: a.downloadBytes + b.downloadBytes,
    uploadBytes: a.uploadBytes + b.uploadBytes,
    trainingFlops: a.trainingFlops + b.trainingFlops,
    largestClientFlops: Math.max(a.largestClientFlops, b.largestClientFlops),
  }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
