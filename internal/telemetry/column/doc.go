// Package column holds the page codecs of telemetry chunks, format version 1 (docs/formats/column.md).
//
// A page is one column of one chunk: at most MaxRows values of one kind. Its length in bytes and its number of rows are
// kept by whoever stores it; its first byte names the encoding. Every codec is a pure function: the same values give the
// same bytes on every platform, every value comes back bit for bit, and a decoder answers malformed bytes with an error
// that wraps ErrMalformed. A decoder never reads beyond its page and never allocates more than n values plus the page's
// own size.
//
// Sources: frame of reference with patched exceptions, M. Zukowski et al., "Super-Scalar RAM-CPU Cache Compression",
// ICDE 2006; delta of delta, T. Pelkonen et al., "Gorilla", VLDB 2015; decimal scaling of floats with exceptions,
// A. Afroozeh et al., "ALP: Adaptive Lossless floating-Point Compression", SIGMOD 2024.
package column
