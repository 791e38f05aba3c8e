// `node test/bench/window.mjs`: how soon a large session opens and is searched, how soon pictures of large masks are drawn, and
// how smooth the window stays while runs stream.
import { runBench } from './bundle.mjs'

await runBench('window-masks.ts')
await runBench('window-sessions.ts')
await runBench('window-runs.ts')
await runBench('window-frames.ts')
