import type { ClientOverlap } from '../../contract/records'
import { packBits } from './pack-bits'
import { packedJaccard, packedMask } from './packed-masks'

/** More clients than this are not compared: the matrix is for looking at, and is written into every record. */
const mostClients = 32

/**
 * Overlap of the masks that clients of one round sent: the Jaccard similarity of every pair over the whole network. Null
 * when they all trained under one and the same mask.
 */
export function clientOverlap(
  uploads: readonly { readonly client: number; readonly mask: Uint8Array }[],
): ClientOverlap | null {
  const compared = uploads.slice(0, mostClients)
  if (compared.length < 2 || compared.every(({ mask }) => mask === compared[0].mask)) return null
  const masks = compared.map(({ mask }) => packedMask([packBits(mask)]))
  return {
    clients: compared.map(({ client }) => client),
    jaccard: masks.map((row) => masks.map((column) => packedJaccard(row, column))),
  }
}
