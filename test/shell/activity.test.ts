import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { EspalierEvent } from '../../src-main/contract/events'
import type { RunState } from '../../src-main/contract/records'
import { Activity } from '../../src-main/shell/activity'
import { FakeWindow, powerSaveBlocker } from '../mocks/electron'

const runIn = (state: RunState): EspalierEvent =>
  ({
    type: 'run.state',
    sessionId: 's',
    run: { id: 'r', state, roundsDone: 5, experiment: { rounds: 10 } },
  }) as EspalierEvent

beforeEach(() => {
  vi.clearAllMocks()
})

describe('activity', () => {
  it('keeps the machine awake and shows progress exactly while a run is running', () => {
    const window = new FakeWindow()
    const activity = new Activity(window)
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
    const activity = new Activity(new FakeWindow())
    activity.follow(runIn('running'))
    activity.follow({ type: 'engine.lost', message: 'lost' })
    expect(activity.running).toBe(false)
    expect(powerSaveBlocker.stop).toHaveBeenCalledOnce()
  })
})
