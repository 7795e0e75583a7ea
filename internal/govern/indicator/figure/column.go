package figure

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Row is what is known of one enterprise for the definition, period and source of a column.
type Row struct {
	Code        string // unified social credit code
	Commit      int64  // when it was written down, ns since 1970
	Observation []byte // canonical (indicator.Observation); empty where it was withdrawn
}

// Gone tells whether the row says that there is no longer an observation.
func (r *Row) Gone() bool { return len(r.Observation) == 0 }

const rowFormat = 1

// Encode gives the canonical bytes of one row.
func (r *Row) Encode() []byte {
	w := &wire{make([]byte, 0, 32+len(r.Code)+len(r.Observation))}
	w.byte(rowFormat)
	w.text(r.Code)
	w.number(r.Commit)
	w.bytes(r.Observation)
	return w.b
}

// DecodeRow reads what Encode has written and nothing else. Error: ErrBytes.
func DecodeRow(b []byte) (Row, error) {
	r := &unwire{b: b}
	r.version(rowFormat, "a row")
	row := Row{r.text(maxCode, "its code"), r.number("its commit"), r.bytes(maxObservation, "its observation")}
	return row, r.end("a row")
}

// A column's blob: format; how many rows; pages of pageRows rows, each: first code, size when packed, size when unpacked (0 where it
// was not worth packing); then the pages themselves, in order. So one enterprise is found without unpacking the others.
//
// A page, column by column: of each code how many bytes it shares with the one before and the bytes that follow; of each commit
// the difference to the one before; of each observation its size; then all observations.
const (
	columnFormat   = 1
	pageRows       = 256
	maxColumn      = 1 << 21 // rows
	maxObservation = 64 << 10
	maxPage        = pageRows * (maxObservation + 128)
	packFrom       = 128 // bytes below which a frame costs more than it saves
)

type page struct {
	first          string
	packed, length int // bytes; length 0: not packed
	body           []byte
}

var packer = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		panic(err) // of constants
	}
	return e
})

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPopulation), zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // of constants
	}
	return d
})

// EncodeRows packs rows whose codes ascend, each once. The bytes depend on the version of the library that packs; what they say does
// not. Error: rows that are not in order, or too large.
func EncodeRows(rows []Row) ([]byte, error) {
	if len(rows) > maxColumn {
		return nil, fmt.Errorf("a column of %d rows: at most %d are kept", len(rows), maxColumn)
	}
	head := &wire{}
	head.byte(columnFormat)
	head.count(len(rows))
	var pages, plain []byte
	for at := 0; at < len(rows); at += pageRows {
		part := rows[at:min(at+pageRows, len(rows))]
		for i := range part {
			r := &part[i]
			if r.Code == "" || len(r.Code) > maxCode || len(r.Observation) > maxObservation || at+i > 0 && rows[at+i-1].Code >= r.Code {
				return nil, fmt.Errorf("row %d of a column, %.80q with %d bytes: codes ascend and have 1 to %d bytes, observations at most %d", at+i, r.Code, len(r.Observation), maxCode, maxObservation)
			}
		}
		plain = appendPage(plain[:0], part)
		head.text(part[0].Code)
		from := len(pages)
		if len(plain) >= packFrom {
			pages = packer().EncodeAll(plain, pages)
		}
		if packed := len(pages) - from; packed > 0 && packed < len(plain) {
			head.count(packed)
			head.count(len(plain))
			continue
		}
		pages = append(pages[:from], plain...)
		head.count(len(plain))
		head.count(0)
	}
	return append(head.b, pages...), nil
}

func appendPage(dst []byte, rows []Row) []byte {
	w := &wire{dst}
	w.count(len(rows))
	last := ""
	for i := range rows {
		code := rows[i].Code
		shared := 0
		for shared < min(len(last), len(code)) && last[shared] == code[shared] {
			shared++
		}
		w.count(shared)
		w.text(code[shared:])
		last = code
	}
	var before int64
	for i := range rows {
		w.number(rows[i].Commit - before)
		before = rows[i].Commit
	}
	for i := range rows {
		w.count(len(rows[i].Observation))
	}
	for i := range rows {
		w.b = append(w.b, rows[i].Observation...)
	}
	return w.b
}

// DecodeRows unpacks a column. Error: ErrBytes.
func DecodeRows(b []byte) ([]Row, error) {
	n, pages, err := pagesOf(b)
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, n)
	for i := range pages {
		if out, err = pages[i].rows(out); err != nil {
			return nil, err
		}
	}
	if len(out) != n {
		return nil, fmt.Errorf("%w: a column of %d rows holds %d", ErrBytes, n, len(out))
	}
	return out, nil
}

// FindRows unpacks the pages of a column in which enterprises stand, whose codes ascend. Those that are not in it are left out. Error:
// ErrBytes.
func FindRows(b []byte, codes []string) ([]Row, error) {
	_, pages, err := pagesOf(b)
	if err != nil {
		return nil, err
	}
	var out, rows []Row
	at := -1
	for _, code := range codes {
		i, exact := slices.BinarySearchFunc(pages, code, func(p page, code string) int { return strings.Compare(p.first, code) })
		if !exact {
			i--
		}
		if i < 0 {
			continue
		}
		if i != at {
			if rows, err = pages[i].rows(nil); err != nil {
				return nil, err
			}
			at = i
		}
		if j, ok := slices.BinarySearchFunc(rows, code, func(r Row, code string) int { return strings.Compare(r.Code, code) }); ok {
			out = append(out, rows[j])
		}
	}
	return out, nil
}

// pagesOf reads the head of a column.
func pagesOf(b []byte) (n int, pages []page, err error) {
	r := &unwire{b: b}
	r.version(columnFormat, "a column")
	n = r.count(maxColumn, "rows of a column")
	count := (n + pageRows - 1) / pageRows
	if r.err == nil && count > len(r.b)/4 { // a page's head alone has more
		r.fail("a column of %d rows is cut off", n)
	}
	for i := range count {
		p := page{first: r.text(maxCode, "a page's code"), packed: r.count(maxPage, "a page"), length: r.count(maxPage, "an unpacked page")}
		if r.err == nil && i > 0 && pages[i-1].first >= p.first {
			r.fail("pages do not ascend at %.40q", p.first)
		}
		if r.err != nil {
			return 0, nil, r.err
		}
		pages = append(pages, p)
	}
	for i := range pages {
		pages[i].body = r.take(pages[i].packed, "a page")
	}
	return n, pages, r.end("a column")
}

// rows appends a page's rows.
func (p *page) rows(out []Row) ([]Row, error) {
	body := p.body
	if p.length > 0 {
		var err error
		if body, err = unpack(p.body, p.length); err != nil {
			return nil, err
		}
	}
	r := &unwire{b: body}
	n := r.count(pageRows, "rows of a page")
	from := len(out)
	var codes []byte
	var ends [pageRows]int
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
	var sizes [pageRows]int
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

// unpack unpacks exactly size bytes. Error: ErrBytes.
func unpack(packed []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(packed); err != nil || !h.HasFCS || h.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("%w: a frame does not hold %d bytes", ErrBytes, size)
	}
	out, err := unpacker().DecodeAll(packed, make([]byte, 0, size))
	if err != nil || len(out) != size {
		return nil, fmt.Errorf("%w: a frame cannot be read", ErrBytes)
	}
	return out, nil
}

// MergeRows lays newer rows over older ones; both ascend.
func MergeRows(older, newer []Row) []Row {
	if len(newer) == 0 {
		return older
	}
	out := make([]Row, 0, len(older)+len(newer))
	for len(older) > 0 && len(newer) > 0 {
		switch c := strings.Compare(older[0].Code, newer[0].Code); {
		case c < 0:
			out, older = append(out, older[0]), older[1:]
		case c > 0:
			out, newer = append(out, newer[0]), newer[1:]
		default:
			out, older, newer = append(out, newer[0]), older[1:], newer[1:]
		}
	}
	return append(append(out, older...), newer...)
}

// Standing are the rows that were not withdrawn.
func Standing(rows []Row) []Row {
	if !slices.ContainsFunc(rows, func(r Row) bool { return r.Gone() }) {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Gone() })
}

// lowDigit is how many of the blobs before a delta, itself included, it holds: the largest power of fold that divides its place behind
// its base. So a column is read from its base and few deltas, and a row is written only as often as the logarithm of the changes.
func lowDigit(place int64) int64 {
	n := int64(1)
	for place%(n*fold) == 0 {
		n *= fold
	}
	return n
}

// fold is how many deltas make a greater one.
const fold = 8

// chain are the places behind a base that make a column up at a place, the newest first; the base itself is not among them.
func chain(place int64) (out []int64) {
	for place > 0 {
		out = append(out, place)
		place -= lowDigit(place)
	}
	return out
}

// appendSized packs a value that is not a column, behind its size.
func appendSized(b []byte) []byte {
	return packer().EncodeAll(b, binary.AppendUvarint(nil, uint64(len(b))))
}

// maxPopulation bounds a population in bytes.
const maxPopulation = 256 << 20

func takeSized(b []byte) ([]byte, error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > maxPopulation {
		return nil, fmt.Errorf("%w: a packed value of an impossible size", ErrBytes)
	}
	return unpack(b[n:], int(size))
}
