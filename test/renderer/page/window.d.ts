import type { FakeEngine } from './fake-engine'

declare global {
  interface Window {
    /** For tests: lets commands fail and events arrive. */
    fakeEngine: FakeEngine
  }
}
