import { EspalierError, type VerificationReport } from '../contract/commands'
import { readSession, runFolder } from './read-session'
import { isSessionLocked } from './session-lock'
import { verifyRun } from './verify-run'

/**
 * Checks a session folder against itself: every schema and checksum, the sequence of the records, every mask against its
 * topology record, and the final weights. Throws `busy` while the session is being run.
 */
export async function verifySession(folder: string): Promise<VerificationReport> {
  if (await isSessionLocked(folder)) {
    throw new EspalierError('busy', `The session in ${folder} is being run; verify it when its runs have stopped.`)
  }
  const { damage, runs } = await readSession(folder, 'session')
  let filesChecked = 1
  let topologyUpdatesChecked = 0
  const problems = [...damage]
  for (const run of runs) {
    const found = await verifyRun(runFolder(folder, run.id), run)
    filesChecked += found.filesChecked
    topologyUpdatesChecked += found.topologyUpdatesChecked
    problems.push(...found.problems.map((problem) => `runs/${run.id}/${problem}`))
  }
  return { filesChecked, topologyUpdatesChecked, problems }
}
