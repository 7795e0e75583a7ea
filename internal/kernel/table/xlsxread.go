package table

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
)

// The reader takes what a table needs of a workbook (ECMA-376 part 1, 18.3 worksheets, 18.4 shared strings) and looks
// at nothing else: no styles, no calculation, no macros, no links. A cell with a formula is refused by its place, since
// what it would give is not in the file's power to say.

// book is an opened workbook.
type book struct {
	files   map[string]*zip.File
	left    int64 // bytes that may still be unpacked
	strings []string
}

// errBomb: the file unpacks to more than anybody writes by hand.
var errBomb = errors.New("unpacks to too much")

func scanXLSX(data []byte, l Limits, begin func(sheet string) Sink) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return Unreadable("不是 XLSX 工作簿；旧的 .xls 请另存为 .xlsx", "is not an XLSX workbook; save an old .xls as .xlsx")
	}
	b := &book{files: map[string]*zip.File{}, left: l.Unpacked}
	for _, f := range z.File {
		b.files[strings.TrimPrefix(f.Name, "/")] = f
	}
	refs, err := b.sheets()
	if err == nil {
		err = b.shared()
	}
	for _, ref := range refs {
		if err != nil {
			break
		}
		if ref.hidden {
			continue
		}
		if sink := begin(ref.name); sink != nil {
			err = b.table(ref.path, l.Columns, sink)
		}
	}
	return told(err, l)
}

// told words an error of reading a workbook.
func told(err error, l Limits) error {
	var mine *Error
	switch {
	case err == nil, errors.As(err, &mine):
		return err
	case errors.Is(err, errBomb):
		return Unreadable("工作簿解压后超过 %d MiB", "the workbook unpacks to more than %d MiB", l.Unpacked>>20)
	}
	return Unreadable("工作簿已损坏，无法读取", "the workbook is damaged and cannot be read")
}

// open unpacks one part, within what is left.
func (b *book) open(name string) ([]byte, error) {
	f := b.files[name]
	if f == nil {
		return nil, nil
	}
	if f.UncompressedSize64 > uint64(b.left) {
		return nil, errBomb
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, b.left+1)) // the size that the file claims may be a lie
	if err != nil {
		return nil, err
	}
	if b.left -= int64(len(data)); b.left < 0 {
		return nil, errBomb
	}
	return data, nil
}

type sheetRef struct {
	name, path string
	hidden     bool
}

// sheets finds the worksheets in their order.
func (b *book) sheets() ([]sheetRef, error) {
	var workbook struct {
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			Rel   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			Rel2  string `xml:"http://purl.oclc.org/ooxml/officeDocument/relationships id,attr"` // ISO strict
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	for name, to := range map[string]any{"xl/workbook.xml": &workbook, "xl/_rels/workbook.xml.rels": &rels} {
		data, err := b.open(name)
		if err != nil {
			return nil, err
		}
		if data == nil {
			return nil, Unreadable("不是 XLSX 工作簿", "is not an XLSX workbook")
		}
		if err := xml.Unmarshal(data, to); err != nil {
			return nil, err
		}
	}
	targets := map[string]string{}
	for _, r := range rels.List {
		target := strings.TrimPrefix(r.Target, "/")
		if target == r.Target {
			target = path.Join("xl", target)
		}
		targets[r.ID] = target
	}
	var out []sheetRef
	for _, s := range workbook.Sheets {
		if target := targets[s.Rel+s.Rel2]; target != "" && len(out) < maxSheets {
			out = append(out, sheetRef{s.Name, target, s.State != "" && s.State != "visible"})
		}
	}
	return out, nil
}

// shared reads the texts that cells refer to by number.
func (b *book) shared() error {
	data, err := b.open("xl/sharedStrings.xml")
	if err != nil || data == nil {
		return err
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "si" {
			s, err := runs(d, "si")
			if err != nil {
				return err
			}
			b.strings = append(b.strings, s)
		}
	}
}

// runs joins the text of an element (si, is) without what is written above Chinese characters to say how they sound.
func runs(d *xml.Decoder, end string) (string, error) {
	var s strings.Builder
	text, phonetic := 0, 0
	for {
		token, err := d.RawToken()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t":
				text++
			case "rPh":
				phonetic++
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t":
				text--
			case "rPh":
				phonetic--
			case end:
				return s.String(), nil
			}
		case xml.CharData:
			if text > 0 && phonetic == 0 {
				s.Write(t)
			}
		}
	}
}

// table reads a worksheet.
func (b *book) table(name string, columns int, to Sink) error {
	data, err := b.open(name)
	if err != nil || data == nil {
		return err
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	number, column := 0, 0
	var cells []string
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "row":
				number, column, cells = number+1, 0, cells[:0]
				if n, err := strconv.Atoi(attribute(e, "r")); err == nil && n >= number {
					number = n
				}
			case "c":
				if n := columnOf(attribute(e, "r")); n >= 0 {
					column = n
				}
				if column >= columns {
					column++
					continue // far to the right: a stray cell
				}
				for len(cells) <= column {
					cells = append(cells, "")
				}
				s, formula, err := b.cell(d, attribute(e, "t"))
				if err != nil {
					return err
				}
				if cells[column] = s; formula {
					to.Formula(number, column, s)
				}
				column++
			}
		case xml.EndElement:
			if e.Name.Local == "row" && len(cells) > 0 {
				if err := to.Add(number, cells); err != nil {
					return err
				}
			}
		}
	}
}

// cell reads to the end of a cell. kind is its type (18.18.11).
func (b *book) cell(d *xml.Decoder, kind string) (value string, formula bool, err error) {
	var v strings.Builder
	in := ""
	for {
		token, err := d.RawToken()
		if err != nil {
			return "", false, err
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "v":
				in = "v"
			case "f":
				formula = true
			case "is":
				s, err := runs(d, "is")
				if err != nil {
					return "", false, err
				}
				v.WriteString(s)
			}
		case xml.CharData:
			if in == "v" {
				v.Write(e)
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "v":
				in = ""
			case "c":
				return b.meant(kind, v.String()), formula, nil
			}
		}
	}
}

// meant turns what a cell stores into what it shows.
func (b *book) meant(kind, v string) string {
	switch kind {
	case "s":
		if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && n >= 0 && n < len(b.strings) {
			return b.strings[n]
		}
		return ""
	case "b":
		return map[string]string{"1": "true", "0": "false"}[v]
	case "", "n":
		// A number is stored with 17 digits (0.10000000000000001); the shortest that means the same is what was typed.
		if x, err := strconv.ParseFloat(v, 64); err == nil {
			return strconv.FormatFloat(x, 'f', -1, 64)
		}
	}
	return v
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// columnOf reads the letters of a place such as AB12; -1 when there are none.
func columnOf(ref string) int {
	n := 0
	for _, r := range ref {
		if r < 'A' || r > 'Z' {
			break
		}
		if n = n*26 + int(r-'A') + 1; n > 1<<14 {
			return 1 << 14
		}
	}
	return n - 1
}
