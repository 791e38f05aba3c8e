import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { comparisonTable } from '../../src-main/report/comparison-table'
import { readCheckpoints } from '../../src-main/sessions/checkpoints'
import { readSession, runFolder } from '../../src-main/sessions/read-session'
import { readRounds, readTopology } from '../../src-main/sessions/run-folder'
import { isSessionLocked } from '../../src-main/sessions/session-lock'
import { verifySession } from '../../src-main/sessions/verify-session'

/** Everything of a session that must be equal, to the bit, however often it was interrupted; ids and times stay out. */
export async function traceOf(folder: string) {
  // Between the last state on disk and the end of the lock there is a moment.
  for (let tries = 0; tries < 200 && (await isSessionLocked(folder)); tries++) await sleep(50)
  const { runs, damage } = await readSession(folder, 'session')
  const { problems } = await verifySession(folder)
  const compared = []
  const traces = []
  for (const [index, run] of runs.entries()) {
    const place = runFolder(folder, run.id)
    const [rounds, topology, { found }] = await Promise.all([
      readRounds(place),
      readTopology(place),
      readCheckpoints(place),
    ])
    const timeless = rounds.records.map((record) => ({ ...record, seconds: 0 }))
    compared.push({ manifest: { ...run, id: String(index), createdAt: '' }, rounds: timeless })
    const masks = (await readdir(join(place, 'masks'))).filter((name) => name.endsWith('.bin')).sort()
    traces.push({
      method: run.experiment.method,
      seed: run.experiment.seed,
      state: run.state,
      message: run.message,
      roundsDone: run.roundsDone,
      weightsSha256: run.weightsSha256,
      rounds: timeless,
      topology: topology.records,
      // Of two checkpoints the older one may be of another round after a start in between.
      final: found[0].state,
      masks: await Promise.all(
        masks.map(async (name) => [name, (await readFile(join(place, 'masks', name))).toString('base64')]),
      ),
    })
  }
  const table = comparisonTable(compared, 'csv')
  return { damage, problems: problems.map((problem) => problem.replaceAll(/runs\/[^/]+\//g, '')), runs: traces, table }
}
