import { messageOf } from '@contract/errors'
import { useLaboratory } from '../../state/laboratory.svelte'

/** What the engine answered to the newest question; null while it thinks. */
export class Answer<Value> {
  value = $state.raw<Value | null>(null)
  failure = $state.raw<string | null>(null)

  /**
   * Asks again whenever something that `ask` reads changes; answers to older questions are dropped. `ask` gives null where
   * there is nothing to ask. To be called while a component is set up.
   */
  constructor(ask: () => Promise<Value> | null) {
    $effect(() => {
      const asked = ask()
      let overtaken = false
      if (asked === null) {
        this.value = null
        this.failure = null
      }
      asked?.then(
        (value) => {
          if (overtaken) return
          this.value = value
          this.failure = null
        },
        (error: unknown) => {
          if (overtaken) return
          this.value = null
          this.failure = messageOf(error)
        },
      )
      return () => {
        overtaken = true
      }
    })
  }
}

/** The open session's id and the engine, for questions about its runs. */
export function useSessionEngine() {
  const laboratory = useLaboratory()
  return {
    get sessionId() {
      return laboratory.session.id
    },
    engine: laboratory.engine,
  }
}
