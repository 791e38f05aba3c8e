import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCheckpoints, writeCheckpoint } from '../../src-main/sessions/checkpoints'
import { lockSession } from '../../src-main/sessions/session-lock'
import { verifySession } from '../../src-main/sessions/verify-session'
import { launch, tinyExperiment, useBench } from '../runs/bench'
import { temporaryFolder } from './temporary-folder'

const bench = useBench()
let original = ''
let runId = ''

beforeAll(async () => {
  const run = await launch(bench, tinyExperiment({ growthCriterion: 'gradient' }))
  runId = run.runId
  await bench.laboratory.settled(run.sessionId, runId)
  original = await bench.laboratory.sessions.folderOf(run.sessionId)
})

/** A copy of the session whose run `damage` may change, verified. */
async function problemsAfter(damage: (run: string) => void | Promise<void>): Promise<readonly string[]> {
  const copy = join(temporaryFolder(), 'session')
  cpSync(original, copy, { recursive: true })
  await damage(join(copy, 'runs', runId))
  return (await verifySession(copy)).problems.map((problem) => problem.replace(`runs/${runId}/`, ''))
}

function replace(file: string, pattern: string | RegExp, replacement: string): void {
  const text = readFileSync(file, 'utf8')
  const changed = text.replace(pattern, replacement)
  expect(changed, 'the damage must do something').not.toBe(text)
  writeFileSync(file, changed)
}

function flip(file: string, fromEnd: number): void {
  const bytes = readFileSync(file)
  bytes[bytes.length - fromEnd] ^= 1
  writeFileSync(file, bytes)
}

/** Writes the newest checkpoint again with a correct checksum but another state. */
async function forgeCheckpoint(
  run: string,
  change: (parameters: Float32Array, mask: Uint8Array) => void,
): Promise<void> {
  const [{ slot, ...saved }] = (await readCheckpoints(run)).found
  change(saved.state.parameters, saved.state.mask)
  await writeCheckpoint(run, slot, saved)
}

describe('verifySession', () => {
  it('finds nothing in a session as it was written', async () => {
    const report = await verifySession(original)
    expect(report.problems).toEqual([])
    // session.json, run.json, two logs, two checkpoints and a mask per topology record.
    expect(report.filesChecked).toBe(6 + report.topologyUpdatesChecked)
    expect(report.topologyUpdatesChecked).toBeGreaterThan(3)
  })

  const file = (run: string, ...parts: string[]) => join(run, ...parts)
  it.each<[string, (run: string) => void | Promise<void>, RegExp]>([
    [
      'a changed digit in a round',
      (run) => {
        replace(file(run, 'rounds.ndjson'), /"trainLoss":(\d)/, '"trainLoss":1$1')
      },
      /^rounds.ndjson: the checksum in the checkpoint does not match/,
    ],
    [
      'a missing round',
      (run) => {
        replace(file(run, 'rounds.ndjson'), /^.*\n/, '')
      },
      /^rounds.ndjson: line 1: is record 1, expected 0/,
    ],
    [
      'a round that is no JSON',
      (run) => {
        replace(file(run, 'rounds.ndjson'), '{', '<')
      },
      /^rounds.ndjson: line 1: not valid JSON/,
    ],
    [
      'a lost rounds file',
      (run) => {
        rmSync(file(run, 'rounds.ndjson'))
      },
      /^rounds.ndjson: 0 intact records, the checkpoint counts 6/,
    ],
    [
      'other active weights in a round',
      (run) => {
        replace(file(run, 'rounds.ndjson'), /"activeWeights":(\d+)/, '"activeWeights":1')
      },
      /^rounds.ndjson: round 0 has 1 active weights, its mask/,
    ],
    [
      'a changed density in a topology record',
      (run) => {
        replace(file(run, 'topology.ndjson'), /"active":(\d+)/, '"active":1$1')
      },
      /^topology.ndjson: update 0: fc1 has active 1\d+, its mask \d+/,
    ],
    [
      'a changed turnover',
      (run) => {
        replace(file(run, 'topology.ndjson'), /"turnover":0\.\d+/, '"turnover":0.5')
      },
      /^topology.ndjson: update 1: fc1 has turnover 0.5, its mask 0\.\d+/,
    ],
    [
      'an R_s that falls',
      (run) => {
        replace(file(run, 'topology.ndjson'), /("update":3.*?"exploredShare":)0\.\d+/, '$10.01')
      },
      /^topology.ndjson: update 3: exploredShare of fc1 is smaller than before/,
    ],
    [
      'an invariant recorded as broken',
      (run) => {
        replace(file(run, 'topology.ndjson'), /"holds":true,"detail":""/, '"holds":false,"detail":"two too many"')
      },
      /^topology.ndjson: update 0: exact-density is broken: two too many/,
    ],
    [
      'a flipped bit in a mask',
      (run) => {
        flip(file(run, 'masks', '2.bin'), 7)
      },
      /^masks\/2.bin: the checksum does not match/,
    ],
    [
      'a lost mask',
      (run) => {
        rmSync(file(run, 'masks', '1.bin'))
      },
      /^masks\/1.bin: missing/,
    ],
    [
      'a mask in the place of another',
      (run) => {
        cpSync(file(run, 'masks', '0.bin'), file(run, 'masks', '1.bin'))
      },
      /^topology.ndjson: update 1: fc1 has grown \d+, its mask 0/,
    ],
    [
      'a flipped bit in the older checkpoint',
      (run) => {
        flip(file(run, 'checkpoints', 'a.safetensors'), 3)
      },
      /^checkpoints\/a.safetensors: the checksum does not match/,
    ],
    [
      'a flipped bit in the final checkpoint',
      (run) => {
        flip(file(run, 'checkpoints', 'b.safetensors'), 3)
      },
      /^checkpoints\/b.safetensors: the checksum does not match/,
    ],
    [
      'a cut-off checkpoint',
      (run) => {
        writeFileSync(
          file(run, 'checkpoints', 'b.safetensors'),
          readFileSync(file(run, 'checkpoints', 'b.safetensors')).subarray(0, 900),
        )
      },
      /^checkpoints\/b.safetensors: tensor .* does not lie within the file/,
    ],
    [
      'lost checkpoints',
      (run) => {
        rmSync(file(run, 'checkpoints'), { recursive: true })
      },
      /^checkpoints: missing/,
    ],
    [
      'weights that are not the final ones',
      (run) =>
        forgeCheckpoint(run, (parameters, mask) => {
          parameters[mask.indexOf(1)] += 1
        }),
      /^run.json: weightsSha256 is not that of the final checkpoint/,
    ],
    [
      'a masked weight that is not 0',
      (run) =>
        forgeCheckpoint(run, (parameters, mask) => {
          parameters[mask.indexOf(0)] = 1
        }),
      /^checkpoints\/b.safetensors: 1 masked weights are not 0/,
    ],
    [
      'a checkpoint with another mask',
      (run) =>
        forgeCheckpoint(run, (parameters, mask) => {
          const at = mask.indexOf(1)
          mask[at] = 0
          parameters[at] = 0
        }),
      /^checkpoints\/b.safetensors: its mask is not that of the last topology update/,
    ],
    [
      'a manifest with another digest',
      (run) => {
        replace(file(run, 'run.json'), /"weightsSha256": "./, '"weightsSha256": "x')
      },
      /^run.json: weightsSha256 is not that of the final checkpoint/,
    ],
    [
      'a manifest that claims more rounds',
      (run) => {
        replace(file(run, 'run.json'), '"rounds": 6', '"rounds": 7')
      },
      /^rounds.ndjson: 6 of 7 rounds/,
    ],
    [
      'a manifest of another shape',
      (run) => {
        replace(file(run, 'run.json'), '"finished"', '"done"')
      },
      /^run.json: state: /,
    ],
    [
      'a manifest whose layers are others',
      (run) => {
        replace(file(run, 'run.json'), '"layer": "fc1"', '"layer": "conv1"')
      },
      /^masks\/0.bin: its layers are not those of run.json/,
    ],
    [
      'a damaged session.json',
      (run) => {
        replace(join(run, '..', '..', 'session.json'), '{', '')
      },
      /^session.json: not valid JSON/,
    ],
  ])('finds %s', async (_, damage, problem) => {
    expect(await problemsAfter(damage)).toEqual(expect.arrayContaining([expect.stringMatching(problem)]))
  })

  it('waits for nobody: a session that is being run is not verified', async () => {
    const lock = await lockSession(original, () => {})
    await expect(verifySession(original)).rejects.toMatchObject({ kind: 'busy' })
    await lock.release()
  })
})
