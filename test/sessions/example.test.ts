import { expect, it } from 'vitest'
import { exampleSessionId } from '../../src-main/contract/examples'
import { ablationArms } from '../../src-main/contract/methods'
import { resourcePath } from '../../src-main/host/application-files'
import { SessionStore } from '../../src-main/sessions/session-store'
import { openSessionPath } from '../../src-main/sessions/session-transfer'
import { verifySession } from '../../src-main/sessions/verify-session'
import { temporaryFolder } from './temporary-folder'

it('the session that comes with the application opens, is whole, and has the four arms finished', async () => {
  const store = new SessionStore(temporaryFolder())
  const entry = await openSessionPath(store, resourcePath('examples', 'four-arms.espalier'))
  expect(entry.manifest.id).toBe(exampleSessionId)
  expect(new Set(entry.runStates)).toEqual(new Set(['finished']))
  expect([...entry.methods].sort()).toEqual([...ablationArms].sort())
  expect((await verifySession(entry.folder)).problems).toEqual([])
})
