import { Laboratory } from '../runs/laboratory'
import { dataHome } from '../sessions/home'
import { DatasetStore } from '../datasets/dataset-store'
import { forkDevices } from './devices/fork-devices'
import { locatedFirst } from './devices/locate-tensorflow'
import { ShellDevices } from './devices/shell-devices'
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
const port = connectToParent()
// Electron's processes cannot start Node, and its windows have a WebGPU of their own: there the main process starts what
// drives devices.
const shellDevices =
  'electron' in process.versions
    ? new ShellDevices((wish) => {
        port.post(wish)
      })
    : null
const opening = Laboratory.open({
  home,
  datasets: new DatasetStore(home.datasetsFolder),
  connectDevice:
    shellDevices === null
      ? forkDevices(home.tensorflowFolder)
      : locatedFirst(shellDevices.connect, home.tensorflowFolder),
  keepsQueue: true,
}).then(async (laboratory) => {
  // What was deleted could be restored until now.
  await laboratory.sessions.purge()
  return laboratory
})

// Without its parent nobody can see or stop this process.
process.on('disconnect', () => {
  void opening.then((laboratory) => laboratory.close()).finally(() => process.exit(0))
})

await serveEngine(port, opening, shellDevices)
