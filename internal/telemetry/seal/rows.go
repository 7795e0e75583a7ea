package seal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/telemetry"
)

// The rows of a leaf as a file: JSON, one object per line; the first line names series and day, the last one the number
// of rows. There is one spelling of everything, so a changed byte either changes a value or is told.

// RowsType is its media type.
const RowsType = "application/jsonl"

// maxLine bounds a line: a text whose every byte is written with six.
const maxLine = 6*telemetry.MaxTextBytes + 1024

type rowsHead struct {
	Series uuid.UUID `json:"series"`
	Day    string    `json:"day"`
}

type rowsTail struct {
	Rows uint64 `json:"rows,string"`
}

// rowsWriter writes the rows of a leaf. Rows of one source time are held back to be put in canonical order.
type rowsWriter struct {
	w    *bufio.Writer
	ties []tied
	line []byte
	rows uint64
}

type tied struct {
	row   tuple.Row
	bytes []byte
}

func newRowsWriter(w io.Writer, series uuid.UUID, d Day) *rowsWriter {
	r := &rowsWriter{w: bufio.NewWriterSize(w, 64<<10)}
	r.json(rowsHead{series, d.String()})
	return r
}

func (w *rowsWriter) json(v any) {
	b, _ := json.Marshal(v) // plain structs
	_, _ = w.w.Write(append(b, '\n'))
}

func (w *rowsWriter) add(row *tuple.Row) error {
	if len(w.ties) > 0 && w.ties[0].row.Time != row.Time {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.ties = append(w.ties, tied{row: *row})
	w.rows++
	return nil
}

func (w *rowsWriter) flush() error {
	if len(w.ties) > 1 {
		for i := range w.ties {
			b, err := w.ties[i].row.Append(nil)
			if err != nil {
				return err
			}
			w.ties[i].bytes = b
		}
		slices.SortFunc(w.ties, func(a, b tied) int { return bytes.Compare(a.bytes, b.bytes) })
	}
	for i := range w.ties {
		w.line = append(appendRow(w.line[:0], &w.ties[i].row), '\n')
		if _, err := w.w.Write(w.line); err != nil {
			return err
		}
	}
	clear(w.ties)
	w.ties = w.ties[:0]
	return nil
}

func (w *rowsWriter) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	w.json(rowsTail{w.rows})
	return w.w.Flush()
}

var typeNames = [...]string{tuple.Null: "none", tuple.Float64: "float64", tuple.Int64: "int64", tuple.Bool: "bool", tuple.String: "string"}

// appendRow writes a row as a line without its end.
func appendRow(b []byte, r *tuple.Row) []byte {
	at := func(b []byte, name string, ns int64) []byte {
		b = append(append(append(b, '"'), name...), `":"`...)
		return append(time.Unix(0, ns).UTC().AppendFormat(b, time.RFC3339Nano), `",`...)
	}
	b = at(append(b, '{'), "time", r.Time)
	b = append(strconv.AppendUint(append(b, `"commit":"`...), r.Commit, 10), `",`...)
	b = append(strconv.AppendUint(append(b, `"revision":`...), uint64(r.Revision), 10), ',')
	b = at(b, "gateway", r.Gateway)
	b = append(strconv.AppendUint(append(b, `"status":`...), uint64(r.Status), 10), ',')
	b = append(strconv.AppendUint(append(b, `"flags":`...), uint64(r.Flags), 10), ',')
	b = append(strconv.AppendUint(append(b, `"origin":`...), uint64(r.Origin), 10), ',')
	b = append(append(append(b, `"type":"`...), typeNames[r.Type]...), '"')
	switch r.Type {
	case tuple.Float64:
		if v := math.Float64frombits(r.Bits); math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, fmt.Sprintf(`,"bits":"%016x"`, r.Bits)...)
		} else {
			b = strconv.AppendFloat(append(b, `,"value":`...), v, 'g', -1, 64)
		}
	case tuple.Int64:
		b = append(strconv.AppendInt(append(b, `,"value":"`...), int64(r.Bits), 10), '"')
	case tuple.Bool:
		b = strconv.AppendBool(append(b, `,"value":`...), r.Bits == 1)
	case tuple.String:
		b = appendText(append(b, `,"value":`...), r.Text)
	}
	return append(b, '}')
}

// appendText writes a JSON string: only what JSON demands is escaped, always in the long form but for quote and backslash.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, fmt.Sprintf(`\u%04x`, c)...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// parseRow reads what appendRow has written and nothing else.
func parseRow(line []byte) (r tuple.Row, err error) {
	var f struct {
		Time     string          `json:"time"`
		Commit   uint64          `json:"commit,string"`
		Revision uint32          `json:"revision"`
		Gateway  string          `json:"gateway"`
		Status   uint32          `json:"status"`
		Flags    uint16          `json:"flags"`
		Origin   uint8           `json:"origin"`
		Type     string          `json:"type"`
		Value    json.RawMessage `json:"value"`
		Bits     string          `json:"bits"`
	}
	if !utf8.Valid(line) {
		return r, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return r, fmt.Errorf("it is no row: %w", err)
	}
	r = tuple.Row{Commit: f.Commit, Revision: f.Revision, Status: f.Status, Flags: f.Flags, Origin: f.Origin}
	for name, at := range map[string]struct {
		text string
		to   *int64
	}{"time": {f.Time, &r.Time}, "gateway": {f.Gateway, &r.Gateway}} {
		t, err := time.Parse(time.RFC3339Nano, at.text)
		if err != nil || t.Year() < 1970 || t.Year() > 2200 {
			return r, fmt.Errorf("its %s %.60q is no time from 1970 to 2200", name, at.text)
		}
		*at.to = t.UnixNano()
	}
	i := slices.Index(typeNames[:], f.Type)
	if i < 0 {
		return r, fmt.Errorf("its type %.60q is not known", f.Type)
	}
	if r.Type = tuple.Type(i); r.Type != tuple.Null {
		if r.Bits, r.Text, err = parseValue(r.Type, f.Value, f.Bits); err != nil {
			return r, fmt.Errorf("its value %.60q is no %s", f.Value, f.Type)
		}
	}
	if again := appendRow(nil, &r); !bytes.Equal(again, line) {
		at := 0
		for at < min(len(again), len(line)) && again[at] == line[at] {
			at++
		}
		return r, fmt.Errorf("from byte %d on it is not as the node writes rows", at+1)
	}
	return r, nil
}

func parseValue(typ tuple.Type, raw json.RawMessage, bits string) (uint64, string, error) {
	if typ == tuple.Float64 && len(raw) == 0 {
		n, err := strconv.ParseUint(bits, 16, 64)
		return n, "", err
	}
	switch typ {
	case tuple.Float64:
		v, err := strconv.ParseFloat(string(raw), 64)
		return math.Float64bits(v), "", err
	case tuple.Bool:
		var v bool
		err := json.Unmarshal(raw, &v)
		if v {
			return 1, "", err
		}
		return 0, "", err
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return 0, "", err
	}
	if typ == tuple.String {
		return 0, s, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return uint64(n), "", err
}

// RowError tells of the first row of a file that cannot be what was sealed.
type RowError struct {
	Line int // from 1; the first row stands in line 2
	What string
}

func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.What) }

// DigestError tells that rows, each of which could be, are not those that were sealed.
type DigestError struct {
	Series    uuid.UUID
	Day       string
	Rows      uint64
	Want, Got []byte
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("the %d rows of series %s of %s are not those that were sealed: their salted hash is %x, the entry has %x. "+
		"A hash tells that something differs, not what: at least one row was changed, added or left out; compare with another copy of the rows to find it",
		e.Rows, e.Series, e.Day, e.Got, e.Want)
}

// CheckRows reads the rows of a leaf and computes its digest again. e is the entry as Verify returned it. It returns how many
// rows there are. Errors: *RowError, *DigestError, those of the reader.
func (b *Bundle) CheckRows(in io.Reader, e *evidence.Envelope) (uint64, error) {
	c := checker{b: b, in: bufio.NewReaderSize(in, 64<<10)}
	series, day := e.Subject, DayOf(e.CommitTime)
	if !ofSamples(e.Kind) {
		return 0, fmt.Errorf("the entry is of kind %s, which has no rows", e.Kind)
	}
	hash, err := evidence.NewSalted(e.Algorithm, b.salt())
	if err != nil {
		return 0, err
	}
	line, err := c.next()
	if err != nil {
		return 0, err
	}
	want, _ := json.Marshal(rowsHead{series, day.String()})
	if !bytes.Equal(line, want) {
		return 0, c.fail("the file begins with %.120q; the entry is of series %s and %s, which is written %s", line, series, day, want)
	}
	c.out = tuple.NewWriter(hash, tuple.Header{Series: series, Day: int32(day)})
	for {
		if line, err = c.next(); err != nil {
			return 0, err
		}
		if bytes.HasPrefix(line, []byte(`{"rows":`)) {
			break
		}
		if err := c.row(line); err != nil {
			return 0, err
		}
	}
	rows, err := c.out.Close()
	if err != nil {
		return 0, err
	}
	if want, _ := json.Marshal(rowsTail{rows}); !bytes.Equal(line, want) {
		return 0, c.fail("the file ends with %.60q, but %d rows stand before it", line, rows)
	}
	if _, err := c.in.ReadByte(); err != io.EOF {
		c.line++
		return 0, c.fail("something stands behind the end")
	}
	if got := hash.Sum(nil); !bytes.Equal(got, e.Digest) {
		return 0, &DigestError{Series: series, Day: day.String(), Rows: rows, Want: e.Digest, Got: got}
	}
	return rows, nil
}

// checker reads rows one by one and finds those that cannot be.
type checker struct {
	b    *Bundle
	in   *bufio.Reader
	buf  []byte
	line int
	out  *tuple.Writer
	typ  tuple.Type
	last []byte // the row before
	now  []byte
	time int64
}

func (c *checker) fail(format string, args ...any) error {
	return &RowError{c.line, fmt.Sprintf(format, args...)}
}

func (c *checker) next() ([]byte, error) {
	c.line++
	c.buf = c.buf[:0]
	for {
		part, err := c.in.ReadSlice('\n')
		c.buf = append(c.buf, part...)
		switch {
		case err == nil:
			return c.buf[:len(c.buf)-1], nil
		case err == io.EOF:
			return nil, c.fail("the file ends before the line with the number of rows")
		case err != bufio.ErrBufferFull:
			return nil, err
		case len(c.buf) > maxLine:
			return nil, c.fail("it has more than %d bytes", maxLine)
		}
	}
}

func (c *checker) row(line []byte) error {
	r, err := parseRow(line)
	if err != nil {
		return c.fail("%v", err)
	}
	if r.Commit < c.b.FirstCommit || r.Commit > c.b.LastCommit {
		return c.fail("commit %d is none of the day's, %d to %d", r.Commit, c.b.FirstCommit, c.b.LastCommit)
	}
	if r.Type != tuple.Null {
		if c.typ != tuple.Null && r.Type != c.typ {
			return c.fail("its type is %s, that of the rows before is %s", typeNames[r.Type], typeNames[c.typ])
		}
		c.typ = r.Type
	}
	if c.now, err = r.Append(c.now[:0]); err != nil {
		return c.fail("%v", err)
	}
	if len(c.last) > 0 && (r.Time < c.time || r.Time == c.time && bytes.Compare(c.now, c.last) <= 0) {
		return c.fail("the row does not come after the one before it; rows stand in order of source time, then commit, then revision, each once")
	}
	c.now, c.last, c.time = c.last, c.now, r.Time
	return c.out.Add(&r)
}
