// Dimensions have the one-letter names of the field: B, T, C, H, F.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import COpenBLAS

/// Matrix products through OpenBLAS, row-major throughout. Every call runs on the calling thread.

/// Makes OpenBLAS run each call on the calling thread, for the whole process; ``ThreadPool``
/// distributes the work.
func useSingleThreadedProducts() { openblas_set_num_threads(1) }

/// The name of the processor kernels that OpenBLAS chose ("Haswell", "SkylakeX", "Zen", …); the
/// environment variable OPENBLAS_CORETYPE overrides its choice.
public func openBLASKernelName() -> String {
  openblas_get_corename().map { String(cString: $0) } ?? "unknown"
}

/// out (M, N) = x (M, K) · weightᵀ, weight (N, K); `ld` are the row strides.
@inline(__always)
func multiplyTransposed(
  _ out: UnsafeMutablePointer<Float>, ldOut: Int, _ x: UnsafePointer<Float>, ldX: Int,
  _ weight: UnsafePointer<Float>, ldWeight: Int, M: Int, N: Int, K: Int, scale: Float = 1,
  beta: Float = 0
) {
  cblas_sgemm(
    CblasRowMajor, CblasNoTrans, CblasTrans, Int32(M), Int32(N), Int32(K), scale, x, Int32(ldX),
    weight, Int32(ldWeight), beta, out, Int32(ldOut))
}

/// out (M, N) = beta·out + x (M, K) · y (K, N).
@inline(__always)
func multiply(
  _ out: UnsafeMutablePointer<Float>, ldOut: Int, _ x: UnsafePointer<Float>, ldX: Int,
  _ y: UnsafePointer<Float>, ldY: Int, M: Int, N: Int, K: Int, scale: Float = 1, beta: Float = 0
) {
  cblas_sgemm(
    CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(M), Int32(N), Int32(K), scale, x, Int32(ldX),
    y, Int32(ldY), beta, out, Int32(ldOut))
}

/// out (M, N) = beta·out + xᵀ · y, x (K, M), y (K, N).
@inline(__always)
func multiplyFirstTransposed(
  _ out: UnsafeMutablePointer<Float>, ldOut: Int, _ x: UnsafePointer<Float>, ldX: Int,
  _ y: UnsafePointer<Float>, ldY: Int, M: Int, N: Int, K: Int, scale: Float = 1, beta: Float = 0
) {
  cblas_sgemm(
    CblasRowMajor, CblasTrans, CblasNoTrans, Int32(M), Int32(N), Int32(K), scale, x, Int32(ldX),
    y, Int32(ldY), beta, out, Int32(ldOut))
}
