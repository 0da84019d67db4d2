package pixel

const native = true // every arm64 processor has NEON
