// Not run here: no Mac was at hand.
//
//     pod 'TensorFlowLiteSwift', '~> 2.17'
//
// and model.tflite, float32, in the bundle.

import Foundation
import TensorFlowLite

/// Upright pixels of a photo: RGBA, 8 bits each, row by row, as stored in its file. A
/// CGContext converts colours and multiplies them by their opacity; for opaque sRGB
/// photos that changes nothing.
struct Pixels {
    let height: Int
    let width: Int
    let rgba: [UInt8]
}

/// Scores photos, one at a time.
final class PhotoScorer {
    private let interpreter: Interpreter
    private let cropSize: Int

    init(modelPath: String) throws {
        interpreter = try Interpreter(modelPath: modelPath) // The CPU, as Python's.
        try interpreter.allocateTensors()
        cropSize = try interpreter.input(at: 0).shape.dimensions[1]
    }

    /// Returns the photo's score; higher is better.
    func score(_ photo: Pixels) throws -> Double {
        try meanOfCrops(height: photo.height, width: photo.width, size: cropSize) {
            rows, columns in
            var crop: [Float32] = []
            crop.reserveCapacity(cropSize * cropSize * 3)
            for row in rows {
                for column in columns {
                    let pixel = 4 * (row * photo.width + column)
                    for channel in 0..<3 {
                        crop.append(Float32(photo.rgba[pixel + channel]) / 255)
                    }
                }
            }
            try interpreter.copy(
                crop.withUnsafeBufferPointer { Data(buffer: $0) }, toInputAt: 0)
            try interpreter.invoke()
            return try interpreter.output(at: 0).data.withUnsafeBytes {
                $0.load(as: Float32.self)
            }
        }
    }
}
