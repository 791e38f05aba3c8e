import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { EspalierEvent } from '../../src-main/contract/events'
import { emptyQueue } from '../../src-main/contract/queue'
import type { RunState } from '../../src-main/contract/records'
import { Activity } from '../../src-main/shell/activity'
import { wordsFor } from '../../src-main/shell/words'
import { FakeWindow, Notification, powerSaveBlocker } from '../mocks/electron'

const runIn = (state: RunState): EspalierEvent =>
  ({
    type: 'run.state',
    sessionId: 's',
    run: { id: 'r', state, roundsDone: 5, experiment: { rounds: 10 } },
  }) as EspalierEvent

const activityOf = (window: FakeWindow, mayNotify = true) =>
  new Activity(
    window,
    () => wordsFor('en'),
    () => mayNotify,
  )
const empty: EspalierEvent = { type: 'queue.changed', queue: emptyQueue }

beforeEach(() => {
  vi.clearAllMocks()
  Notification.shown.length = 0
})

describe('activity', () => {
  it('keeps the machine awake and shows progress exactly while a run is running', () => {
    const window = new FakeWindow()
    const activity = activityOf(window)
    activity.follow(runIn('queued'))
    expect(activity.running).toBe(false)
    activity.follow(runIn('running'))
    expect(activity.running).toBe(true)
    expect(powerSaveBlocker.start).toHaveBeenCalledOnce()
    expect(window.setProgressBar).toHaveBeenLastCalledWith(0.5)
    activity.follow({
      type: 'run.progress',
      sessionId: 's',
      runId: 'r',
      progress: { round: 7, rounds: 10, clientsDone: 1, clientsInRound: 2, phase: 'training', secondsRemaining: null },
    })
    expect(window.setProgressBar).toHaveBeenLastCalledWith(0.75)
    activity.follow(runIn('paused'))
    expect(activity.running).toBe(false)
    expect(powerSaveBlocker.stop).toHaveBeenCalledWith(7)
    expect(window.setProgressBar).toHaveBeenLastCalledWith(-1)
  })

  it('ends when the engine is lost', () => {
    const activity = activityOf(new FakeWindow())
    activity.follow(runIn('running'))
    activity.follow({ type: 'engine.lost', message: 'lost' })
    expect(activity.running).toBe(false)
    expect(powerSaveBlocker.stop).toHaveBeenCalledOnce()
  })

  it('says once that all runs have ended, with how many failed, and brings the window back', () => {
    const window = new FakeWindow()
    const activity = activityOf(window)
    activity.follow(empty)
    activity.follow(runIn('running'))
    activity.follow(runIn('finished'))
    activity.follow({ type: 'queue.changed', queue: { ...emptyQueue, waitingCount: 1 } })
    expect(Notification.shown).toEqual([])
    activity.follow(runIn('failed'))
    activity.follow(empty)
    activity.follow(empty)
    expect(Notification.shown.map(({ options }) => options.body)).toEqual(['1 finished, 1 failed; Espalier says why.'])
    Notification.shown[0].emit('click')
    expect(window.focus).toHaveBeenCalledOnce()
  })

  it('says nothing of what the user stopped, sees, or does not want to hear', () => {
    const window = new FakeWindow()
    const activity = activityOf(window)
    activity.follow(runIn('cancelled'))
    activity.follow(empty)
    window.isFocused.mockReturnValue(true)
    activity.follow(runIn('finished'))
    activity.follow(empty)
    const silent = activityOf(new FakeWindow(), false)
    silent.follow(runIn('finished'))
    silent.follow(empty)
    expect(Notification.shown).toEqual([])
  })
})
