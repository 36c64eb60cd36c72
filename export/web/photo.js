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
   * @returns {Promise<Float32Array>} [size, size, 3], RGB in 0..1.
   * @throws {PhotoError} if it is transparent and the browser has no WebGL.
   */
  async read(photo, rows, columns) {
    const [top, height] = span(rows);
    const [left, width] = span(columns);
    const pixels = await this.#part(photo, left, top, width, height);
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
    const {data} = context.getImageData(0, 0, width, height);
    const opaque = data.every((value, place) => place % 4 < 3 || value === 255);
    return opaque ? data : coloursAsStored(photo, left, top, width, height);
  }
}

/**
 * RGBA of a part of a photo, with its colours as stored. A canvas for drawing multiplies
 * colours by their opacity, and those of transparent pixels are lost; textures do not.
 */
async function coloursAsStored(photo, left, top, width, height) {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (!gl) throw new PhotoError("it has transparency, which takes WebGL to read");
  const options = {premultiplyAlpha: "none", colorSpaceConversion: "none"};
  const part = await createImageBitmap(photo, left, top, width, height, options);
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, part);
  part.close();
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(
    gl.FRAMEBUFFER,
    gl.COLOR_ATTACHMENT0,
    gl.TEXTURE_2D,
    texture,
    0,
  );
  const pixels = new Uint8Array(4 * width * height);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  gl.getExtension("WEBGL_lose_context")?.loseContext(); // Browsers allow few of them.
  return pixels;
}

/** The least of some places, and how many pixels there are from it to the greatest. */
function span(places) {
  const least = Math.min(...places);
  return [least, Math.max(...places) - least + 1];
}
