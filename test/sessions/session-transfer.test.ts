import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lockSession } from '../../src-main/sessions/session-lock'
import { SessionStore } from '../../src-main/sessions/session-store'
import {
  duplicateSession,
  exportSession,
  mergeSessions,
  openSessionPath,
} from '../../src-main/sessions/session-transfer'
import { sampleSession } from './sample-session'
import { temporaryFolder } from './temporary-folder'

function newStore(): SessionStore {
  return new SessionStore(join(temporaryFolder(), 'sessions'))
}

describe('export and import', () => {
  it('carry a session to another computer under its own id', async () => {
    const store = newStore()
    const { manifest } = await sampleSession(store, 'sent')
    await store.update(manifest.id, { notes: '备注', tags: ['paper', 'paper', 'β'] })
    const annotation = { tags: ['outlier'], notes: '种子 1' }
    await store.annotate(manifest.id, new Map([[manifest.runs[0], annotation]]))
    const file = join(temporaryFolder(), 'sent.espalier')
    expect((await exportSession(store, manifest.id, file)).bytes).toBeGreaterThan(500)
    const other = newStore()
    const arrived = await openSessionPath(other, file)
    const original = await store.open(manifest.id)
    expect(arrived.manifest).toEqual(original.manifest)
    expect(arrived.manifest.tags).toEqual(['paper', 'β'])
    expect(arrived.manifest.runAnnotations).toEqual({ [manifest.runs[0]]: annotation })
    expect((await other.open(manifest.id)).runs).toEqual(original.runs)
    expect(readdirSync(other.folder)).toEqual([manifest.id])
  })

  it('give a session a new id where its own is taken', async () => {
    const store = newStore()
    const { manifest } = await sampleSession(store, 'here already')
    const file = join(temporaryFolder(), 'again.espalier')
    await exportSession(store, manifest.id, file)
    const second = await openSessionPath(store, file)
    expect(second.manifest.id).not.toBe(manifest.id)
    expect((await store.list()).map(({ manifest: { name } }) => name)).toEqual(['here already', 'here already'])
  })

  it('refuse a session that is being run, and a file that is none, and leave nothing', async () => {
    const store = newStore()
    const { manifest, folder } = await sampleSession(store, 'busy')
    const place = temporaryFolder()
    const lock = await lockSession(folder, () => {})
    await expect(exportSession(store, manifest.id, join(place, 'a.espalier'))).rejects.toMatchObject({ kind: 'busy' })
    await expect(duplicateSession(store, manifest.id, 'copy')).rejects.toMatchObject({ kind: 'busy' })
    await lock.release()
    writeFileSync(join(place, 'b.espalier'), 'no zip')
    await expect(openSessionPath(store, join(place, 'b.espalier'))).rejects.toMatchObject({ kind: 'refused' })
    await expect(openSessionPath(store, join(place, 'c.espalier'))).rejects.toMatchObject({ kind: 'not-found' })
    expect(readdirSync(place)).toEqual(['b.espalier'])
    expect(readdirSync(store.folder)).toEqual([manifest.id])
  })
})

describe('duplicateSession', () => {
  it('makes a copy that goes its own way', async () => {
    const store = newStore()
    const original = await sampleSession(store, 'one')
    const copy = await duplicateSession(store, original.manifest.id, 'two')
    expect(copy.manifest).toMatchObject({ name: 'two', runs: original.manifest.runs })
    expect(copy.manifest.id).not.toBe(original.manifest.id)
    await store.update(copy.manifest.id, { name: 'changed' })
    expect((await store.open(original.manifest.id)).manifest.name).toBe('one')
    const [run] = copy.manifest.runs
    expect(readFileSync(join(copy.folder, 'runs', run, 'masks/0.bin'))).toHaveLength(70_000)
    expect(existsSync(join(copy.folder, '.lock-owner.json'))).toBe(false)
  })
})

describe('mergeSessions', () => {
  it('puts runs together, keeps a common run once and different runs of one id apart', async () => {
    const store = newStore()
    const first = await sampleSession(store, 'first', [{ seed: 1 }, { seed: 2 }])
    const copy = await duplicateSession(store, first.manifest.id, 'continued elsewhere')
    await store.update(copy.manifest.id, { tags: ['b'], notes: 'second note' })
    await store.update(first.manifest.id, { tags: ['a'], notes: 'first note' })
    const [same, differs] = first.manifest.runs
    writeFileSync(join(copy.folder, 'runs', differs, 'rounds.ndjson'), '{"of":"another"}\n')
    const third = await sampleSession(store, 'third', [{ seed: 3 }])
    const said = (tag: string) => ({ tags: [tag], notes: '' })
    await store.annotate(first.manifest.id, new Map([[differs, said('first')]]))
    await store.annotate(
      copy.manifest.id,
      new Map([
        [same, said('twin')],
        [differs, said('second')],
      ]),
    )

    const { entry, duplicates } = await mergeSessions(
      store,
      [first.manifest.id, copy.manifest.id, third.manifest.id],
      'all',
    )
    expect(duplicates).toBe(1)
    const merged = await store.open(entry.manifest.id)
    expect(merged.damage).toEqual([])
    expect(merged.manifest).toMatchObject({ name: 'all', tags: ['a', 'b'], notes: 'first note\n\nsecond note' })
    expect(merged.runs.map(({ experiment }) => experiment.seed)).toEqual([1, 2, 2, 3])
    const ids = merged.runs.map(({ id }) => id)
    expect(ids.slice(0, 2)).toEqual([same, differs])
    expect(new Set(ids).size).toBe(4)
    expect(merged.manifest.runAnnotations).toEqual({
      [same]: said('twin'),
      [differs]: said('first'),
      [ids[2]]: said('second'),
    })
    expect(readFileSync(join(merged.folder, 'runs', ids[2], 'rounds.ndjson'), 'utf8')).toContain('another')
    expect((await store.open(first.manifest.id)).runs).toHaveLength(2)
    await expect(mergeSessions(store, [first.manifest.id, first.manifest.id], 'x')).rejects.toMatchObject({
      kind: 'wrong-input',
    })
  })
})
