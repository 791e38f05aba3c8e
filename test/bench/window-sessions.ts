import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { experimentSchema } from '../../src-main/contract/experiment'
import { methodNames } from '../../src-main/contract/methods'
import type { RoundRecord } from '../../src-main/contract/records'
import { newRuns } from '../../src-main/runs/launch'
import { runFolder } from '../../src-main/sessions/read-session'
import { readRunRecords } from '../../src-main/sessions/run-folder'
import { SessionStore } from '../../src-main/sessions/session-store'

const runs = 1000
const rounds = 1000
const repetitions = 5

/** Prints how long a session of a thousand runs takes to list and to open, and what its records take after that. */
export async function measure(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'espalier-bench-'))
  try {
    const store = new SessionStore(join(home, 'sessions'))
    const { id, runIds } = await largeSession(store)
    const open = await median(() => store.open(id))
    const list = await median(() => store.list())
    const folder = await store.folderOf(id)
    const record = await median((time) => readRunRecords(runFolder(folder, runIds[time])))
    console.log(`${runs} runs of ${rounds} rounds; medians of ${repetitions}`)
    console.log(
      `list of sessions ${list.toFixed(0)} ms, opening ${open.toFixed(0)} ms, records of one run ${record.toFixed(1)} ms`,
    )
    console.log(`reading every record ÷ opening: ${((runs * record) / open).toFixed(0)}`)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function median(work: (time: number) => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let time = 0; time < repetitions; time++) {
    const before = process.cpuUsage()
    await work(time)
    times.push(milliseconds(process.cpuUsage(before)))
  }
  return times.sort((a, b) => a - b)[Math.floor(repetitions / 2)]
}

async function largeSession(store: SessionStore) {
  const { manifest } = await store.create('A thousand runs')
  const experiments = Array.from({ length: runs }, (_, index) =>
    experimentSchema.parse({ rounds, method: methodNames[index % methodNames.length], seed: index }),
  )
  const made = newRuns(experiments).map((run) => ({ ...run, state: 'finished' as const, roundsDone: rounds }))
  await store.addRuns(manifest.id, made)
  const text = Array.from({ length: rounds }, (_, round) => JSON.stringify(roundRecord(round))).join('\n') + '\n'
  for (const { id } of made) {
    const folder = await store.runFolderOf(manifest.id, id)
    await mkdir(join(folder, 'masks'))
    await writeFile(join(folder, 'rounds.ndjson'), text)
  }
  return { id: manifest.id, runIds: made.map(({ id }) => id) }
}

function roundRecord(round: number): RoundRecord {
  const clients = Array.from({ length: 20 }, (_, client) => client)
  return {
    round,
    clients,
    trainLoss: 2.3 / (1 + round / 17),
    globalAccuracy: 1 - 0.9 / (1 + round / 13),
    globalLoss: 2.3 / (1 + round / 11),
    clientAccuracies: clients.map((client) => 1 - 0.9 / (1 + round / (9 + client))),
    clientAccuracyModel: 'global',
    activeWeights: 26_176,
    downloadBytes: 2_617_600,
    uploadBytes: 2_617_600,
    trainingFlops: 123_456_789_012,
    largestClientFlops: 12_345_678_901,
    seconds: 0.812345678,
  }
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
