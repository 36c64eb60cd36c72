// Not run here: no Android device was at hand.
//
//     implementation("com.google.ai.edge.litert:litert:2.1.6")
//
// and model.tflite, float32, in the assets.

import android.content.res.AssetManager
import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel

/** Scores photos; close it when done. One thread at a time. */
class PhotoScorer(assets: AssetManager, private val cropSize: Int) : AutoCloseable {
    // The CPU: a GPU calculates in 16 bits, and its scores differ.
    private val model =
        CompiledModel.create(assets, "model.tflite", CompiledModel.Options(Accelerator.CPU))
    private val inputs = model.createInputBuffers()
    private val outputs = model.createOutputBuffers()
    private val crop = FloatArray(cropSize * cropSize * 3)

    /**
     * Returns the photo's score; higher is better.
     *
     * The bitmap is ARGB_8888, upright (BitmapFactory leaves EXIF turns to you,
     * ImageDecoder does them), not scaled, not premultiplied, in sRGB: getPixel converts
     * other colour spaces, the library does not.
     */
    fun score(photo: Bitmap): Double =
        meanOfCrops(photo.height, photo.width, cropSize) { rows, columns ->
            var place = 0
            val line = IntArray(photo.width)
            for (row in rows) {
                photo.getPixels(line, 0, photo.width, 0, row, photo.width, 1)
                for (column in columns) {
                    val pixel = line[column]
                    crop[place++] = (pixel shr 16 and 0xff) / 255f
                    crop[place++] = (pixel shr 8 and 0xff) / 255f
                    crop[place++] = (pixel and 0xff) / 255f
                }
            }
            inputs[0].writeFloat(crop)
            model.run(inputs, outputs)
            outputs[0].readFloat()[0]
        }

    override fun close() {
        inputs.forEach { it.close() }
        outputs.forEach { it.close() }
        model.close()
    }
}
