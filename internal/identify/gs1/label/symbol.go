package label

import (
	"image/color"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/datamatrix"
	"github.com/boombuler/barcode/qr"

	"jingwei/internal/identify/gs1"
)

// Kind is a symbology.
type Kind string

// The kinds.
const (
	QR         Kind = "qr"         // with a Digital Link
	DataMatrix Kind = "datamatrix" // GS1 DataMatrix: elements with FNC1
	GS1128     Kind = "gs1-128"    // elements with FNC1
)

// Symbol is an encoded barcode in modules, without its quiet zone.
type Symbol struct {
	Kind   Kind
	Width  int // in modules
	Height int // in modules; 1 for bars, whose height is free
	Quiet  int // modules of white that belong around it; bars need them left and right only
	Text   string
	dark   []bool // by rows
}

// Dark tells whether a module is black.
func (s *Symbol) Dark(x, y int) bool { return s.dark[y*s.Width+x] }

// Bounds of GS1-128 (General Specifications, section 5.4.1).
const longestGS1128 = 48 // characters of data, FNC1 between elements counted

// Quiet zones in modules.
const (
	quietQR         = 4
	quietDataMatrix = 1
	quietGS1128     = 10
)

// Encode makes the symbol of elements. A QR code carries their Digital Link at the stem; the others carry the elements themselves,
// those of predefined length first. Errors: *gs1.Fault, ErrCapacity.
func Encode(kind Kind, es gs1.Elements, stem string) (*Symbol, error) {
	if err := es.Check(); err != nil {
		return nil, err
	}
	if kind == QR {
		l, err := gs1.BuildLink(stem, es)
		if err != nil {
			return nil, err
		}
		return encodeQR(l.String())
	}
	data := es.Arranged().String()
	switch kind {
	case DataMatrix:
		fnc1 := string([]byte{datamatrix.FNC1})
		code, err := datamatrix.Encode(fnc1 + strings.ReplaceAll(data, string(gs1.Separator), fnc1))
		if err != nil {
			return nil, ErrCapacity.At("text", es.Bracketed()).Because(err)
		}
		return read(kind, code, quietDataMatrix, es.Bracketed()), nil
	default:
		if len(data) > longestGS1128 {
			return nil, ErrCapacity.At("text", es.Bracketed())
		}
		fnc1 := string(code128.FNC1)
		code, err := code128.Encode(fnc1 + strings.ReplaceAll(data, string(gs1.Separator), fnc1))
		if err != nil {
			return nil, ErrCapacity.At("text", es.Bracketed()).Because(err)
		}
		return read(kind, code, quietGS1128, es.Bracketed()), nil
	}
}

func encodeQR(uri string) (*Symbol, error) {
	code, err := qr.Encode(uri, qr.M, qr.Auto)
	if err != nil {
		return nil, ErrCapacity.At("text", uri).Because(err)
	}
	return read(QR, code, quietQR, uri), nil
}

func read(kind Kind, code barcode.Barcode, quiet int, text string) *Symbol {
	b := code.Bounds()
	s := &Symbol{Kind: kind, Width: b.Dx(), Height: b.Dy(), Quiet: quiet, Text: text}
	for y := range s.Height {
		for x := range s.Width {
			gray := color.Gray16Model.Convert(code.At(b.Min.X+x, b.Min.Y+y)).(color.Gray16)
			s.dark = append(s.dark, gray.Y < 1<<15)
		}
	}
	return s
}

// bars tells whether the symbol is linear.
func (s *Symbol) bars() bool { return s.Height == 1 }

// run is a stretch of black modules in a row.
type run struct{ x, y, width int }

// runs are the black stretches, row by row.
func (s *Symbol) runs() (out []run) {
	for y := range s.Height {
		for x := 0; x < s.Width; x++ {
			from := x
			for x < s.Width && s.Dark(x, y) {
				x++
			}
			if x > from {
				out = append(out, run{from, y, x - from})
			}
		}
	}
	return out
}
