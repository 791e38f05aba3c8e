import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RunManifest } from '../../src-main/contract/records'
import { runFolder } from '../../src-main/sessions/read-session'
import { copyAsAfterCrash, launch, tinyExperiment, traceOf, useBench } from './bench'

const bench = useBench()

/** The run without any interruption. */
async function uninterrupted() {
  const { sessionId, runId } = await launch(bench, tinyExperiment())
  const run = await bench.laboratory.settled(sessionId, runId)
  const folder = await bench.laboratory.sessions.folderOf(sessionId)
  return { run, folder, trace: await traceOf(folder, run) }
}

async function resumeCopy(folder: string, runId: string): Promise<RunManifest> {
  const { manifest, runStates } = await bench.laboratory.sessions.attach(folder)
  expect(runStates).toEqual(['interrupted'])
  await bench.laboratory.ask('runs.resume', { sessionId: manifest.id, runId })
  return bench.laboratory.settled(manifest.id, runId)
}

describe('a run that was interrupted', () => {
  it('goes on to the same bits and records from every moment at which its process may die', async () => {
    const expected = await uninterrupted()
    expect(expected.trace.state).toBe('finished')
    expect(expected.trace.rounds).toHaveLength(6)
    expect(expected.trace.topology.length).toBeGreaterThan(3)

    const copies: string[] = []
    const stopCopying = bench.laboratory.onEvent((event) => {
      if (event.type === 'run.round' || event.type === 'run.topology') {
        const copy = join(bench.folder, `crash-${copies.length}`)
        copyAsAfterCrash(join(bench.folder, 'sessions', event.sessionId), copy)
        copies.push(copy)
      }
    })
    const { sessionId, runId } = await launch(bench, tinyExperiment())
    await bench.laboratory.settled(sessionId, runId)
    stopCopying()
    expect(copies).toHaveLength(expected.trace.rounds.length + expected.trace.topology.length)

    for (const [index, copy] of copies.entries()) {
      const records = runFolder(copy, runId)
      // Every other process died in the middle of a line.
      if (index % 2 === 1)
        appendFileSync(join(records, index % 4 === 1 ? 'rounds.ndjson' : 'topology.ndjson'), '{"round":')
      expect(await traceOf(copy, await resumeCopy(copy, runId)), copy).toEqual(expected.trace)
    }
  })

  it('goes on to the same bits and records when it is paused in every round', async () => {
    const expected = await uninterrupted()
    const { sessionId, runId } = await launch(bench, tinyExperiment())
    const { laboratory } = bench
    let pauses = 0
    let run = await new Promise<RunManifest>((resolve) => {
      const stop = laboratory.onEvent((event) => {
        if (event.type !== 'run.round' || event.runId !== runId || event.record.round === 5) return
        stop()
        resolve(laboratory.ask('runs.pause', { sessionId, runId }).then(() => laboratory.settled(sessionId, runId)))
      })
    })
    while (run.state === 'paused') {
      pauses++
      const paused = new Promise<void>((resolve, reject) => {
        const stop = laboratory.onEvent((event) => {
          if (event.type === 'run.state' && event.run.state === 'finished') {
            stop()
            resolve()
          }
          if (event.type !== 'run.round' || event.record.round === 5) return
          stop()
          laboratory.ask('runs.pause', { sessionId, runId }).then(() => {
            resolve()
          }, reject)
        })
      })
      await laboratory.ask('runs.resume', { sessionId, runId })
      await paused
      run = await laboratory.settled(sessionId, runId)
    }
    expect(pauses).toBe(5)
    expect(await traceOf(await laboratory.sessions.folderOf(sessionId), run)).toEqual(expected.trace)
  })

  it('uses the other checkpoint when one byte of the newest is flipped', async () => {
    const expected = await uninterrupted()
    let copy = ''
    const stopCopying = bench.laboratory.onEvent((event) => {
      if (event.type !== 'run.round' || event.record.round !== 3) return
      copy = join(bench.folder, 'flipped')
      copyAsAfterCrash(join(bench.folder, 'sessions', event.sessionId), copy)
    })
    const { sessionId, runId } = await launch(bench, tinyExperiment())
    await bench.laboratory.settled(sessionId, runId)
    stopCopying()

    // Rounds 0 to 3 were written to a, b, a, b.
    flipByte(join(runFolder(copy, runId), 'checkpoints', 'b.safetensors'), 5000)
    const { manifest } = await bench.laboratory.sessions.attach(copy)
    const [before] = (await bench.laboratory.ask('sessions.open', { sessionId: manifest.id })).runs
    expect([before.state, before.roundsDone]).toEqual(['interrupted', 3])
    expect(await traceOf(copy, await resumeCopy(copy, runId))).toEqual(expected.trace)
  })

  it('starts again when a record before the checkpoint was changed', async () => {
    const expected = await uninterrupted()
    let copy = ''
    const stopCopying = bench.laboratory.onEvent((event) => {
      if (event.type !== 'run.round' || event.record.round !== 3) return
      copy = join(bench.folder, 'changed')
      copyAsAfterCrash(join(bench.folder, 'sessions', event.sessionId), copy)
    })
    const { sessionId, runId } = await launch(bench, tinyExperiment())
    await bench.laboratory.settled(sessionId, runId)
    stopCopying()

    const file = join(runFolder(copy, runId), 'rounds.ndjson')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"trainLoss":\d/, '"trainLoss":9'))
    expect(await traceOf(copy, await resumeCopy(copy, runId))).toEqual(expected.trace)
  })
})

function flipByte(file: string, position: number): void {
  const bytes = readFileSync(file)
  bytes[position] ^= 1
  writeFileSync(file, bytes)
}
