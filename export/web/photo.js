/**
 * Photos as pixels: decoded by the browser, turned upright, and read crop by crop, so
 * that of a large one only the decoded picture is held.
 *
 * Pixels are those that Python reads: as stored, whatever the colour profile says, and
 * of transparent ones the colour under the transparency.
 */

/** What a file is that the browser cannot decode. */
export class PhotoError extends Error {}

/**
 * Decodes a photo.
 *
 * @param {Blob} file
 * @returns {Promise<ImageBitmap>} upright; to be closed.
 * @throws {PhotoError} if it is not a photo that this browser reads.
 */
export async function decode(file) {
  if (!file.size) throw new PhotoError("the file is empty");
  try {
    return await createImageBitmap(file, {
      imageOrientation: "from-image",
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
  } catch {
    throw new PhotoError(
      "not a photo that this browser can read, or a damaged one " +
        "(most read JPEG, PNG, WebP, AVIF, GIF and BMP)",
    );
  }
}

/** Reads crops of photos. It keeps one canvas, of the size of a crop. */
export class CropReader {
  #size;
  #context;

  /** @param {number} size of a crop, in pixels. */
  constructor(size) {
    this.#size = size;
    this.#context = new OffscreenCanvas(size, size).getContext("2d", {
      willReadFrequently: true, // In memory, not on a graphics card.
    });
    this.#context.globalCompositeOperation = "copy";
  }

  /**
   * Reads a crop.
   *
   * @param {ImageBitmap} photo
   * @param {Int32Array} rows of the photo that it shows, as crops.sources gives them.
   * @param {Int32Array} columns likewise.
   * @returns {Float32Array} [size, size, 3], RGB in 0..1.
   */
  read(photo, rows, columns) {
    const [top, height] = span(rows);
    const [left, width] = span(columns);
    const pixels = this.#part(photo, left, top, width, height);
    const crop = new Float32Array(this.#size * this.#size * 3);
    let place = 0;
    for (const row of rows) {
      for (const column of columns) {
        const pixel = 4 * ((row - top) * width + column - left);
        crop[place++] = pixels[pixel] / 255;
        crop[place++] = pixels[pixel + 1] / 255;
        crop[place++] = pixels[pixel + 2] / 255;
      }
    }
    return crop;
  }

  /** RGBA of a part of the photo that is no larger than a crop. */
  #part(photo, left, top, width, height) {
    const context = this.#context;
    context.drawImage(photo, left, top, width, height, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  }
}

/** The least of some places, and how many pixels there are from it to the greatest. */
function span(places) {
  const least = Math.min(...places);
  return [least, Math.max(...places) - least + 1];
}
