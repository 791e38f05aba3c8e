/** Pixels of a saved picture per CSS pixel. */
const resolution = 2

/** RGBA pixels as a PNG in a data address. */
export function pngAddress(pixels: Uint8ClampedArray<ArrayBuffer>, width: number, height: number): string {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0)
  return canvas.toDataURL('image/png')
}

/** An SVG drawn at twice its size, as the base64 of a PNG file. */
export async function picturePng(svg: string): Promise<string> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  try {
    const image = new Image()
    image.src = address
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.naturalWidth * resolution
    canvas.height = image.naturalHeight * resolution
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('The picture could not be drawn.')
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '')
  } finally {
    URL.revokeObjectURL(address)
  }
}
