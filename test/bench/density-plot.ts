const width = 560
const height = 340
const margin = { left: 60, right: 20, top: 20, bottom: 50 }

/** An SVG of the time of a round against the density, with the straight line of least squares through the points. */
export function densityPlot(points: readonly { readonly density: number; readonly seconds: number }[]): string {
  const most = Math.max(...points.map(({ seconds }) => seconds)) * 1.1
  const x = (density: number) => margin.left + density * (width - margin.left - margin.right)
  const y = (seconds: number) => height - margin.bottom - (seconds / most) * (height - margin.top - margin.bottom)
  const { constant, slope } = fit(points)
  const step = 10 ** Math.floor(Math.log10(most / 2))
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step)
  const every = Math.ceil(ticks.length / 8)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
<path d="M${x(0)} ${y(most)}V${y(0)}H${x(1)}" fill="none" stroke="black"/>
${ticks
  .filter((_, index) => index % every === 0)
  .map((tick) => `<text x="${x(0) - 6}" y="${y(tick) + 4}" text-anchor="end">${Number(tick.toPrecision(3))}</text>`)
  .join('\n')}
${[0, 0.2, 0.4, 0.6, 0.8, 1].map((tick) => `<text x="${x(tick)}" y="${y(0) + 18}" text-anchor="middle">${tick}</text>`).join('\n')}
<text x="${x(0.5)}" y="${height - 10}" text-anchor="middle">density 1 − S</text>
<text transform="translate(16 ${y(most / 2)}) rotate(-90)" text-anchor="middle">processor time of a round, s</text>
<path d="M${x(0)} ${y(constant)}L${x(1)} ${y(constant + slope)}" stroke="#888" stroke-dasharray="5 4"/>
<text x="${x(0.05)}" y="${y(most) + 14}">${constant.toFixed(2)} s + ${slope.toFixed(2)} s × density</text>
${points.map(({ density, seconds }) => `<circle cx="${x(density).toFixed(1)}" cy="${y(seconds).toFixed(1)}" r="4" fill="#0072b2"/>`).join('\n')}
</svg>
`
}

function fit(points: readonly { readonly density: number; readonly seconds: number }[]): {
  constant: number
  slope: number
} {
  const mean = (of: (point: { density: number; seconds: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const density = mean((point) => point.density)
  const seconds = mean((point) => point.seconds)
  const slope =
    mean((point) => (point.density - density) * (point.seconds - seconds)) /
    mean((point) => (point.density - density) ** 2)
  return { constant: seconds - slope * density, slope }
}
