import type { Experiment } from '../../contract/experiment'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream } from '../random/streams'

/**
 * The clients of one round, drawn without replacement from those that own images, in rising order of id: the order of
 * aggregation. When fewer than `clientsPerRound` own images, all of them take part. `clientImages` is indexed by client.
 */
export function sampleClients(experiment: Experiment, round: number, clientImages: readonly number[]): number[] {
  const owners = clientImages.flatMap((images, client) => (images > 0 ? [client] : []))
  if (owners.length <= experiment.clientsPerRound) return owners
  const stream = namedStream(experiment.seed, `clients/${round}`)
  return [...drawWithoutReplacement(stream, Uint32Array.from(owners), experiment.clientsPerRound)].sort((a, b) => a - b)
}
