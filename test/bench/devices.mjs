// `node test/bench/devices.mjs`: the sparse trainer against the devices of TensorFlow.js that are here.
import { runBench } from './bundle.mjs'

await runBench('devices.ts')
