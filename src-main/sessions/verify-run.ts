import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { VerificationReport } from '../contract/commands'
import type { LayerTopology, ModelSummary, RoundRecord, RunManifest, TopologyRecord } from '../contract/records'
import { countNewlyActive, jaccard, union } from '../engine/sparsity/exploration'
import { countActive } from '../engine/sparsity/masks'
import { readCheckpoints, type FoundCheckpoint } from './checkpoints'
import { errorText } from './json-file'
import { weightsDigest } from './little-endian'
import { flatMask, maskFile, readMask, type MaskLayer } from './mask-file'
import { readRounds, readTopology, runFiles } from './run-folder'

/** Checks one run against itself; problems name the file relative to the run's folder. */
export async function verifyRun(folder: string, manifest: RunManifest): Promise<VerificationReport> {
  const [rounds, topology, checkpoints, files] = await Promise.all([
    readRounds(folder),
    readTopology(folder),
    readCheckpoints(folder),
    filesOf(folder),
  ])
  const newest = checkpoints.found.at(0)
  const layers = manifest.summary?.layers ?? []
  const masks = await checkMasks(folder, topology.records, layers)
  const last = manifest.state === 'finished' ? finishedProblems(manifest, rounds.records, newest) : []
  return {
    filesChecked: files.length,
    topologyUpdatesChecked: topology.records.length,
    problems: [
      ...rounds.problems.map((problem) => `${runFiles.rounds}: ${problem}`),
      ...topology.problems.map((problem) => `${runFiles.topology}: ${problem}`),
      ...checkpoints.problems,
      ...masks.problems,
      ...roundProblems(rounds.records, topology.records),
      ...(newest === undefined
        ? rounds.records.length > 0 && checkpoints.problems.length === 0
          ? ['checkpoints: missing']
          : []
        : [
            ...digestProblem(runFiles.rounds, rounds, newest.state.nextRound, newest.roundsSha256),
            ...digestProblem(runFiles.topology, topology, newest.state.topologyUpdates, newest.topologySha256),
            ...checkpointProblems(newest, layers, masks.read),
          ]),
      ...last,
    ],
  }
}

type SummaryLayer = ModelSummary['layers'][number]

/** Masks by update; null where the file is damaged. */
type Masks = readonly (Uint8Array | null)[]

async function checkMasks(folder: string, records: readonly TopologyRecord[], layers: readonly MaskLayer[]) {
  const read: (Uint8Array | null)[] = []
  const problems: string[] = []
  let explored: Uint8Array | null = null
  for (const record of records) {
    const file = maskFile(record.update)
    let mask: Uint8Array | null = null
    try {
      const packed = await readMask(join(folder, file))
      if (!sameLayers(packed, layers)) throw new Error('its layers are not those of run.json')
      mask = flatMask(packed)
    } catch (error) {
      problems.push(`${file}: ${errorText(error)}`)
    }
    const before: Uint8Array | null = read.at(-1) ?? null
    read.push(mask)
    if (mask !== null) explored = read.includes(null) ? null : union(explored ?? mask, mask)
    const line = `${runFiles.topology}: update ${record.update}:`
    problems.push(
      ...invariantProblems(record, read.length > 1 ? records[read.length - 2] : null).map((text) => `${line} ${text}`),
    )
    if (!sameLayers(record.layers, layers)) problems.push(`${line} its layers are not those of run.json`)
    else if (mask !== null) {
      const measured = { mask, before: record.update === 0 ? mask : before, first: read[0], explored }
      problems.push(...densityProblems(record.layers, measured).map((text) => `${line} ${text}`))
    }
  }
  return { read: read as Masks, problems }
}

function sameLayers(
  found: readonly { readonly layer: string; readonly weights: number; readonly shape?: readonly number[] }[],
  expected: readonly MaskLayer[],
): boolean {
  return (
    found.length === expected.length &&
    found.every(
      ({ layer, weights, shape }, index) =>
        layer === expected[index].layer &&
        weights === expected[index].weights &&
        (shape === undefined || shape.join() === expected[index].shape.join()),
    )
  )
}

interface Measured {
  readonly mask: Uint8Array
  readonly before: Uint8Array | null
  readonly first: Uint8Array | null
  readonly explored: Uint8Array | null
}

type CountField = {
  [Field in keyof LayerTopology]-?: LayerTopology[Field] extends number ? Field : never
}[keyof LayerTopology]

/** What the record says of every layer against what the masks show. */
function densityProblems(layers: readonly LayerTopology[], { mask, before, first, explored }: Measured): string[] {
  const problems: string[] = []
  let offset = 0
  for (const layer of layers) {
    const [start, end] = [offset, (offset += layer.weights)]
    const part = (whole: Uint8Array) => whole.subarray(start, end)
    const compare = (field: CountField, measured: number) => {
      if (layer[field] !== measured) problems.push(`${layer.layer} has ${field} ${layer[field]}, its mask ${measured}`)
    }
    const active = countActive(part(mask))
    compare('active', active)
    if (before !== null) {
      const grown = countNewlyActive(part(before), part(mask))
      compare('grown', grown)
      compare('pruned', countNewlyActive(part(mask), part(before)))
      compare('turnover', active === 0 ? 0 : grown / active)
    }
    if (first !== null) compare('jaccardWithFirst', jaccard(part(first), part(mask)))
    if (explored !== null) compare('exploredShare', countActive(part(explored)) / layer.weights)
  }
  return problems
}

function invariantProblems(record: TopologyRecord, previous: TopologyRecord | null): string[] {
  const broken = record.invariants
    .filter(({ holds }) => !holds)
    .map(({ name, detail }) => `${name} is broken: ${detail}`)
  const shrunk = record.layers.filter(({ exploredShare }, index) => {
    const earlier = previous?.layers.at(index)
    return earlier !== undefined && exploredShare < earlier.exploredShare
  })
  return [...broken, ...shrunk.map(({ layer }) => `exploredShare of ${layer} is smaller than before`)]
}

/** Every round trained under the mask that the topology records say was in force. */
function roundProblems(rounds: readonly RoundRecord[], topology: readonly TopologyRecord[]): string[] {
  return rounds.flatMap(({ round, activeWeights }) => {
    const inForce = topology.findLast((record) => record.update === 0 || record.round < round)
    const active = inForce?.layers.reduce((sum, layer) => sum + layer.active, 0)
    if (active === activeWeights) return []
    return [`${runFiles.rounds}: round ${round} has ${activeWeights} active weights, its mask ${active ?? 'none'}`]
  })
}

function digestProblem(
  file: string,
  records: { readonly intact: number; digestOf(count: number): string },
  count: number,
  expected: string,
): string[] {
  if (records.intact < count) return [`${file}: ${records.intact} intact records, the checkpoint counts ${count}`]
  if (records.digestOf(count) === expected) return []
  return [`${file}: the checksum in the checkpoint does not match: a record was changed`]
}

function checkpointProblems({ slot, state }: FoundCheckpoint, layers: readonly SummaryLayer[], masks: Masks): string[] {
  const problems: string[] = []
  const { parameters, mask, firstMask } = state
  const current = masks.at(state.topologyUpdates - 1) ?? null
  const first = masks.at(0) ?? null
  if (current !== null && !sameBytes(mask, current)) problems.push('its mask is not that of the last topology update')
  if (first !== null && !sameBytes(firstMask, first)) problems.push('its first mask is not that of update 0')
  const nonZero = maskedNonZero(parameters, mask, layers)
  if (nonZero === null) problems.push('its arrays do not fit the layers of run.json')
  else if (nonZero > 0) problems.push(`${nonZero} masked weights are not 0`)
  return problems.map((problem) => `checkpoints/${slot}.safetensors: ${problem}`)
}

/** How many weights with mask 0 are not 0; null when the arrays do not fit the layers. */
function maskedNonZero(parameters: Float32Array, mask: Uint8Array, layers: readonly SummaryLayer[]): number | null {
  let weightOffset = 0
  let maskOffset = 0
  let count = 0
  for (const { weights, biases } of layers) {
    for (let index = 0; index < weights; index++) {
      if (mask[maskOffset + index] === 0 && parameters[weightOffset + index] !== 0) count++
    }
    weightOffset += weights + biases
    maskOffset += weights
  }
  return weightOffset === parameters.length && maskOffset === mask.length ? count : null
}

function finishedProblems(
  manifest: RunManifest,
  rounds: readonly RoundRecord[],
  newest: FoundCheckpoint | undefined,
): string[] {
  const problems: string[] = []
  const expected = manifest.experiment.rounds
  if (rounds.length !== expected) problems.push(`${runFiles.rounds}: ${rounds.length} of ${expected} rounds`)
  if (manifest.roundsDone !== expected) problems.push(`run.json: roundsDone is ${manifest.roundsDone} of ${expected}`)
  if (newest === undefined) return problems
  if (newest.state.nextRound !== expected) {
    problems.push(`checkpoints: the newest is of round ${newest.state.nextRound}, the run has ${expected}`)
  } else if (weightsDigest(newest.state.parameters) !== manifest.weightsSha256) {
    problems.push('run.json: weightsSha256 is not that of the final checkpoint')
  }
  return problems
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}
