import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EspalierEvent } from '../../src-main/contract/events'
import type { Experiment, ExperimentInput } from '../../src-main/contract/experiment'
import { ablationExperiments } from '../../src-main/contract/sweep'
import { unpackBits } from '../../src-main/engine/sparsity/pack-bits'
import { describeTrainer } from '../../src-main/host/kernels'
import { Laboratory } from '../../src-main/runs/laboratory'
import { dataHome } from '../../src-main/sessions/home'
import { readManifest } from '../../src-main/sessions/run-folder'
import { runFolder } from '../../src-main/sessions/read-session'
import { noiseImages } from '../host/noise-images'
import { launch, tinyExperiment, traceOf, useBench } from './bench'

const bench = useBench()
/** Minutes of training: long enough to be stopped in the middle. */
const long = tinyExperiment({ localEpochs: 2000 })

beforeEach(() => {
  bench.events.length = 0
})

/** Resolves when clients of the run are training. */
function training(runId: string): Promise<void> {
  const isIt = (event: EspalierEvent) => event.type === 'run.progress' && event.runId === runId
  return new Promise((resolve) => {
    const stop = bench.laboratory.onEvent((event) => {
      if (isIt(event)) finish()
    })
    const finish = () => {
      stop()
      resolve()
    }
    if (bench.events.some(isIt)) finish()
  })
}

/** The states a run went through. */
function statesOf(runId: string): string[] {
  const states = bench.events.flatMap((event) =>
    event.type === 'run.state' && event.run.id === runId ? [event.run.state] : [],
  )
  return states.filter((state, index) => state !== states[index - 1])
}

describe('launch', () => {
  it('runs the four arms for every seed, paired and one at a time', async () => {
    const { laboratory } = bench
    const launched = await laboratory.ask('runs.launch', {
      sessionId: null,
      sessionName: 'ablation',
      experiments: ablationExperiments(tinyExperiment({ rounds: 3 }), [4, 9]),
    })
    const sessionId = launched.manifest.id
    expect(launched.runs.map(({ experiment }) => `${experiment.method} ${experiment.seed}`)).toEqual(
      [4, 9].flatMap((seed) => ['dynamic', 'static', 'none', 'small-dense'].map((method) => `${method} ${seed}`)),
    )
    const runs = await Promise.all(launched.runs.map(({ id }) => laboratory.settled(sessionId, id)))
    expect(runs.map(({ state }) => state)).toEqual(runs.map(() => 'finished'))
    for (const { id } of runs) expect(statesOf(id)).toEqual(['queued', 'running', 'finished'])
    // One at a time: a run starts only when the one before has finished.
    const started = bench.events.flatMap((event) =>
      event.type === 'run.state' && event.run.state !== 'queued' ? [event.run.id] : [],
    )
    expect(started.filter((id, index) => id !== started[index - 1])).toEqual(runs.map(({ id }) => id))

    const clients = await Promise.all(
      runs.map(async ({ id }) => {
        const { rounds } = await laboratory.ask('runs.records', { sessionId, runId: id })
        return JSON.stringify(rounds.map((round) => round.clients))
      }),
    )
    expect(new Set(clients.slice(0, 4)).size).toBe(1)
    expect(new Set(clients.slice(4)).size).toBe(1)
    expect(clients[0]).not.toBe(clients[4])
    expect(runs[0]).toMatchObject({
      trainer: await describeTrainer(),
      dataSha256: bench.datasets.loaded.sha256,
      roundsDone: 3,
    })
    expect(runs[0].versions).toMatchObject({ node: process.versions.node, v8: process.versions.v8 })
    expect(new Set(runs.map(({ weightsSha256 }) => weightsSha256)).size).toBe(8)
    expect((await laboratory.ask('sessions.verify', { sessionId })).problems).toEqual([])
  })

  it('has every record on disk before its event', async () => {
    const { laboratory } = bench
    const seen = { rounds: 0, updates: 0, missing: [] as string[] }
    const stop = laboratory.onEvent((event) => {
      if (event.type !== 'run.round' && event.type !== 'run.topology') return
      const folder = runFolder(join(bench.folder, 'sessions', event.sessionId), event.runId)
      const file = event.type === 'run.round' ? 'rounds.ndjson' : 'topology.ndjson'
      const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')
      if (lines.at(-1) !== JSON.stringify(event.record)) seen.missing.push(JSON.stringify(event.record))
      if (event.type === 'run.round') {
        seen.rounds++
        const checkpoints = readdirSync(join(folder, 'checkpoints'))
        if (checkpoints.length !== Math.min(2, event.record.round + 1)) seen.missing.push('checkpoint')
      } else {
        seen.updates++
        if (!readdirSync(join(folder, 'masks')).includes(`${event.record.update}.bin`)) seen.missing.push('mask')
      }
    })
    const { sessionId, runId } = await launch(bench, tinyExperiment())
    await laboratory.settled(sessionId, runId)
    stop()
    expect(seen.missing).toEqual([])
    expect(seen.rounds).toBe(6)
    expect(seen.updates).toBeGreaterThan(3)
  })

  it('refuses, before anything is written, what cannot be run', async () => {
    const before = await bench.laboratory.ask('sessions.list', undefined)
    const ask = (changes: ExperimentInput) =>
      bench.laboratory.ask('runs.launch', {
        sessionId: null,
        sessionName: null,
        experiments: [tinyExperiment(), tinyExperiment(changes)],
      })
    await expect(ask({ dataset: 'cifar10' })).rejects.toThrow(/cifar10 is not on this computer/)
    await expect(ask({ model: 'lenet-5' })).rejects.toMatchObject({ kind: 'wrong-input' })
    expect(await bench.laboratory.ask('sessions.list', undefined)).toEqual(before)
  })

  it('adds to a session what it does not have yet', async () => {
    const { laboratory } = bench
    const first = tinyExperiment({ rounds: 1 })
    const { sessionId, runId } = await launch(bench, first)
    await laboratory.settled(sessionId, runId)
    const again = { sessionId, sessionName: null }
    const second = { ...first, readjustmentRatio: 0.5 }
    const both = await laboratory.ask('runs.launch', { ...again, experiments: [first, second, second] })
    expect(both.alreadyThere).toBe(2)
    expect(both.runs.map(({ experiment }) => experiment.readjustmentRatio)).toEqual([0.3, 0.5])
    await laboratory.settled(sessionId, both.runs[1].id)
    const nothing = await laboratory.ask('runs.launch', { ...again, experiments: [second] })
    expect(nothing.alreadyThere).toBe(1)
    expect(nothing.runs).toHaveLength(2)
  })

  it('says in words why a run failed, and goes on with the next', async () => {
    const { laboratory } = bench
    const bad = await launch(bench, tinyExperiment({ learningRate: 100, momentum: 0.99 }))
    const good = await launch(bench, tinyExperiment({ rounds: 1 }), bad.sessionId)
    expect(await laboratory.settled(bad.sessionId, bad.runId)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/diverged in round \d.*learningRate/) as unknown,
    })
    expect((await laboratory.settled(good.sessionId, good.runId)).state).toBe('finished')
  })
})

describe('pause, cancel and resume', () => {
  it('stops a run in the middle of its clients, and queued runs where they stand', async () => {
    const { laboratory } = bench
    const first = await launch(bench, long)
    const second = await launch(bench, tinyExperiment(), first.sessionId)
    const third = await launch(bench, tinyExperiment({ seed: 1 }), first.sessionId)
    await training(first.runId)
    await laboratory.ask('runs.pause', second)
    await laboratory.ask('runs.cancel', third)
    await laboratory.ask('runs.cancel', first)
    expect([statesOf(first.runId), statesOf(second.runId), statesOf(third.runId)]).toEqual([
      ['queued', 'running', 'cancelled'],
      ['queued', 'paused'],
      ['queued', 'cancelled'],
    ])
    const { runStates } = await laboratory.ask('sessions.open', { sessionId: first.sessionId })
    expect(runStates).toEqual(['cancelled', 'paused', 'cancelled'])

    await laboratory.ask('runs.resume', second)
    expect((await laboratory.settled(second.sessionId, second.runId)).state).toBe('finished')
    await expect(laboratory.ask('runs.resume', first)).rejects.toThrow(/is cancelled and cannot go on/)
    await expect(laboratory.ask('runs.pause', second)).rejects.toThrow(/is finished and cannot be paused/)
    await expect(laboratory.ask('runs.cancel', second)).rejects.toThrow(/is finished and cannot be cancelled/)
    await expect(laboratory.ask('runs.cancel', { ...first, runId: 'none' })).rejects.toMatchObject({
      kind: 'not-found',
    })
  })

  it('pauses everything when it closes; the next start goes on to the same end', async () => {
    const expected = await launch(bench, tinyExperiment())
    const whole = await bench.laboratory.settled(expected.sessionId, expected.runId)
    const running = await launch(bench, long)
    const waiting = await launch(bench, tinyExperiment(), running.sessionId)
    await training(running.runId)
    await bench.reopen()
    const { laboratory } = bench
    const { runs } = await laboratory.ask('sessions.open', { sessionId: running.sessionId })
    expect(runs.map(({ state }) => state)).toEqual(['paused', 'paused'])
    await laboratory.ask('runs.resume', waiting)
    const run = await laboratory.settled(waiting.sessionId, waiting.runId)
    const folderOf = (id: string) => laboratory.sessions.folderOf(id)
    expect(await traceOf(await folderOf(waiting.sessionId), run)).toEqual(
      await traceOf(await folderOf(expected.sessionId), whole),
    )
    await laboratory.ask('runs.cancel', running)
  })

  it('does not go on with other data than it started with', async () => {
    const { laboratory, datasets } = bench
    const run = await launch(bench, long)
    await training(run.runId)
    await laboratory.ask('runs.pause', run)
    const { loaded } = datasets
    datasets.loaded = { ...loaded, train: noiseImages(240, 'other'), sha256: 'other' }
    await laboratory.ask('runs.resume', run)
    expect((await laboratory.settled(run.sessionId, run.runId)).message).toMatch(/mnist files are not the ones/)
    datasets.loaded = loaded
  })

  it('leaves a session alone that another laboratory runs', async () => {
    const run = await launch(bench, long)
    await training(run.runId)
    const other = await Laboratory.open({
      home: dataHome(bench.folder),
      datasets: bench.datasets,
      workers: 1,
      workerUrl: bench.workerUrl,
    })
    await expect(
      other.ask('runs.launch', {
        sessionId: run.sessionId,
        sessionName: null,
        experiments: [{ ...long, seed: 1 }],
      }),
    ).rejects.toMatchObject({ kind: 'busy' })
    await expect(other.ask('runs.resume', run)).rejects.toMatchObject({ kind: 'busy' })
    await expect(other.ask('sessions.delete', { sessionId: run.sessionId })).rejects.toMatchObject({ kind: 'busy' })
    const { runs } = await other.ask('sessions.open', { sessionId: run.sessionId })
    expect(runs.map(({ state }) => state)).toEqual(['running'])
    await other.close()
    await bench.laboratory.ask('runs.cancel', run)
  })

  it('records runs of a process that died as interrupted as soon as the session is used again', async () => {
    const { laboratory } = bench
    const done = await launch(bench, tinyExperiment({ rounds: 1 }))
    const run = await laboratory.settled(done.sessionId, done.runId)
    const left = { ...run, id: 'left-behind', state: 'running' } as const
    await laboratory.sessions.addRuns(done.sessionId, [left])
    const opened = await laboratory.ask('sessions.open', { sessionId: done.sessionId })
    expect(opened.runStates).toEqual(['finished', 'interrupted'])
    const again = await launch(bench, tinyExperiment({ rounds: 1, seed: 1 }), done.sessionId)
    const folder = await laboratory.sessions.folderOf(done.sessionId)
    expect((await readManifest(runFolder(folder, left.id))).state).toBe('interrupted')
    await laboratory.settled(again.sessionId, again.runId)
  })
})

describe('previews', () => {
  it('counts every image of the partition', async () => {
    const { counts } = await bench.laboratory.ask('preview.partition', { experiment: tinyExperiment() })
    expect(counts).toHaveLength(6)
    expect(counts.flat().reduce((sum, count) => sum + count, 0)).toBe(240)
  })

  /** The estimate, once the event has told that there is one. */
  const estimated = async (experiment: Experiment): Promise<number> => {
    for (;;) {
      const told = new Promise<void>((resolve) => {
        const stop = bench.laboratory.onEvent(({ type }) => {
          if (type !== 'estimates.changed') return
          stop()
          resolve()
        })
      })
      const { estimatedSeconds } = await bench.laboratory.ask('preview.plan', { experiment })
      if (estimatedSeconds !== null) return estimatedSeconds
      await told
    }
  }

  it('tells the cost that the run then has, and a time measured on this machine', async () => {
    const { laboratory } = bench
    const experiment = tinyExperiment({ seed: 3 })
    const preview = await laboratory.ask('preview.plan', { experiment })
    const { sessionId, runId } = await launch(bench, experiment)
    await laboratory.settled(sessionId, runId)
    const { rounds } = await laboratory.ask('runs.records', { sessionId, runId })
    const total = (field: 'trainingFlops' | 'uploadBytes' | 'downloadBytes') =>
      rounds.reduce((sum, round) => sum + round[field], 0)
    expect(preview.totalTrainingFlops).toBe(total('trainingFlops'))
    expect(preview.totalUploadBytes).toBe(total('uploadBytes'))
    expect(preview.totalDownloadBytes).toBe(total('downloadBytes'))
    // The first answer does not wait for the measurement.
    expect(preview.estimatedSeconds).toBeNull()
    const measured = await estimated(experiment)
    // More epochs take longer in proportion; nothing is measured again.
    const longer = await laboratory.ask('preview.plan', { experiment: { ...experiment, localEpochs: 2000 } })
    expect((longer.estimatedSeconds ?? 0) / measured).toBeGreaterThan(100)
  })

  it('invents no time while a run keeps it from measuring', async () => {
    const run = await launch(bench, long)
    await training(run.runId)
    // Its batches make it a network that was never measured.
    const experiment = tinyExperiment({ batchSize: 7 })
    expect((await bench.laboratory.ask('preview.plan', { experiment })).estimatedSeconds).toBeNull()
    await bench.laboratory.ask('runs.cancel', run)
    expect(await estimated(experiment)).toBeGreaterThan(0)
  })
})

describe('commands', () => {
  it('gives masks that have the recorded density', async () => {
    const { laboratory } = bench
    const run = await launch(bench, tinyExperiment())
    await laboratory.settled(run.sessionId, run.runId)
    const { topology } = await laboratory.ask('runs.records', run)
    for (const { update, layers } of topology) {
      for (const [layer, { active, weights }] of layers.entries()) {
        const { bits } = await laboratory.ask('runs.mask', { ...run, update, layer })
        expect(unpackBits(bits, weights).reduce((sum, bit) => sum + bit, 0)).toBe(active)
      }
    }
    await expect(laboratory.ask('runs.mask', { ...run, update: 0, layer: 3 })).rejects.toThrow(/layer: 3 .* 0 to 2/)
    await expect(laboratory.ask('runs.mask', { ...run, update: 99, layer: 0 })).rejects.toMatchObject({
      kind: 'not-found',
    })
  })

  it('checks the name and the input of what comes from another process', async () => {
    const { laboratory } = bench
    await expect(laboratory.handle('runs.explode', undefined)).rejects.toThrow(/command: "runs.explode" is not known/)
    await expect(laboratory.handle('toString', undefined)).rejects.toThrow(/is not known/)
    await expect(laboratory.handle('sessions.open', { sessionId: '../x' })).rejects.toThrow(
      /sessions.open: sessionId: "..\/x" is not allowed/,
    )
    await expect(laboratory.handle('preview.plan', { experiment: { rounds: 0 } })).rejects.toMatchObject({
      kind: 'wrong-input',
      message: expect.stringContaining('experiment.rounds: 0') as unknown,
    })
    await expect(laboratory.handle('sessions.open', undefined)).rejects.toMatchObject({ kind: 'wrong-input' })
    expect(await laboratory.handle('host.information', undefined)).toEqual({
      sessionsFolder: join(bench.folder, 'sessions'),
      datasetsFolder: join(bench.folder, 'datasets'),
      trainer: await describeTrainer(),
    })
  })

  it('deletes, restores and renames, and tells that the list changed', async () => {
    const { laboratory } = bench
    const { manifest } = await laboratory.sessions.create('to be deleted')
    const input = { sessionId: manifest.id }
    await laboratory.ask('sessions.delete', input)
    await expect(laboratory.ask('sessions.open', input)).rejects.toMatchObject({ kind: 'not-found' })
    await laboratory.ask('sessions.restore', input)
    expect((await laboratory.ask('sessions.update', { ...input, name: 'kept' })).manifest.name).toBe('kept')
    expect(bench.events.filter(({ type }) => type === 'sessions.changed')).toHaveLength(3)
  })

  it('passes on the progress of a fetch and cancels it', async () => {
    const { laboratory } = bench
    const fetching = laboratory.ask('datasets.fetch', { name: 'cifar10' })
    const outcome = expect(fetching).rejects.toThrow(/cancelled/)
    await expect(laboratory.ask('datasets.fetch', { name: 'cifar10' })).rejects.toMatchObject({ kind: 'busy' })
    await laboratory.ask('datasets.cancel', { name: 'cifar10' })
    await outcome
    expect(bench.events).toEqual([
      { type: 'dataset.progress', name: 'cifar10', bytesDone: 1, bytesTotal: 2, step: 'download' },
      { type: 'dataset.changed', name: 'cifar10' },
    ])
    await laboratory.ask('host.importDataset', { name: 'cifar10', folder: '/data' })
    expect(bench.datasets.imported).toEqual(['/data'])
  })

  it('trains with another number of threads to the same bits', async () => {
    const { laboratory } = bench
    const digest = async (workers: number) => {
      await laboratory.ask('host.setWorkers', { workers })
      const { sessionId, runId } = await launch(bench, tinyExperiment({ rounds: 2 }))
      return (await laboratory.settled(sessionId, runId)).weightsSha256
    }
    expect(await digest(1)).toBe(await digest(3))
  })
})
