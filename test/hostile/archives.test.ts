import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EspalierError } from '../../src-main/contract/commands'
import { readArchive, sessionFiles, writeArchive } from '../../src-main/sessions/archive'
import { archivePathProblem } from '../../src-main/sessions/archive-paths'
import { runFolder } from '../../src-main/sessions/read-session'
import { RunWriter } from '../../src-main/sessions/run-folder'
import { SessionStore } from '../../src-main/sessions/session-store'
import { sampleSession } from '../sessions/sample-session'
import { temporaryFolder } from '../sessions/temporary-folder'
import { anyDamage, anyText, cases } from './cases'

describe('hostile archives', () => {
  it('damaged anywhere are refused whole or unpacked whole, and nothing lands beside them (600 cases)', async () => {
    const place = temporaryFolder()
    const store = new SessionStore(join(place, 'sessions'))
    const { folder } = await sampleSession(store, 'one', [{ seed: 1 }])
    const file = join(place, 'whole.espalier')
    await writeArchive(folder, file)
    const sound = readFileSync(file)
    const names = await sessionFiles(folder)
    const contents = names.map((name) => readFileSync(join(folder, name), 'latin1'))
    const parent = join(place, 'unpacked')
    mkdirSync(parent)
    const hostile = join(place, 'hostile.espalier')
    let unpacked = 0
    await fc.assert(
      fc.asyncProperty(anyDamage, async (damage) => {
        writeFileSync(hostile, damage(sound))
        const target = join(parent, String(unpacked))
        const outcome = await readArchive(hostile, target).catch((error: unknown) => error)
        if (outcome instanceof Error) {
          expect(outcome).toBeInstanceOf(EspalierError)
          expect(existsSync(target)).toBe(false)
        } else {
          unpacked++
          expect(await sessionFiles(target)).toEqual(names)
          expect(names.map((name) => readFileSync(join(target, name), 'latin1'))).toEqual(contents)
        }
        expect(readdirSync(parent)).toHaveLength(unpacked)
      }),
      cases(600),
    )
    expect(readdirSync(place).sort()).toEqual(['hostile.espalier', 'sessions', 'unpacked', 'whole.espalier'])
  })

  it('name nothing that leads out of a session (5 000 cases)', () => {
    const part = fc.oneof(anyText, fc.constantFrom('..', '.', '', '~', '...', 'a/../..', 'runs'))
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const path = parts.join('/')
        if (archivePathProblem(path) !== null) return
        expect(join('/session', path).startsWith('/session/')).toBe(true)
        expect(path).toMatch(/^[\w.-]+(\/[\w.-]+)*$/)
      }),
      cases(5000),
    )
  })
})

describe('hostile session folders', () => {
  it.each(['rounds.ndjson', 'topology.ndjson', 'masks', 'checkpoints', 'masks/1.bin', '.'])(
    'with a link in place of a run’s %s are not written through',
    async (name) => {
      const store = new SessionStore(join(temporaryFolder(), 'sessions'))
      const entry = await sampleSession(store, 'one', [{ seed: 1 }])
      const [runId] = entry.manifest.runs
      const run = runFolder(entry.folder, runId)
      const outside = temporaryFolder()
      const victim = join(outside, 'victim')
      const place = join(run, name)
      if (name.includes('.') && name !== '.') writeFileSync(victim, 'precious')
      else mkdirSync(victim)
      if (existsSync(place)) renameSync(place, join(outside, 'moved'))
      symlinkSync(victim, name === '.' ? run : place)
      await expect(RunWriter.open(run)).rejects.toThrow(/is a link that leads out of the session/)
      if (existsSync(join(outside, 'moved'))) expect(readdirSync(outside).sort()).toEqual(['moved', 'victim'])
      if (name.includes('.') && name !== '.') expect(readFileSync(victim, 'utf8')).toBe('precious')
      else expect(readdirSync(victim)).toEqual([])
    },
  )
})
