import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultExperiment, type Experiment } from '../../src-main/contract/experiment'
import type { SessionEntry } from '../../src-main/contract/records'
import { newRuns } from '../../src-main/runs/launch'
import { runFolder } from '../../src-main/sessions/read-session'
import type { SessionStore } from '../../src-main/sessions/session-store'

/** A session whose finished runs have some of the files that training leaves; their content does not matter here. */
export async function sampleSession(
  store: SessionStore,
  name: string,
  experiments: readonly Partial<Experiment>[] = [{ seed: 1 }, { seed: 2 }],
): Promise<SessionEntry> {
  const entry = await store.create(name)
  const runs = newRuns(experiments.map((change) => ({ ...defaultExperiment(), ...change })))
  await store.addRuns(
    entry.manifest.id,
    runs.map((run) => ({ ...run, state: 'finished' })),
  )
  for (const run of runs) {
    const folder = runFolder(entry.folder, run.id)
    for (const part of ['masks', 'checkpoints']) mkdirSync(join(folder, part))
    writeFileSync(join(folder, 'rounds.ndjson'), `{"of":"${run.id}"}\n`)
    writeFileSync(join(folder, 'masks/0.bin'), Buffer.alloc(70_000, 0x5a))
    writeFileSync(join(folder, 'checkpoints/a.safetensors'), Buffer.from([1, 2, 3]))
  }
  return (await store.list()).find(({ manifest }) => manifest.id === entry.manifest.id) ?? entry
}
