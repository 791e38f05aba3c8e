import { deviceSchema } from '../contract/devices'
import { dataHome } from '../sessions/home'
import { connectDeviceToParent } from './devices/device-parent'
import { serveDevice } from './devices/device-server'
import { openNodeBackend } from './devices/node-backends'

/**
 * Entry of the process that drives one device, which its first argument names. A driver that crashes takes this process
 * with it and nothing else, and when it ends the card has its memory back.
 */
const device = deviceSchema.parse(process.argv[2])
serveDevice(device, await connectDeviceToParent(), () => openNodeBackend(device, dataHome().tensorflowFolder))
