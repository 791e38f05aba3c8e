import { createContext } from 'svelte'
import type { ApplicationInfo, DataFolder, Preferences } from '@contract/commands'
import type { EspalierEvent, MachineLoad, RunLanes } from '@contract/events'
import type { Device } from '@contract/devices'
import type { DatasetName, Experiment } from '@contract/experiment'
import type { MatrixView } from '@contract/matrix'
import type { PaperName } from '@contract/papers'
import { emptyQueue, type Priority, type QueueEntry } from '@contract/queue'
import type { RunAnnotation, RunManifest, SessionEntry } from '@contract/records'
import { ablationExperiments, experimentsOf, sweepCells } from '@contract/sweep'
import type { Engine } from '../bridge/bridge'
import { Datasets } from './datasets.svelte'
import { Devices } from './devices.svelte'
import { Exports } from './exports.svelte'
import { Draft } from './draft.svelte'
import { Messages } from './messages.svelte'
import { Transfer } from './transfer.svelte'
import { OpenSession } from './open-session.svelte'
import { PreferencesState } from './preferences.svelte'
import { tourSteps } from '../features/tour/tour-steps'
import { Preview } from './preview.svelte'
import { SweepCostState } from './sweep-cost.svelte'

/** Sessions remembered as opened lately. */
const mostRecent = 8
/** Sessions whose last question of the result matrix is remembered. */
const mostMatrixViews = 40

export const pageNames = ['setup', 'runs', 'compare', 'layers', 'sessions', 'devices', 'settings'] as const
export type PageName = (typeof pageNames)[number]
/** The views of the comparison, as tabs and as actions. */
export const compareViews = [
  'table',
  'matrix',
  'curves',
  'budget',
  'pareto',
  'parallel',
  'differences',
  'runs',
] as const
export type CompareView = (typeof compareViews)[number]
export type LaunchKind = 'single' | 'ablation' | 'sweep'
/** `pauseRound` lets the round under way end; `startOver` throws away what was recorded. */
export type RunAction = 'pause' | 'pauseRound' | 'resume' | 'resumeOnProcessor' | 'startOver' | 'cancel'

export const [useLaboratory, provideLaboratory] = createContext<Laboratory>()

/** All state of the window, and what can be done with it. Components read it and call its methods; nothing else asks the engine. */
export class Laboratory {
  readonly engine: Engine
  readonly preferences = new PreferencesState()
  readonly messages = new Messages((text) => this.said(text))
  readonly datasets = new Datasets()
  readonly devices = new Devices()
  readonly draft: Draft
  readonly preview: Preview
  readonly sweepCost: SweepCostState
  readonly session: OpenSession
  readonly transfer: Transfer
  readonly exports: Exports

  page = $state<PageName>('setup')
  compareView = $state<CompareView>('table')
  ready = $state(false)
  launching = $state(false)
  helpShown = $state(false)
  aboutShown = $state(false)
  paletteShown = $state(false)
  /** Whether the dialog is open that takes a command line. */
  pasteShown = $state(false)
  /** Where the tour is; null while it is not taken. */
  tourStep = $state<number | null>(null)
  /** Over all sessions. */
  queue = $state.raw(emptyQueue)
  /** Of the run that is being executed. */
  lanes = $state.raw<{ readonly runId: string; readonly lanes: RunLanes } | null>(null)
  load = $state.raw<MachineLoad | null>(null)
  information = $state.raw<ApplicationInfo | null>(null)
  sessions = $state.raw<readonly SessionEntry[]>([])
  /** The fetch the user has just cancelled: its end is no failure. */
  #cancelledFetch: DatasetName | null = null
  #lastDeleted = $state.raw<SessionEntry | null>(null)
  #refresh: Promise<unknown> = Promise.resolve()
  #nextRefresh: Promise<unknown> | null = null
  #isRefreshing = false

  constructor(engine: Engine) {
    this.engine = engine
    this.draft = new Draft(this.preferences)
    this.preview = new Preview(engine)
    this.sweepCost = new SweepCostState(engine)
    this.transfer = new Transfer(this)
    this.exports = new Exports(this)
    this.session = new OpenSession((sessionId, runId) => engine.invoke('runs.records', { sessionId, runId }))
  }

  get words() {
    return this.preferences.words
  }

  /** What the engine said, in the language of the window. */
  said(text: string): string {
    return this.preferences.said(text)
  }

  get format() {
    return this.preferences.format
  }

  /** Reads everything needed for the first picture and reopens the last session. Returns a function that stops listening. */
  async start(): Promise<() => void> {
    const stop = this.engine.onEvent((event) => {
      this.#hear(event)
    })
    await this.attempt(async () => {
      const [information, preferences] = await Promise.all([
        this.engine.invoke('application.info'),
        this.engine.invoke('preferences.get'),
      ])
      this.information = information
      this.preferences.systemLocale = information.systemLocale
      this.preferences.value = preferences
    })
    await Promise.all([this.refreshDatasets(), this.refreshSessions(), this.refreshQueue()])
    const last = this.preferences.value.lastSessionId
    if (last !== null && this.sessions.some(({ manifest }) => manifest.id === last)) await this.openSession(last)
    this.ready = true
    void this.transfer.takeArrived()
    return stop
  }

  /** Does something that may fail; a failure is shown as a message. Returns undefined then. */
  async attempt<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await work()
    } catch (error) {
      this.messages.error(this.words.common.failed, error)
      return undefined
    }
  }

  async changePreferences(change: Partial<Preferences>): Promise<void> {
    await this.attempt(async () => {
      this.preferences.value = await this.engine.invoke('preferences.set', change)
    })
  }

  /** What the result matrix of the open session was asked last; null for a session without. */
  get matrixView(): MatrixView | null {
    const { matrixViews } = this.preferences.value
    return matrixViews.find(({ sessionId }) => sessionId === this.session.id)?.view ?? null
  }

  async rememberMatrixView(sessionId: string, view: MatrixView): Promise<void> {
    const others = this.preferences.value.matrixViews.filter((other) => other.sessionId !== sessionId)
    const matrixViews = [{ sessionId, view }, ...others].slice(0, mostMatrixViews)
    // Another tab may ask for it before it is stored.
    this.preferences.value = { ...this.preferences.value, matrixViews }
    await this.changePreferences({ matrixViews })
  }

  /** Opens the example session and shows the first step on it. */
  async startTour(): Promise<void> {
    if (!(await this.openExample())) return
    await this.changePreferences({ tourSeen: true })
    this.showTourStep(0)
  }

  showTourStep(step: number): void {
    this.tourStep = step
    this.page = tourSteps[step].page
  }

  endTour(): void {
    this.tourStep = null
  }

  async openExample(): Promise<boolean> {
    const entry = await this.attempt(() => this.engine.invoke('sessions.openExample'))
    if (entry === undefined) return false
    await this.refreshSessions()
    await this.openSession(entry.manifest.id)
    return true
  }

  /** Keeps sessions or data sets elsewhere from now on; what is shown is read anew. */
  async setFolder(folder: DataFolder, to: 'chosen' | 'default'): Promise<void> {
    const information = await this.attempt(() => this.engine.invoke('application.setFolder', { folder, to }))
    if (information === null || information === undefined) return
    this.information = information
    if (folder === 'sessions') this.session.close()
    else this.preview.forget()
    await Promise.all([this.refreshDatasets(), this.refreshSessions(), this.refreshQueue()])
  }

  async refreshDatasets(): Promise<void> {
    await this.attempt(async () => {
      this.datasets.list = await this.engine.invoke('datasets.list')
    })
  }

  async fetchDataset(name: DatasetName): Promise<void> {
    const status = this.datasets.find(name)
    if (status !== undefined) this.datasets.replace({ ...status, state: 'fetching' })
    try {
      this.datasets.replace(await this.engine.invoke('datasets.fetch', { name }))
      this.preview.forget()
    } catch (error) {
      await this.refreshDatasets()
      if (this.#cancelledFetch !== name) this.messages.error(this.words.common.failed, error)
      this.#cancelledFetch = null
    }
  }

  async cancelFetch(name: DatasetName): Promise<void> {
    this.#cancelledFetch = name
    await this.attempt(() => this.engine.invoke('datasets.cancel', { name }))
  }

  async importDataset(name: DatasetName): Promise<void> {
    const status = await this.attempt(() => this.engine.invoke('datasets.import', { name }))
    if (status === null || status === undefined) return
    this.datasets.replace(status)
    this.preview.forget()
  }

  /** Looks for every device anew; some seconds. */
  async findDevices(): Promise<void> {
    if (this.devices.isLooking) return
    this.devices.isLooking = true
    await this.attempt(async () => {
      this.devices.reports = await this.engine.invoke('devices.list')
    })
    this.devices.isLooking = false
  }

  /** Measures devices one after the other; `auto` and the estimates follow. */
  async measureDevices(chosen: readonly Device[]): Promise<void> {
    for (const device of chosen) {
      this.devices.measuring = device
      const report = await this.attempt(() => this.engine.invoke('devices.measure', { device }))
      this.devices.measuring = null
      if (report === undefined) return
      this.devices.replace(report)
    }
    void this.preview.askAgain()
    void this.sweepCost.askAgain()
  }

  /** Reads the list anew; whoever asks while it is being read shares one more reading, so that a burst costs two. */
  async refreshSessions(): Promise<void> {
    this.#nextRefresh ??= this.#refresh.then(() => {
      this.#nextRefresh = null
      this.#isRefreshing = true
      return this.attempt(async () => {
        this.sessions = await this.engine.invoke('sessions.list')
      }).finally(() => {
        this.#isRefreshing = false
      })
    })
    this.#refresh = this.#nextRefresh
    await this.#refresh
  }

  async openSession(sessionId: string): Promise<void> {
    await this.attempt(async () => {
      await this.session.show(await this.engine.invoke('sessions.open', { sessionId }))
      await this.#rememberSession(sessionId)
    })
  }

  async locateSession(): Promise<void> {
    const entry = await this.attempt(() => this.engine.invoke('sessions.locate'))
    if (entry === null || entry === undefined) return
    await this.refreshSessions()
    await this.openSession(entry.manifest.id)
  }

  /** Sessions opened lately that still exist, the newest first. */
  get recentSessions(): readonly SessionEntry[] {
    return this.preferences.value.recentSessionIds.flatMap((id) => {
      const entry = this.sessions.find(({ manifest }) => manifest.id === id)
      return entry === undefined ? [] : [entry]
    })
  }

  async updateSession(sessionId: string, change: { name?: string; notes?: string; tags?: string[] }): Promise<boolean> {
    const entry = await this.attempt(() => this.engine.invoke('sessions.update', { sessionId, ...change }))
    if (entry === undefined) return false
    this.sessions = this.sessions.map((other) => (other.manifest.id === sessionId ? entry : other))
    const { contents } = this.session
    if (contents?.manifest.id === sessionId) this.session.contents = { ...contents, manifest: entry.manifest }
    return true
  }

  /** Sets tags and notes of runs of the open session; false when it failed. */
  async annotateRuns(
    runs: readonly { readonly runId: string; readonly annotation: RunAnnotation }[],
  ): Promise<boolean> {
    const { contents } = this.session
    if (contents === null) return false
    const sessionId = contents.manifest.id
    const entry = await this.attempt(() => this.engine.invoke('runs.annotate', { sessionId, runs: [...runs] }))
    if (entry === undefined) return false
    this.session.annotate(sessionId, entry.manifest.runAnnotations)
    return true
  }

  /** Queues further runs in the open session, without leaving the page; false when it failed. */
  async addRuns(experiments: readonly Experiment[]): Promise<boolean> {
    const sessionId = this.session.id
    const contents = await this.attempt(() =>
      this.engine.invoke('runs.launch', { sessionId, sessionName: null, experiments: [...experiments] }),
    )
    if (contents === undefined) return false
    if (this.session.id === sessionId) await this.attempt(() => this.session.show(contents))
    const queued = experiments.length - contents.alreadyThere
    this.messages.note(this.words.comparison.queued(this.format.count(queued)))
    await this.refreshSessions()
    return true
  }

  async deleteSession(entry: SessionEntry): Promise<void> {
    const { id, name } = entry.manifest
    const done = await this.attempt(() => this.engine.invoke('sessions.delete', { sessionId: id }))
    if (done === undefined) return
    const wasOpen = this.session.id === id
    if (wasOpen) {
      this.session.close()
      await this.#rememberSession(null)
    }
    this.#lastDeleted = entry
    await this.refreshSessions()
    this.messages.note(this.words.sessions.deleted(name), {
      label: this.words.common.undo,
      run: () => void this.#restore(entry, wasOpen),
    })
  }

  get canUndo(): boolean {
    return this.#lastDeleted !== null
  }

  async undoDelete(): Promise<void> {
    if (this.#lastDeleted !== null) await this.#restore(this.#lastDeleted, false)
  }

  get openRunCount(): number {
    return this.queue.waitingCount + (this.queue.active === null ? 0 : 1)
  }

  readonly #canLaunch = $derived.by(
    () =>
      this.draft.experiment !== null &&
      this.draft.seeds !== null &&
      this.draft.nameFits &&
      !this.launching &&
      ['bundled', 'ready'].includes(this.datasets.find(this.draft.experiment.dataset)?.state ?? 'missing'),
  )

  canLaunch(kind: LaunchKind): boolean {
    if (kind === 'sweep') return this.#canLaunch && this.draft.sweep.experiments.length > 0
    return this.#canLaunch && (kind === 'single' || this.draft.ablationFits)
  }

  /** Queues the drafted runs and shows them. */
  async launch(kind: LaunchKind): Promise<void> {
    const { experiment, seeds, sessionName, intoOpenSession } = this.draft
    if (!this.canLaunch(kind) || experiment === null || seeds === null) return
    this.launching = true
    await this.attempt(async () => {
      const contents = await this.engine.invoke('runs.launch', {
        sessionId: intoOpenSession ? this.session.id : null,
        sessionName: sessionName.trim() === '' ? null : sessionName.trim(),
        experiments: this.#experimentsOf(kind, experiment, seeds),
      })
      this.#noteHeld()
      if (contents.alreadyThere > 0) this.messages.note(this.words.setup.alreadyThere(contents.alreadyThere))
      this.page = 'runs'
      await this.session.show(contents)
      await this.#rememberSession(contents.manifest.id)
    })
    this.launching = false
    await this.refreshSessions()
  }

  #experimentsOf(kind: LaunchKind, experiment: Experiment, seeds: readonly number[]): Experiment[] {
    if (kind === 'ablation') return ablationExperiments(experiment, seeds)
    return kind === 'sweep' ? [...this.draft.sweep.experiments] : experimentsOf(sweepCells(experiment, [], seeds))
  }

  /** Puts text on the clipboard and says so. */
  async copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      this.messages.note(this.words.common.copy)
    } catch {
      this.messages.error(this.words.common.failed, new Error(this.words.common.copyFailed))
    }
  }

  async copyCommandLine(): Promise<void> {
    if (this.draft.commandLine !== null) await this.copy(this.draft.commandLine)
  }

  async saveExperiment(): Promise<void> {
    const { experiment } = this.draft
    if (experiment === null) return
    const file = await this.attempt(() => this.engine.invoke('experiment.save', { experiment }))
    if (typeof file === 'string') this.messages.note(this.words.workbench.saved(file))
  }

  async loadExperiment(): Promise<void> {
    const experiment = await this.attempt(() => this.engine.invoke('experiment.load'))
    if (experiment !== null && experiment !== undefined) this.draft.load(experiment)
  }

  /** Shows the folder of a session, the open one unless told otherwise, in the system's file manager. */
  async revealSession(sessionId: string | null = this.session.id): Promise<void> {
    if (sessionId === null) return
    await this.attempt(() => this.engine.invoke('sessions.reveal', { sessionId }))
  }

  async openPaper(paper: PaperName): Promise<void> {
    await this.attempt(() => this.engine.invoke('application.openPaper', { paper }))
  }

  async refreshQueue(): Promise<void> {
    await this.attempt(async () => {
      this.queue = await this.engine.invoke('queue.get')
    })
  }

  /** Does one thing with a run of the open session. */
  async controlRun(action: RunAction, runId: string): Promise<void> {
    const sessionId = this.session.id
    if (sessionId === null) return
    const run = { sessionId, runId }
    const done = await this.attempt(() => {
      switch (action) {
        case 'pause':
        case 'cancel':
          return this.engine.invoke(`runs.${action}`, run)
        case 'pauseRound':
          return this.engine.invoke('runs.pause', { ...run, when: 'checkpoint' })
        case 'resume':
          return this.engine.invoke('runs.resume', run)
        case 'resumeOnProcessor':
          return this.engine.invoke('runs.resume', { ...run, device: 'cpu' })
        case 'startOver':
          return this.engine.invoke('runs.resume', { ...run, from: 'start' })
      }
    })
    if (done !== undefined && action !== 'pause' && action !== 'pauseRound' && action !== 'cancel') this.#noteHeld()
  }

  async holdQueue(isHeld: boolean): Promise<void> {
    await this.attempt(() => this.engine.invoke('queue.hold', { isHeld }))
  }

  /** Starts nothing further and pauses the run under way. */
  async pauseAll(): Promise<void> {
    await this.holdQueue(true)
    const { active } = this.queue
    if (active !== null) await this.pauseEntry(active)
  }

  async pauseEntry({ sessionId, runId }: QueueEntry): Promise<void> {
    await this.attempt(() => this.engine.invoke('runs.pause', { sessionId, runId }))
  }

  /** Puts a waiting run at a place; the list shows it at once. */
  async moveInQueue(entry: QueueEntry, index: number): Promise<void> {
    const others = this.queue.waiting.filter((other) => other !== entry)
    this.queue = { ...this.queue, waiting: [...others.slice(0, index), entry, ...others.slice(index)] }
    const { sessionId, runId } = entry
    await this.attempt(() => this.engine.invoke('queue.move', { sessionId, runId, index }))
    await this.refreshQueue()
  }

  async prioritise({ sessionId, runId }: QueueEntry, priority: Priority): Promise<void> {
    await this.attempt(() => this.engine.invoke('queue.prioritise', { sessionId, runId, priority }))
  }

  /** Fills the form with the set-up of a run, to change it and run it anew. */
  editRun(experiment: Experiment): void {
    this.draft.load(experiment)
    this.draft.seedsText = String(experiment.seed)
    this.page = 'setup'
    this.messages.note(this.words.running.inSetup)
  }

  #noteHeld(): void {
    if (!this.queue.isHeld) return
    this.messages.note(this.words.running.heldNote, {
      label: this.words.running.go,
      run: () => void this.holdQueue(false),
    })
  }

  async #restore(entry: SessionEntry, reopen: boolean): Promise<void> {
    this.#lastDeleted = null
    await this.attempt(() => this.engine.invoke('sessions.restore', { sessionId: entry.manifest.id }))
    await this.refreshSessions()
    if (reopen) await this.openSession(entry.manifest.id)
  }

  async #rememberSession(lastSessionId: string | null): Promise<void> {
    const { recentSessionIds } = this.preferences.value
    const others = recentSessionIds.filter((id) => id !== lastSessionId)
    this.preferences.value = await this.engine.invoke('preferences.set', {
      lastSessionId,
      ...(lastSessionId === null ? {} : { recentSessionIds: [lastSessionId, ...others].slice(0, mostRecent) }),
    })
  }

  /** The list of sessions shows the states of their runs; it is read anew only for a run that it does not know. */
  #listRunState(sessionId: string, { id, state }: RunManifest): void {
    const entry = this.sessions.find(({ manifest }) => manifest.id === sessionId)
    const index = entry?.manifest.runs.indexOf(id) ?? -1
    // A list that is just being read may be older than this news.
    if (entry === undefined || index === -1 || this.#isRefreshing) {
      void this.refreshSessions()
      return
    }
    const changed = { ...entry, runStates: entry.runStates.with(index, state) }
    this.sessions = this.sessions.map((other) => (other === entry ? changed : other))
  }

  #hear(event: EspalierEvent): void {
    switch (event.type) {
      case 'run.state':
        if (event.sessionId === this.session.id) this.session.updateRun(event.run)
        this.#listRunState(event.sessionId, event.run)
        break
      case 'run.elsewhere':
        if (event.sessionId === this.session.id) this.session.updateElsewhere(event.run)
        this.#listRunState(event.sessionId, event.run)
        break
      case 'run.round':
        if (event.sessionId === this.session.id) this.session.addRound(event.runId, event.record)
        break
      case 'run.topology':
        if (event.sessionId === this.session.id) this.session.addTopology(event.runId, event.record)
        break
      case 'run.progress':
        if (event.sessionId === this.session.id) this.session.setProgress(event.runId, event.progress)
        break
      case 'run.setAside':
        this.messages.note(this.words.runs.setAside(event.files.join(', ')))
        break
      case 'run.lanes':
        this.lanes = { runId: event.runId, lanes: event.lanes }
        break
      case 'queue.changed':
        this.queue = event.queue
        if (event.queue.active === null) {
          this.lanes = null
          this.load = null
        }
        break
      case 'machine.load':
        this.load = event.load
        break
      case 'dataset.progress':
        this.datasets.advance(event)
        break
      case 'dataset.changed':
        this.preview.forget()
        void this.refreshDatasets()
        break
      case 'estimates.changed':
        void this.preview.askAgain()
        void this.sweepCost.askAgain()
        break
      case 'sessions.changed':
        void this.refreshSessions()
        break
      case 'about.asked':
        this.aboutShown = true
        break
      case 'session.transfer':
        this.transfer.advance(event.bytesDone, event.bytesTotal)
        break
      case 'sessions.arrival':
        void this.transfer.takeArrived()
        break
      case 'engine.lost':
        this.messages.error(this.words.common.engineLost, event.message)
        this.lanes = null
        this.load = null
        void this.refreshQueue()
        if (this.session.id !== null) void this.openSession(this.session.id)
        break
    }
  }
}
