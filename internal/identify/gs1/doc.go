// Package gs1 reads and writes what GS1 puts into barcodes and web addresses: element strings of Application Identifiers, the data
// that scanners send, GS1 Digital Link URIs in full and compressed. It is pure: no I/O, no clock.
//
// What it knows of the AIs is generated from GS1's Barcode Syntax Dictionary (dictionary/, tables.go). Sources: GS1 General
// Specifications, GS1 Digital Link Standard: URI Syntax and Compression, ISO/IEC 15424 for symbology identifiers.
//
// Files: ai.go (what the dictionary says), rule.go (rules by which values are refused), fault.go, charset.go, lint.go, lintdate.go,
// lintcode.go, lintcoupon.go (the checks that the dictionary names), element.go (element strings), associate.go (which AIs need and bar
// which), scan.go, check.go (check digits), link.go, linkparse.go, linkbuild.go (Digital Link), bits.go, compress.go, decompress.go.
package gs1
