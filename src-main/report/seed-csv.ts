import Papa from 'papaparse'
import { dirichletPartitions, type Experiment } from '../contract/experiment'
import type { RoundRecord, TopologyRecord } from '../contract/records'

/**
 * The CSV that the seed's `--outfile` writes: one row for each round, with its column names. `compute-times` is the wall
 * clock of the round; costs are this round's, in bytes and theoretical FLOPs as everywhere in Espalier (the seed counts FLOPs
 * in another way, see resources/docs/reproductions.md); accuracy is empty where it was not measured.
 * Columns of the contribution-weighted aggregation are constant, because it is off.
 */
export function seedCsv(
  experiment: Experiment,
  rounds: readonly RoundRecord[],
  topology: readonly TopologyRecord[],
): string {
  const updates = new Map(topology.filter(({ update }) => update > 0).map((record) => [record.round, record]))
  const isDynamic = experiment.method === 'dynamic'
  const rows = rounds.map((record) => {
    const update = updates.get(record.round)
    return {
      'server-round': record.round,
      'global-accuracy': record.globalAccuracy,
      'compute-times': record.seconds,
      'download-cost': record.downloadBytes,
      'upload-cost': record.uploadBytes,
      'largest-flops': record.largestClientFlops,
      'avg-flops': record.trainingFlops / record.clients.length,
      clients: record.clients.length,
      dataset: experiment.dataset,
      distribution: experiment.partition,
      beta: dirichletPartitions.includes(experiment.partition) ? experiment.dirichletConcentration : null,
      sparsity: experiment.method === 'none' || experiment.method === 'small-dense' ? 0 : experiment.sparsity,
      'grad-agg': false,
      Gamma: 1,
      tradeoff: 0.5,
      'need-readjust': isDynamic,
      'rounds-between-readjustments': isDynamic ? experiment.readjustmentInterval : 0,
      readjust: update !== undefined,
      'readjust-ratio': update?.readjustmentRatio ?? 0,
      seed: experiment.seed,
    }
  })
  return Papa.unparse(rows, { newline: '\n' }) + '\n'
}
