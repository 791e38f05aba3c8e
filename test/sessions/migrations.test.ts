import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SessionStore } from '../../src-main/sessions/session-store'
import { sampleSession } from './sample-session'
import { temporaryFolder } from './temporary-folder'

function rewrite(file: string, change: (fields: Record<string, unknown>) => void): void {
  const fields = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  change(fields)
  writeFileSync(file, JSON.stringify(fields))
}

describe('formats of session.json', () => {
  it('1 had no tags, 2 nothing to say of runs; they open, and are written as 3 when something changes', async () => {
    const store = new SessionStore(join(temporaryFolder(), 'sessions'))
    const { manifest, folder } = await sampleSession(store, 'old')
    const file = join(folder, 'session.json')
    rewrite(file, (fields) => {
      fields['formatVersion'] = 1
      delete fields['tags']
      delete fields['runAnnotations']
      // Files had no seals then.
      delete fields['sha256']
    })
    const opened = await store.open(manifest.id)
    expect(opened.damage).toEqual([])
    expect(opened.manifest).toMatchObject({ name: 'old', formatVersion: 3, tags: [], runAnnotations: {} })
    await store.update(manifest.id, { tags: ['kept'] })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ formatVersion: 3, tags: ['kept'], name: 'old' })
  })

  it('of a newer Espalier are refused in words and never written over', async () => {
    const store = new SessionStore(join(temporaryFolder(), 'sessions'))
    const { manifest, folder } = await sampleSession(store, 'from the future')
    const file = join(folder, 'session.json')
    rewrite(file, (fields) => {
      fields['formatVersion'] = 99
    })
    const before = readFileSync(file, 'utf8')
    await expect(store.open(manifest.id)).rejects.toThrow(/format 99, written by a newer Espalier.*Update Espalier/)
    await expect(store.update(manifest.id, { name: 'x' })).rejects.toMatchObject({ kind: 'refused' })
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect((await store.list()).map(({ damage }) => damage)).toEqual([[expect.stringContaining('newer Espalier')]])
  })

  it('a run of a newer Espalier is named, the rest of the session opens', async () => {
    const store = new SessionStore(join(temporaryFolder(), 'sessions'))
    const { manifest, folder } = await sampleSession(store, 'mixed')
    rewrite(join(folder, 'runs', manifest.runs[0], 'run.json'), (fields) => {
      fields['formatVersion'] = 7
    })
    const opened = await store.open(manifest.id)
    expect(opened.runs).toHaveLength(1)
    expect(opened.damage).toEqual([expect.stringMatching(/run\.json: run\.json has format 7/)])
  })
})
