import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'
import { comparisonTable } from '../../src-main/report/comparison-table'
import { readCheckpoints } from '../../src-main/sessions/checkpoints'
import { readSession, runFolder } from '../../src-main/sessions/read-session'
import { readRounds, readTopology } from '../../src-main/sessions/run-folder'
import { isSessionLocked } from '../../src-main/sessions/session-lock'
import { verifySession } from '../../src-main/sessions/verify-session'

export type Trace = Awaited<ReturnType<typeof traceOf>>

/**
 * Throws when a trace is not the expected one, naming the places where they differ. (A full comparison in words of so many
 * weights would take longer than all the kills.)
 */
export function requireSame(trace: Partial<Trace>, expected: Partial<Trace>, words = ''): void {
  const places = differences(trace, expected, 'trace').slice(0, 12)
  if (places.length > 0) throw new Error(`${words} the traces differ: ${places.join('; ')}`.trim())
}

function differences(one: unknown, other: unknown, at: string): string[] {
  if (isDeepStrictEqual(one, other)) return []
  const areBranches = [one, other].every((value) => typeof value === 'object' && value !== null)
  if (!areBranches || ArrayBuffer.isView(one)) return [`${at}: ${inShort(one)} instead of ${inShort(other)}`]
  const [a, b] = [one, other] as [Record<string, unknown>, Record<string, unknown>]
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  const inside = [...names].flatMap((name) => differences(a[name], b[name], `${at}.${name}`))
  return inside.length > 0 ? inside : [at]
}

function inShort(value: unknown): string {
  const text = inspect(value, { depth: 0, maxArrayLength: 3, maxStringLength: 200, breakLength: Infinity })
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

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
