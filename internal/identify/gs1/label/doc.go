// Package label draws what packs carry: QR codes with a Digital Link, GS1 DataMatrix and GS1-128, as SVG, PNG and sheets of labels in
// PDF with the human readable interpretation. Measures are in micrometres.
//
// Sources: GS1 General Specifications, sections 5 (symbologies, quiet zones), 4.14 (human readable interpretation) and 5.12
// (dimensions); ISO/IEC 18004, 16022 and 15417 by the library boombuler/barcode (MIT).
//
// Files: symbol.go (encoding), draw.go (SVG, PNG), sheet.go (labels on paper), errors.go, api.go.
package label
