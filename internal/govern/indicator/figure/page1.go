package figure

import (
	"slices"
	"strings"
)

// Columns of format 1, which are read and not written any more. The head: format; how many rows; for each page of pageRows1 rows its first
// code, its size when packed with zstd, its size when unpacked (0 where it is not packed). A page is what the lean part of one is now, with
// roots in place. Its hash is that of all bytes.
const (
	columnFormat1 = 1
	pageRows1     = 256
	maxPage1      = pageRows1 * (maxObservation + 128)
)

type page1 struct {
	first          string
	packed, length int // bytes; length 0: not packed
	body           []byte
}

// column1 reads the head of a column of format 1.
func column1(b []byte) (c column, err error) {
	b = slices.Clone(b) // rows lie in it where a page is not packed
	r := &unwire{b: b}
	r.version(columnFormat1, "a column")
	c.rows = r.count(maxColumn, "rows of a column")
	count := (c.rows + pageRows1 - 1) / pageRows1
	if r.err == nil && count > len(r.b)/4 { // a page's head alone has more
		r.fail("a column of %d rows is cut off", c.rows)
	}
	for i := range count {
		p := &page1{first: r.text(maxCode, "a page's code"), packed: r.count(maxPage1, "a page"), length: r.count(maxPage1, "an unpacked page")}
		if r.err == nil && i > 0 && c.pages[i-1].old.first >= p.first {
			r.fail("pages do not ascend at %.40q", p.first)
		}
		if r.err != nil {
			return column{}, r.err
		}
		c.pages = append(c.pages, page{first: []byte(p.first), old: p})
	}
	for i := range c.pages {
		p := c.pages[i].old
		p.body = r.take(p.packed, "a page")
	}
	c.hash = Sum(b)
	return c, r.end("a column")
}

// find appends the rows of a page that have certain codes, which ascend.
func (p *page1) find(codes []string, out []Row) ([]Row, error) {
	rows, err := p.rows(nil)
	for _, code := range codes {
		if i, ok := slices.BinarySearchFunc(rows, code, func(r Row, code string) int { return strings.Compare(r.Code, code) }); ok {
			out = append(out, rows[i])
		}
	}
	return out, err
}

// rows appends a page's rows.
func (p *page1) rows(out []Row) ([]Row, error) {
	body := p.body
	if p.length > 0 {
		var err error
		if body, err = unpack(p.body, p.length); err != nil {
			return nil, err
		}
	}
	r := &unwire{b: body}
	n := r.count(pageRows1, "rows of a page")
	from := len(out)
	var codes []byte
	var ends [pageRows1]int
	last := 0 // where the code before begins
	for i := range n {
		at := len(codes)
		shared := r.count(maxCode, "what a code shares")
		if r.err == nil && shared > at-last {
			r.fail("a code shares %d bytes with one of %d", shared, at-last)
		}
		if r.err != nil {
			return nil, r.err
		}
		codes = append(codes, codes[last:last+shared]...)
		codes = append(codes, r.bytes(maxCode-shared, "a code")...)
		ends[i], last = len(codes), at
	}
	text := string(codes)
	before, at := int64(0), 0
	for i := range n {
		before += r.number("a commit")
		row := Row{Code: text[at:ends[i]], Commit: before}
		at = ends[i]
		if r.err == nil && (row.Code == "" || i == 0 && row.Code != p.first || len(out) > 0 && out[len(out)-1].Code >= row.Code) {
			r.fail("codes do not ascend at %.40q", row.Code)
		}
		out = append(out, row)
	}
	var sizes [pageRows1]int
	for i := range n {
		sizes[i] = r.count(maxObservation, "an observation")
	}
	for i := range n {
		if sizes[i] > 0 {
			out[from+i].Observation = r.take(sizes[i], "an observation")
		}
	}
	return out, r.end("a page")
}
