declare module 'svg-to-pdfkit' {
  /** Draws an SVG into a document of pdfkit, its top left corner at (x, y) in points. */
  export default function svgToPdf(
    document: PDFKit.PDFDocument,
    svg: string,
    x: number,
    y: number,
    options: { readonly fontCallback: (family: string, bold: boolean, italic: boolean) => string },
  ): void
}
