import { methodNames, type MethodName } from '../methods'
import type { LineStyle, Marker } from './line-chart'

const armStyles: Partial<Record<MethodName, LineStyle>> = {
  dynamic: { colour: 'arm-dynamic', dash: [], marker: 'circle' },
  static: { colour: 'arm-static', dash: [7, 3], marker: 'rect' },
  none: { colour: 'arm-none', dash: [2, 3], marker: 'triangle' },
  'small-dense': { colour: 'arm-small-dense', dash: [9, 3, 2, 3], marker: 'rectRot' },
}

const variantMarkers: readonly Marker[] = ['circle', 'star', 'crossRot', 'rectRot', 'rect', 'triangle']

/**
 * Colour, dash and marker of a method. The four arms have colours of their own; the others share those of the layers, in
 * the order of the methods. Further settings of the same method keep its colour and differ in dash and marker.
 */
export function armStyle(method: MethodName, variant = 0): LineStyle {
  const style = armStyles[method] ?? layerStyle(methodNames.indexOf(method))
  if (variant === 0) return style
  return {
    colour: style.colour,
    dash: [4 + 3 * variant, 2, ...Array<number>(2 * (variant % 3)).fill(2)],
    marker: variantMarkers[variant % variantMarkers.length],
  }
}

const layerDashes: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 3]]
const layerMarkers: readonly Marker[] = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'crossRot']

/** Style of one layer among the layers of a network. */
export function layerStyle(index: number): LineStyle {
  const at = index % layerDashes.length
  return { colour: `layer-${at}`, dash: layerDashes[at], marker: layerMarkers[at] }
}
