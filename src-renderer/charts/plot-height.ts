import { innerHeight } from 'svelte/reactivity/window'

/** Height in pixels of a chart that has a page for itself: what the window leaves, within reason. */
export function plotHeight(): number {
  return Math.min(640, Math.max(340, (innerHeight.current ?? 0) - 280))
}
