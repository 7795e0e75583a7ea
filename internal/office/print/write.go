package print

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// PDF sets a document. Error: a document without a title, a language or anything in it.
func PDF(d *Document) ([]byte, error) {
	if d.Title == "" || d.Lang == "" || len(d.Blocks) == 0 {
		return nil, fmt.Errorf("print: a document needs a title, a language and something in it")
	}
	s := &setter{used: newUsed(regular()), zh: strings.HasPrefix(d.Lang, "zh")}
	s.turn()
	for _, b := range d.Blocks {
		b.set(s)
	}
	for i, p := range s.pages {
		if !s.bare {
			s.frame(p, d, i+1)
		}
	}
	w := &writer{}
	w.out.WriteString("%PDF-1.7\n%\xe7\xbb\x8f\xe7\xba\xac\n")
	pages, font := w.reserve(), w.reserve()
	var kids []string
	for _, p := range s.pages {
		content := w.stream("", p.Bytes())
		kids = append(kids, fmt.Sprintf("%d 0 R", w.object(fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Resources << /Font << /F1 %d 0 R >> >> /Contents %d 0 R >>",
			pages, number(pageWidth), number(pageHeight), font, content))))
	}
	w.put(pages, fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(kids), strings.Join(kids, " ")))
	w.font(font, s.used)
	root := w.object(fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R /Lang %s /ViewerPreferences << /DisplayDocTitle true >> >>", pages, words(d.Lang)))
	info := fmt.Sprintf("<< /Title %s /Producer (jingwei)", words(d.Title))
	if d.Author != "" {
		info += " /Author " + words(d.Author)
	}
	if !d.At.IsZero() {
		info += " /CreationDate (" + date(d.At) + ") /ModDate (" + date(d.At) + ")"
	}
	return w.end(root, w.object(info+" >>")), nil
}

// frame puts header, footer and number on a page.
func (s *setter) frame(p *bytes.Buffer, d *Document, page int) {
	s.write(p, left, 36*pt, small, false, s.fitting(d.Header, inside))
	s.line(p, left, 52*pt, right, 52*pt)
	n := fmt.Sprintf("Page %d of %d", page, len(s.pages))
	if s.zh {
		n = fmt.Sprintf("第 %d 页 共 %d 页", page, len(s.pages))
	}
	s.line(p, left, bottom+10*pt, right, bottom+10*pt)
	s.write(p, left, bottom+14*pt, small, false, s.fitting(d.Footer, inside-s.used.width(n, small)-12*pt))
	s.write(p, right-s.used.width(n, small), bottom+14*pt, small, false, n)
}

// fitting is the first line of a text.
func (s *setter) fitting(t string, width int) string {
	lines := s.used.lines(t, small, width)
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}

func date(t time.Time) string { return t.UTC().Format("D:20060102150405Z") }

// words writes a text string (ISO 32000-2, 7.9.2.2).
func words(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// writer writes the objects of a file.
type writer struct {
	out bytes.Buffer
	at  []int // of each object, from 1
}

func (w *writer) reserve() int {
	w.at = append(w.at, 0)
	return len(w.at)
}

func (w *writer) put(n int, body string) {
	w.at[n-1] = w.out.Len()
	fmt.Fprintf(&w.out, "%d 0 obj\n%s\nendobj\n", n, body)
}

func (w *writer) object(body string) int {
	n := w.reserve()
	w.put(n, body)
	return n
}

func (w *writer) stream(entries string, data []byte) int {
	var z bytes.Buffer
	c, _ := zlib.NewWriterLevel(&z, zlib.BestCompression) // the level is one of them
	_, _ = c.Write(data)                                  // a buffer takes all
	_ = c.Close()
	return w.object(fmt.Sprintf("<< /Length %d /Filter /FlateDecode%s >>\nstream\n%s\nendstream", z.Len(), entries, z.Bytes()))
}

// font writes the type: glyphs by number, their widths, and the characters that they stand for.
func (w *writer) font(n int, u *used) {
	data := u.file()
	sum := sha256.Sum256(data)
	name := make([]byte, 6) // of a subset (9.9.2)
	for i := range name {
		name[i] = 'A' + sum[i]%26
	}
	base := string(name) + "+NotoSansSC-Regular"
	f := u.face
	file := w.stream(fmt.Sprintf(" /Length1 %d", len(data)), data)
	descriptor := w.object(fmt.Sprintf("<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %d 0 R >>",
		base, f.box[0], f.box[1], f.box[2], f.box[3], f.ascent, f.descent, f.capital, file))
	var widths strings.Builder
	for _, g := range u.glyphs {
		fmt.Fprintf(&widths, "%d ", f.advance(g))
	}
	descendant := w.object(fmt.Sprintf("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor %d 0 R /DW 1000 /W [0 [%s]] /CIDToGIDMap /Identity >>",
		base, descriptor, strings.TrimSpace(widths.String())))
	unicode := w.stream("", u.characters())
	w.put(n, fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R >>", base, descendant, unicode))
}

// characters is the table that gives glyphs their characters back (9.10.3).
func (u *used) characters() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for from := 1; from < len(u.runes); from += 100 {
		part := u.runes[from:min(from+100, len(u.runes))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(part))
		for i, r := range part {
			fmt.Fprintf(&b, "<%04X> <", from+i)
			for _, x := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, "%04X", x)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}

// end writes the table of objects and the trailer; the file's id is the hash of its content.
func (w *writer) end(root, info int) []byte {
	sum := sha256.Sum256(w.out.Bytes())
	start := w.out.Len()
	fmt.Fprintf(&w.out, "xref\n0 %d\n0000000000 65535 f \n", len(w.at)+1)
	for _, at := range w.at {
		fmt.Fprintf(&w.out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&w.out, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%X> <%X>] >>\nstartxref\n%d\n%%%%EOF\n", len(w.at)+1, root, info, sum[:16], sum[:16], start)
	return w.out.Bytes()
}
