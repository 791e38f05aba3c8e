export type TableFormat = 'md' | 'csv' | 'latex'

/** Text of a table's cell or caption as LaTeX; commands in it stay. */
export function latexText(text: string): string {
  return text
    .replace(/[%&#_]/g, '\\$&')
    .replace(/^-(?=\d)/, () => '$-$')
    .replace(/β = /g, '$\\beta$ = ')
    .replace(/Δ/g, '$\\Delta$')
    .replace(/×/g, '$\\times$')
    .replace(/(?<!\$)±/g, '$\\pm$')
    .replace(/▲/g, '$\\blacktriangle$')
    .replace(/▼/g, '$\\blacktriangledown$')
    .replace(/–/g, '--')
}
