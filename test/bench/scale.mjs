// `node test/bench/scale.mjs`: whether time and memory of a round stay what they were, over 1 000 rounds with 1 000 clients.
import { runBench } from './bundle.mjs'

await runBench('scale.ts')
