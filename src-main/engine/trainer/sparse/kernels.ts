import { EspalierError } from '../../../contract/commands'

/** The compiled kernels: whoever may read files loads them once and hands them on. Both kinds give the same bits. */
export type SparseKernels =
  /** `resources/kernels/sparse.wasm`. */
  | { readonly kind: 'wasm'; readonly module: WebAssembly.Module }
  /** One of the levels of the addon `resources/kernels/native/*.node`, e.g. "avx2". */
  | { readonly kind: 'native'; readonly addon: NativeAddon; readonly level: string }

/** What `kernels/native/addon.c` exports; its kernels work on any ArrayBuffer, on the thread that calls them. */
export interface NativeAddon {
  /** SHA-256 of the `sparse.wasm` that the same sources gave. */
  readonly twin: string
  /** First byte of the buffer that can be position 0. */
  origin(buffer: ArrayBuffer): number
  /** The kernels for each kind of processor that this one can stand in for, the best first. */
  readonly levels: Readonly<Record<string, Record<KernelName, (buffer: ArrayBuffer, position: number) => number>>>
}

type KernelName = keyof KernelCalls

/** The kernels on one heap; what they take is the position of a record or of values. */
interface KernelCalls {
  train_epoch(network: number): number
  evaluate(network: number): void
  add_gradient(network: number): void
  /** One stage of a training step; takes the position of a StageCall. */
  run_stage(call: number): void
  /** e^x of eight values in place. */
  exponentials(values: number): void
  /** Natural logarithm of eight values in place. */
  logarithms(values: number): void
  /** One of the machine's ceilings; takes the position of a CeilingCall (kernels/network.h). */
  run_ceiling(call: number): void
}

interface WasmExports extends KernelCalls {
  readonly memory: WebAssembly.Memory
  readonly __heap_base: WebAssembly.Global
}

/** Where the kernels' memory lies: position 0 is byte `origin` of the buffer, which growing replaces. */
interface HeapMemory {
  readonly buffer: ArrayBuffer
  readonly origin: number
  /** Makes positions below `bytes` usable and keeps what is there. */
  grow(bytes: number): void
}

/** Below 1 GiB, where Electron's memory cage ends a process; the module declares the same maximum. */
const maximumBytes = 1024 ** 3 - 65_536
const pageBytes = 65_536
/** Positions are multiples of a cache line, and so is the address of position 0. */
const lineBytes = 64

/** What the trainer with these kernels calls itself, e.g. "sparse/native (avx2)". */
export function kernelsName(kernels: SparseKernels): string {
  return kernels.kind === 'wasm' ? 'sparse/wasm' : `sparse/native (${kernels.level})`
}

/** One instance of the kernels and its memory, with typed windows on it. Positions are in bytes. */
export class KernelHeap {
  readonly kernels: KernelCalls
  /** First byte that belongs to the caller; above 0, which stands for "none" in the records. */
  readonly base: number
  private readonly memory: HeapMemory

  constructor(source: SparseKernels) {
    if (source.kind === 'wasm') {
      const exports = new WebAssembly.Instance(source.module).exports as unknown as WasmExports
      this.kernels = exports
      this.memory = new WasmMemory(exports.memory)
      this.base = aligned(Number(exports.__heap_base.value))
    } else {
      const memory = new NativeMemory(source.addon)
      this.kernels = nativeCalls(source, memory)
      this.memory = memory
      this.base = lineBytes
    }
  }

  /** Makes positions below `bytes` usable; windows taken before are void afterwards. */
  reserve(bytes: number, what: string): void {
    const needed = Math.ceil(bytes / 1024 ** 2)
    if (bytes > maximumBytes) {
      throw new EspalierError(
        'refused',
        `${what} needs ${needed} MiB in the CPU trainer, which holds at most ${Math.floor(maximumBytes / 1024 ** 2)} MiB; use fewer images per client, a smaller batch or a smaller model`,
      )
    }
    try {
      this.memory.grow(bytes)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new EspalierError(
        'failed',
        `${what} needs ${needed} MiB in the CPU trainer, which this computer does not have free; close other programs or train with fewer threads (--workers, or Settings), then resume the run`,
        { cause: error },
      )
    }
  }

  bytes(position: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.memory.origin + position, length)
  }
  integers(position: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, this.memory.origin + position, length)
  }
  floats(position: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.memory.origin + position, length)
  }
}

class WasmMemory implements HeapMemory {
  readonly origin = 0
  constructor(private readonly memory: WebAssembly.Memory) {}

  get buffer(): ArrayBuffer {
    return this.memory.buffer
  }

  grow(bytes: number): void {
    const missing = bytes - this.memory.buffer.byteLength
    if (missing > 0) this.memory.grow(Math.ceil(missing / pageBytes))
  }
}

/** An ordinary ArrayBuffer: Electron's memory cage admits no memory that native code has allocated. */
class NativeMemory implements HeapMemory {
  buffer = new ArrayBuffer(0)
  origin = 0
  constructor(private readonly addon: NativeAddon) {}

  grow(bytes: number): void {
    if (this.origin + bytes <= this.buffer.byteLength) return
    const kept = new Uint8Array(this.buffer, this.origin)
    const buffer = new ArrayBuffer(bytes + lineBytes)
    const origin = this.addon.origin(buffer)
    new Uint8Array(buffer, origin).set(kept.subarray(0, bytes))
    this.buffer = buffer
    this.origin = origin
  }
}

function nativeCalls({ addon, level }: SparseKernels & { kind: 'native' }, memory: NativeMemory): KernelCalls {
  const kernels = addon.levels[level]
  const on = (name: KernelName) => (position: number) => kernels[name](memory.buffer, position)
  return {
    train_epoch: on('train_epoch'),
    evaluate: on('evaluate'),
    add_gradient: on('add_gradient'),
    run_stage: on('run_stage'),
    exponentials: on('exponentials'),
    logarithms: on('logarithms'),
    run_ceiling: on('run_ceiling'),
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
  return Math.ceil(position / lineBytes) * lineBytes
}
