import { showApplication } from '../../../src-renderer/application'
import { FakeEngine } from './fake-engine'

/**
 * The application over a fake engine. `?start=demo` begins with sessions of the past, `?round=20` sets the milliseconds of
 * a round, `?tour=new` has not seen the tour, `?bridge=none` leaves the bridge out.
 */
const query = new URLSearchParams(location.search)
if (query.get('bridge') === 'none') {
  showApplication(undefined)
} else {
  const engine = new FakeEngine({
    withSessions: query.get('start') === 'demo',
    tourSeen: query.get('tour') !== 'new',
    roundMilliseconds: Number(query.get('round') ?? 30),
  })
  window.fakeEngine = engine
  showApplication(engine)
}
