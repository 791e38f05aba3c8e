// `node test/bench/kernels.mjs`: how much sooner the native kernels end an epoch than those in WebAssembly.
import { runBench } from './bundle.mjs'

await runBench('measure.ts')
