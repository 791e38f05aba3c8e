import { Laboratory } from '../runs/laboratory'
import { dataHome } from '../sessions/home'
import { DatasetStore } from '../datasets/dataset-store'
import { connectToParent } from './engine-port'
import { serveEngine } from './engine-server'

/** Composition root of the process the engine lives in. */

// Electron only warns of some of these; the window learns of a crash from the exit of this process, so it must end.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (reason: unknown) => {
    console.error(`espalier engine: ${event}:`, reason)
    process.exit(1)
  })
}

const home = dataHome()
const opening = Laboratory.open({ home, datasets: new DatasetStore(home.datasetsFolder) }).then(async (laboratory) => {
  // What was deleted could be restored until now.
  await laboratory.sessions.purge()
  return laboratory
})

// Without its parent nobody can see or stop this process.
process.on('disconnect', () => {
  void opening.then((laboratory) => laboratory.close()).finally(() => process.exit(0))
})

await serveEngine(connectToParent(), opening)
