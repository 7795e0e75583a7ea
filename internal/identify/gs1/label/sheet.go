package label

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"jingwei/internal/identify/gs1"
	"jingwei/internal/office/print"
)

// Sheet is a set of labels on A4 paper. Measures are in micrometres.
type Sheet struct {
	Kind          Kind
	Stem          string // of the Digital Links in QR codes
	Width, Height int    // of a label
	Margin        int    // of the page, at least
	Gap           int    // between labels
	Skip          int    // places of the first page that are used up
	Size          Size
	Lang          string // zh-CN or en, of the document
	At            time.Time
	Labels        []Label
}

// Label is one of them.
type Label struct {
	Title    string // above the symbol, in one line; may be empty
	Elements gs1.Elements
}

// Bounds of a sheet.
const (
	MaxLabels  = 2000
	pageWidth  = 210_000
	pageHeight = 297_000
	titleSize  = 8     // points
	textSize   = 6     // points: of the human readable interpretation
	inner      = 1_000 // between what stands on a label and its edge
)

// PDF sets the sheet. Each element of the human readable interpretation has a line of its own beside a matrix, or stands below bars.
// Errors: *gs1.Fault, ErrCapacity, ErrModule, ErrBar, ErrSheet, ErrFit.
func (s *Sheet) PDF() ([]byte, error) {
	if len(s.Labels) == 0 || len(s.Labels) > MaxLabels {
		return nil, ErrSheet.At("labels", len(s.Labels)).With("what", fmt.Sprintf("1–%d", MaxLabels))
	}
	columns, rows, err := s.places()
	if err != nil {
		return nil, err
	}
	across, down := s.Width+s.Gap, s.Height+s.Gap
	block := print.Labels{
		Left: (pageWidth - columns*across + s.Gap) / 2, Top: (pageHeight - rows*down + s.Gap) / 2, Across: across, Down: down, Columns: columns, Rows: rows, Skip: s.Skip,
	}
	for i, l := range s.Labels {
		set, err := s.one(l, i)
		if err != nil {
			return nil, err
		}
		block.Labels = append(block.Labels, set)
	}
	return print.PDF(&print.Document{Title: "GS1", Lang: s.Lang, At: s.At, Blocks: []print.Block{block}})
}

// places are how many labels stand side by side and below each other.
func (s *Sheet) places() (columns, rows int, err error) {
	switch {
	case s.Margin < 0 || s.Margin > 50_000:
		return 0, 0, ErrSheet.At("margin", s.Margin).With("what", "0–50 mm")
	case s.Gap < 0 || s.Gap > 50_000:
		return 0, 0, ErrSheet.At("gap", s.Gap).With("what", "0–50 mm")
	case s.Width < 10_000 || s.Width > pageWidth-2*s.Margin:
		return 0, 0, ErrSheet.At("width", s.Width).With("what", fmt.Sprintf("10–%d mm", (pageWidth-2*s.Margin)/1000))
	case s.Height < 8_000 || s.Height > pageHeight-2*s.Margin:
		return 0, 0, ErrSheet.At("height", s.Height).With("what", fmt.Sprintf("8–%d mm", (pageHeight-2*s.Margin)/1000))
	}
	columns = (pageWidth - 2*s.Margin + s.Gap) / (s.Width + s.Gap)
	rows = (pageHeight - 2*s.Margin + s.Gap) / (s.Height + s.Gap)
	if s.Skip < 0 || s.Skip >= columns*rows {
		return 0, 0, ErrSheet.At("skip", s.Skip).With("what", fmt.Sprintf("0–%d", columns*rows-1))
	}
	return columns, rows, nil
}

// one sets a label. Nothing is cut: what does not fit is refused.
func (s *Sheet) one(l Label, i int) (out print.Label, err error) {
	symbol, err := Encode(s.Kind, l.Elements, s.Stem)
	if err != nil {
		return out, err
	}
	if err := s.Size.check(symbol); err != nil {
		return out, err
	}
	width, height := s.Size.extent(symbol)
	y := inner
	if strings.ContainsFunc(l.Title, unicode.IsControl) {
		return out, ErrSheet.At(fmt.Sprintf("labels[%d].title", i), l.Title).With("what", "1 line")
	}
	if l.Title != "" {
		out.Lines = append(out.Lines, print.Line{X: inner, Y: y, Size: titleSize, Bold: true, Text: l.Title})
		if need := print.Width(l.Title, titleSize) + 2*inner; need > s.Width {
			return out, s.tight(i, need, s.Height)
		}
		y += print.Leading(titleSize)
	}
	for _, r := range symbol.runs() {
		bx, by, w, h := symbol.place(r, s.Size)
		out.Boxes = append(out.Boxes, print.Box{X: inner + bx, Y: y + by, Width: w, Height: h})
	}
	human := l.Elements.Human()
	needWidth, needHeight := 2*inner+width, y+height+inner
	if symbol.bars() {
		line := ""
		for _, h := range human {
			line += h + "  "
		}
		out.Lines = append(out.Lines, print.Line{X: inner + symbol.Quiet*s.Size.Module, Y: y + height, Size: textSize, Text: line})
		needHeight += print.Leading(textSize)
		needWidth = max(needWidth, print.Width(line, textSize)+2*inner)
	} else {
		for j, h := range human {
			out.Lines = append(out.Lines, print.Line{X: inner + width, Y: y + j*print.Leading(textSize), Size: textSize, Text: h})
			needWidth = max(needWidth, width+print.Width(h, textSize)+2*inner)
		}
		needHeight = max(needHeight, y+len(human)*print.Leading(textSize)+inner)
	}
	if needWidth > s.Width || needHeight > s.Height {
		return out, s.tight(i, needWidth, needHeight)
	}
	return out, nil
}

func (s *Sheet) tight(i, width, height int) error {
	return ErrFit.At(fmt.Sprintf("labels[%d]", i), fmt.Sprintf("%s × %s mm", millimetres(s.Width), millimetres(s.Height))).
		With("width", millimetres(width)).With("height", millimetres(height))
}
