// `node test/bench/layers.mjs`: how near to the processor's limits each layer's kernels come.
import { runBench } from './bundle.mjs'

await runBench('layers.ts')
