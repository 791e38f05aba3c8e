import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSession, runFolder } from '../../src-main/sessions/read-session'
import { readRunRecords, RunWriter } from '../../src-main/sessions/run-folder'
import { verifySession } from '../../src-main/sessions/verify-session'
import { copyAsAfterCrash } from '../runs/bench'
import { ended, openBench, tinyExperiment } from './bench'
import { Chance, settings } from './settings'
import { traceOf } from './trace'

const root = mkdtempSync(join(tmpdir(), 'espalier-damage-'))
const finished = join(root, 'finished')
const interrupted = join(root, 'interrupted')
let bench: Awaited<ReturnType<typeof openBench>>
let runId = ''
let expected: Awaited<ReturnType<typeof traceOf>>

beforeAll(async () => {
  bench = await openBench()
  const { laboratory } = bench
  const stop = laboratory.onEvent((event) => {
    // Rounds 0 and 1 are in the two checkpoints, and an update has been written after them.
    if (event.type !== 'run.topology' || event.record.round !== 2) return
    copyAsAfterCrash(join(bench.folder, 'sessions', event.sessionId), interrupted)
  })
  const run = await bench.launch(tinyExperiment({ rounds: 4, rateDecayEnd: 4, evaluationInterval: 4 }))
  runId = run.runId
  expect((await ended(laboratory, run)).state).toBe('finished')
  stop()
  cpSync(await laboratory.sessions.folderOf(run.sessionId), finished, { recursive: true })
  expected = await traceOf(finished)
  expect(expected.problems).toEqual([])
  expect((await verifySession(interrupted)).problems).toEqual([])
})
afterAll(async () => {
  await bench.end()
  rmSync(root, { recursive: true, force: true })
})

/** Every file of a session, relative to it. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

interface Damage {
  readonly file: string
  readonly words: string
  readonly change: (bytes: Buffer) => Buffer
}

/** Every file cut off at every record (or at its quarters), then flips and cuts at random places. */
function damages(folder: string, count: number, chance: Chance): Damage[] {
  const files = filesOf(folder)
  const cut = (file: string, at: number): Damage => ({
    file,
    words: `${file} cut off at ${at}`,
    change: (bytes) => bytes.subarray(0, at),
  })
  const regular = files.flatMap((file) => {
    const bytes = readFileSync(join(folder, file))
    const ends = file.endsWith('.ndjson')
      ? lineEnds(bytes).slice(0, -1)
      : [1, 2, 3].map((quarter) => Math.floor((bytes.length * quarter) / 4))
    return [0, ...ends].map((at) => cut(file, at))
  })
  const random = Array.from({ length: Math.max(0, count - regular.length) }, (): Damage => {
    const file = chance.oneOf(files)
    const { size } = statSync(join(folder, file))
    const at = chance.below(size)
    if (chance.share() < 0.25) return cut(file, at)
    const bit = chance.below(8)
    return {
      file,
      words: `${file} with bit ${bit} of byte ${at} flipped`,
      change: (bytes) => {
        const changed = Buffer.from(bytes)
        changed[at] ^= 1 << bit
        return changed
      },
    }
  })
  // A seal under another name must not pass for a file from before there were seals.
  for (const file of files.filter((name) => name.endsWith('.json')))
    regular.push({
      file,
      words: `${file} without the name of its seal`,
      change: (bytes) => Buffer.from(bytes.toString('latin1').replace('"sha256":', '"sha25\xb6":'), 'latin1'),
    })
  // A short selection must not consist of the regular ones alone.
  const selected = count < 2 * regular.length ? regular.filter((_, index) => index % 3 === 0) : regular
  return [...selected, ...random].slice(0, count)
}

function lineEnds(bytes: Buffer): number[] {
  const ends: number[] = []
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, end + 1)) ends.push(end + 1)
  return ends
}

/** What is named as damaged of a session: by opening it, or by a check of every file. */
async function named(folder: string): Promise<string> {
  const { damage } = await readSession(folder, 'session')
  const { problems } = await verifySession(folder)
  return [...damage, ...problems].join('\n')
}

describe('damaged files', () => {
  it('of a finished session are named, and the rest opens', async () => {
    const copy = join(root, 'copy')
    cpSync(finished, copy, { recursive: true })
    const cases = damages(finished, Math.ceil(settings.cases * 0.8), new Chance('finished'))
    for (const { file, words, change } of cases) {
      const path = join(copy, file)
      const intact = readFileSync(path)
      const damaged = change(intact)
      writeFileSync(path, damaged)
      const what = await named(copy)
      expect(what, words).toContain(file)
      const { runs } = await readSession(copy, 'session')
      // Only a manifest that cannot be read hides its run.
      if (!file.endsWith('run.json'))
        expect(
          runs.map(({ id }) => id),
          words,
        ).toEqual([runId])
      const { rounds, topology } = await readRunRecords(runFolder(copy, runId))
      if (!file.includes('rounds')) expect(rounds, words).toHaveLength(4)
      if (!file.includes('topology')) expect(topology.length, words).toBe(expected.runs[0].topology.length)
      expect(readFileSync(path).equals(damaged), words).toBe(true)
      writeFileSync(path, intact)
    }
    console.log(`${cases.length} damaged files of a finished session, each named`)
  })

  it('of an interrupted session are set aside; the run goes on from the last good checkpoint to the same bits', async () => {
    const cases = damages(interrupted, Math.floor(settings.cases * 0.2), new Chance('interrupted'))
    let resumed = 0
    let refused = 0
    for (const [index, { file, words, change }] of cases.entries()) {
      const copy = join(bench.folder, 'sessions', `damaged-${index}`)
      cpSync(interrupted, copy, { recursive: true })
      const damaged = change(readFileSync(join(copy, file)))
      writeFileSync(join(copy, file), damaged)
      const wasNamed = (await named(copy)).includes(file)
      const kept = () =>
        filesOf(copy)
          .filter((name) => name === file || name.startsWith(`${file}.damaged`))
          .some((name) => readFileSync(join(copy, name)).equals(damaged))
      const run = { sessionId: `damaged-${index}`, runId }
      try {
        await bench.laboratory.ask('runs.resume', run)
      } catch (error) {
        // What is to be computed is not known for sure any more.
        expect(file, `${words}: ${String(error)}`).toMatch(/run\.json$/)
        expect(wasNamed, words).toBe(true)
        expect(kept(), words).toBe(true)
        refused++
        rmSync(copy, { recursive: true })
        continue
      }
      expect((await ended(bench.laboratory, run)).state, words).toBe('finished')
      const trace = await traceOf(copy)
      const { runs, table, problems } = trace
      const isMask = file.includes('masks')
      const same = ({ masks, ...rest }: (typeof runs)[number]) => (isMask ? rest : { ...rest, masks })
      expect(runs.map(same), words).toEqual(expected.runs.map(same))
      expect(table, words).toBe(expected.table)
      // A mask of the past is not written again: it stays as it is, and stays named.
      if (wasNamed && problems.length > 0) expect(problems.join('\n'), words).toMatch(/session\.json|masks/)
      // What was not named lay behind the last checkpoint: it is computed again, the same to the bit.
      if (wasNamed) expect(kept(), words).toBe(true)
      resumed++
      rmSync(copy, { recursive: true })
    }
    console.log(
      `${cases.length} damaged files of an interrupted session: ${resumed} resumed to the same bits, ${refused} refused`,
    )
    expect(resumed).toBeGreaterThan(0)
  })

  it('that were set aside before are not overwritten by those of later', async () => {
    const copy = join(root, 'twice')
    cpSync(interrupted, copy, { recursive: true })
    const folder = runFolder(copy, runId)
    for (const text of ['first', 'second']) {
      writeFileSync(join(folder, 'checkpoints/a.safetensors'), text)
      const writer = await RunWriter.open(folder)
      await writer.close()
    }
    expect(readFileSync(join(folder, 'checkpoints/a.safetensors.damaged'), 'utf8')).toBe('first')
    expect(readFileSync(join(folder, 'checkpoints/a.safetensors.damaged-2'), 'utf8')).toBe('second')
  })
})
