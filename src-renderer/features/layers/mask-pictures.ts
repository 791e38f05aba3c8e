import type { MaskPicture } from '@contract/commands'
import type { Engine } from '../../bridge/bridge'

/** Pictures kept: enough to go to and fro, and for two runs side by side. */
const mostKept = 24

/** Fetches masks and keeps the latest, so that playing and stepping back do not wait. */
export class MaskPictures {
  readonly #kept = new Map<string, Promise<MaskPicture>>()
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get(sessionId: string, runId: string, update: number, layer: number): Promise<MaskPicture> {
    const key = [sessionId, runId, update, layer].join(' ')
    const picture = this.#kept.get(key) ?? this.#engine.invoke('runs.mask', { sessionId, runId, update, layer })
    this.#kept.delete(key)
    this.#kept.set(key, picture)
    // A failure is not kept: the next attempt asks again.
    picture.catch(() => this.#kept.delete(key))
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break
      this.#kept.delete(oldest)
    }
    return picture
  }

  /** Forgets everything, as after a run was resumed and its masks were written again. */
  clear(): void {
    this.#kept.clear()
  }
}
