import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultExperiment } from '../../src-main/contract/experiment'
import { newRuns } from '../../src-main/runs/launch'
import { lockSession } from '../../src-main/sessions/session-lock'
import { SessionStore } from '../../src-main/sessions/session-store'
import { sampleSession } from './sample-session'
import { temporaryFolder } from './temporary-folder'

function newStore(): SessionStore {
  return new SessionStore(join(temporaryFolder(), 'sessions'))
}

const ids = async (store: SessionStore) => (await store.list()).map(({ manifest }) => manifest.id)

describe('SessionStore', () => {
  it('is empty where nothing was ever written', async () => {
    expect(await newStore().list()).toEqual([])
  })

  it('creates, lists, renames and reopens a session with its runs in order', async () => {
    const store = newStore()
    const { manifest, folder } = await store.create('β and ΔT')
    const runs = newRuns([defaultExperiment(), { ...defaultExperiment(), method: 'static' }])
    await store.addRuns(manifest.id, runs)
    await store.update(manifest.id, { name: 'renamed', notes: '备注' })
    const reopened = await new SessionStore(store.folder).open(manifest.id)
    expect(reopened).toMatchObject({ folder, damage: [], manifest: { name: 'renamed', notes: '备注' } })
    // Runs that say they are queued while nobody runs the session were left behind.
    expect(reopened.runs.map(({ experiment, state }) => [experiment.method, state])).toEqual([
      ['dynamic', 'interrupted'],
      ['static', 'interrupted'],
    ])
    expect(await ids(store)).toEqual([manifest.id])
  })

  it('shows what a launch had written before it died, before the runs of later ones, and no folder that it left empty', async () => {
    const store = newStore()
    const { manifest, folder } = await store.create('torn')
    const [first, second, third, later] = newRuns([1, 2, 3, 4].map((seed) => ({ ...defaultExperiment(), seed })))
    // The list is written last.
    for (const run of [first, second]) await store.writeRun(manifest.id, run)
    mkdirSync(join(folder, 'runs', third.id))
    writeFileSync(join(folder, 'runs', third.id, 'run.json.0a1b2c3d.tmp'), '{')
    await store.addRuns(manifest.id, [later])
    const { runs, damage } = await store.open(manifest.id)
    expect(damage).toEqual([])
    expect(runs.map(({ experiment }) => experiment.seed)).toEqual([1, 2, 4])
  })

  it('sets a deleted session aside, brings it back, and purges it only when told', async () => {
    const store = newStore()
    const { manifest, folder } = await store.create('one')
    await store.remove(manifest.id)
    expect(await ids(store)).toEqual([])
    expect(existsSync(folder)).toBe(false)
    expect((await store.restore(manifest.id)).manifest.name).toBe('one')
    expect(await ids(store)).toEqual([manifest.id])

    await store.remove(manifest.id)
    await store.purge()
    await expect(store.restore(manifest.id)).rejects.toMatchObject({ kind: 'not-found' })
  })

  it('does not delete a session that is being run', async () => {
    const store = newStore()
    const { manifest, folder } = await store.create('one')
    const lock = await lockSession(folder, () => {})
    await expect(store.remove(manifest.id)).rejects.toMatchObject({ kind: 'busy' })
    await lock.release()
  })

  it('remembers a located folder, forgets it on delete without touching it, and restores it', async () => {
    const store = newStore()
    const place = join(temporaryFolder(), 'from a mail (2)')
    const created = await new SessionStore(temporaryFolder()).create('mailed', place)
    await store.locate(place)
    const { id } = created.manifest
    expect(await ids(new SessionStore(store.folder))).toEqual([id])
    await store.remove(id)
    expect(await ids(store)).toEqual([])
    expect(existsSync(join(place, 'session.json'))).toBe(true)
    await store.restore(id)
    expect(await ids(store)).toEqual([id])
  })

  it('keeps a copy apart from the session it was copied from', async () => {
    const store = newStore()
    const { manifest, folder } = await store.create('original')
    const copy = join(temporaryFolder(), 'copy')
    cpSync(folder, copy, { recursive: true })
    const attached = await store.attach(copy)
    expect(attached.manifest.id).not.toBe(manifest.id)
    await store.update(attached.manifest.id, { name: 'the copy' })
    expect((await store.open(manifest.id)).manifest.name).toBe('original')
    expect((await store.open(attached.manifest.id)).manifest.name).toBe('the copy')
  })

  it('opens the rest of a damaged session and names the damaged files', async () => {
    const store = newStore()
    const { manifest, folder } = await store.create('one')
    const runs = newRuns([defaultExperiment(), defaultExperiment()])
    await store.addRuns(manifest.id, runs)
    writeFileSync(join(folder, 'session.json'), '{ "formatVersion": 1')
    const run = join(folder, 'runs', runs[0].id, 'run.json')
    writeFileSync(run, readFileSync(run, 'utf8').replace('"mnist"', '"mnits"'))
    const opened = await store.open(manifest.id)
    expect(opened.runs.map(({ id }) => id)).toEqual([runs[1].id])
    expect(opened.damage).toEqual([
      'session.json: not valid JSON',
      expect.stringMatching(new RegExp(`^runs/${runs[0].id}/run.json: experiment.dataset: `)),
    ])
  })

  it('keeps what is said of a run while runs are added, and drops what says nothing', async () => {
    const store = newStore()
    const { manifest } = await sampleSession(store, 'said')
    const [one, other] = manifest.runs
    const added = newRuns([{ ...defaultExperiment(), seed: 9 }])
    const annotation = { tags: ['outlier'], notes: 'a spike in round 3' }
    await Promise.all([
      store.addRuns(manifest.id, added),
      store.annotate(manifest.id, new Map([[one, annotation]])),
      store.annotate(manifest.id, new Map([[other, annotation]])),
    ])
    const { manifest: both } = await store.open(manifest.id)
    expect(both.runs).toEqual([one, other, added[0].id])
    expect(both.runAnnotations).toEqual({ [one]: annotation, [other]: annotation })
    const entry = await store.annotate(manifest.id, new Map([[one, { tags: [], notes: '' }]]))
    expect(entry.manifest.runAnnotations).toEqual({ [other]: annotation })
  })

  it('never follows a run id out of the session', async () => {
    const store = newStore()
    const { manifest, folder } = await store.create('one')
    const outside = join(store.folder, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'run.json'), JSON.stringify(newRuns([defaultExperiment()])[0]))
    writeFileSync(join(folder, 'session.json'), JSON.stringify({ ...manifest, runs: ['../../outside'] }))
    const opened = await store.open(manifest.id)
    expect(opened.runs).toEqual([])
    await expect(store.runFolderOf(manifest.id, '../../outside')).rejects.toMatchObject({ kind: 'wrong-input' })
  })

  it('refuses a folder that holds something else', async () => {
    const store = newStore()
    const other = temporaryFolder()
    writeFileSync(join(other, 'thesis.tex'), '')
    await expect(store.create('one', other)).rejects.toThrow(/is not empty/)
    await expect(store.attach(other)).rejects.toMatchObject({ kind: 'not-found' })
    await expect(store.open('unknown')).rejects.toMatchObject({ kind: 'not-found' })
  })
})
