// `node test/bench/rounds.mjs`: a round of FedDST on CIFAR-10, against the same work in PyTorch, and against the density.
// ESPALIER_BENCH_PYTHON names the interpreters whose PyTorch is measured, separated by colons; python3 by default.
import { runBench } from './bundle.mjs'

await runBench('rounds.ts')
