// `node test/bench/window.mjs`: how soon a large session opens and is searched, and how soon pictures of large masks are drawn.
import { runBench } from './bundle.mjs'

await runBench('window-masks.ts')
await runBench('window-sessions.ts')
await runBench('window-runs.ts')
