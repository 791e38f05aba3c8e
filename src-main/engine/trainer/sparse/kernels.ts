import { EspalierError } from '../../../contract/commands'

/** The compiled kernels (`resources/kernels/sparse.wasm`); whoever may read files compiles them once and hands them on. */
export interface SparseKernels {
  readonly module: WebAssembly.Module
}

interface KernelExports {
  readonly memory: WebAssembly.Memory
  readonly __heap_base: WebAssembly.Global
  train_epoch(network: number): number
  evaluate(network: number): void
  add_gradient(network: number): void
}

/** Below 1 GiB, where Electron's memory cage ends a process; the module declares the same maximum. */
const maximumBytes = 1024 ** 3 - 65_536
const pageBytes = 65_536

/** One instance of the kernels and its memory, with typed windows on it. Positions are in bytes. */
export class KernelHeap {
  readonly kernels: KernelExports
  /** First byte that belongs to the caller. */
  readonly base: number

  constructor({ module }: SparseKernels) {
    this.kernels = new WebAssembly.Instance(module).exports as unknown as KernelExports
    this.base = aligned(Number(this.kernels.__heap_base.value))
  }

  /** Makes positions below `bytes` usable; windows taken before are void afterwards. */
  reserve(bytes: number, what: string): void {
    if (bytes > maximumBytes) {
      const needed = Math.ceil(bytes / 1024 ** 2)
      throw new EspalierError(
        'refused',
        `${what} needs ${needed} MiB in the CPU trainer, which holds at most ${Math.floor(maximumBytes / 1024 ** 2)} MiB; use fewer images per client, a smaller batch or a smaller model`,
      )
    }
    const missing = bytes - this.kernels.memory.buffer.byteLength
    if (missing > 0) this.kernels.memory.grow(Math.ceil(missing / pageBytes))
  }

  bytes(position: number, length: number): Uint8Array {
    return new Uint8Array(this.kernels.memory.buffer, position, length)
  }
  integers(position: number, length: number): Int32Array {
    return new Int32Array(this.kernels.memory.buffer, position, length)
  }
  floats(position: number, length: number): Float32Array {
    return new Float32Array(this.kernels.memory.buffer, position, length)
  }
}

/** Hands out consecutive pieces, each on a cache line of its own. */
export class Arrangement {
  constructor(public end: number) {}

  /** Position of `bytes` fresh bytes. */
  take(bytes: number): number {
    const position = this.end
    this.end = aligned(position + bytes)
    return position
  }
}

function aligned(position: number): number {
  return Math.ceil(position / 64) * 64
}
