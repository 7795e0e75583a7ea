package influx

import (
	"bytes"
	"math"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

type wrong = text.Text

var (
	noFields   = wrong{Zh: "行在字段之前结束（可能只收到半行）", En: "the line ends before a field (is it half a line?)"}
	noKey      = wrong{Zh: "缺少字段名", En: "a field has no name"}
	noEquals   = wrong{Zh: "字段名后缺少 =（可能只收到半行）", En: "there is no = after the field's name (is it half a line?)"}
	noValue    = wrong{Zh: "字段没有值（可能只收到半行）", En: "the field has no value (is it half a line?)"}
	noKind     = wrong{Zh: "字段值既不是数字、布尔，也不是带引号的文字", En: "the field's value is neither a number, nor true or false, nor a text in quotes"}
	badNumber  = rows.NotANumber
	badBool    = wrong{Zh: "不是 true 或 false", En: "is neither true nor false"}
	notClosed  = wrong{Zh: "文字没有收尾的引号（可能只收到半行）", En: "the text has no closing quote (is it half a line?)"}
	afterValue = wrong{Zh: "字段值之后应为逗号、空格或行尾", En: "a comma, a blank or the end of the line must follow the field's value"}
	badTime    = wrong{Zh: "时间戳应为整数，其后应为行尾", En: "the time must be a whole number, and the end of the line must follow"}
	timeRange  = wrong{Zh: "时间戳按此精度超出 64 位纳秒", En: "the time is beyond 64-bit nanoseconds in this precision"}
	control    = wrong{Zh: "行中有控制字符", En: "there is a control character in the line"}
)

// What a byte is to the scanner.
const (
	ends    = 1 << iota // a line's measurement and tags, or a field's name, may end or turn here
	valueTo             // a field's value ends here
)

var kind = func() (t [256]uint8) {
	for c := range 0x20 {
		t[c] = ends
	}
	for _, c := range "\x7f \\=," {
		t[c] |= ends
	}
	for _, c := range ", \r\n" {
		t[c] |= valueTo
	}
	return t
}()

// decoder is one pass over a body.
type decoder struct {
	b    *rows.Batch
	s    []byte
	p    int
	line uint32
	unit int64 // ns of one unit of time
}

// Decode reads a body, which b was reset with. unit is the precision in nanoseconds. A row's place is its line, from 1,
// and its sub the field, from 0.
func Decode(b *rows.Batch, body []byte, unit int64) {
	d := decoder{b: b, s: body, line: 1, unit: unit}
	b.Locate, b.Named = locate, true
	for d.next() && !b.Stop() {
		first, groups, line, start := len(b.Rows), len(b.Groups), d.line, d.p
		if f := d.entry(); f != nil {
			b.Rows, b.Groups = b.Rows[:first], b.Groups[:groups]
			f.Place = line
			if f.Kind == nil {
				f.Kind = rows.ErrSyntax
			}
			if f.Value == "" {
				f.Value = lineAt(d.s, start)
			}
			b.Fault(*f)
			d.skipLine()
		}
	}
}

// next goes past blank lines and comments.
func (d *decoder) next() bool {
	for d.p < len(d.s) {
		switch d.s[d.p] {
		case ' ':
			d.p++
		case '\n':
			d.line++
			d.p++
		case '\r':
			if d.p+1 < len(d.s) && d.s[d.p+1] != '\n' {
				return true
			}
			d.p++
		case '#':
			if i := bytes.IndexByte(d.s[d.p:], '\n'); i >= 0 {
				d.p += i
			} else {
				d.p = len(d.s)
			}
		default:
			return true
		}
	}
	return false
}

func (d *decoder) skipLine() {
	if i := bytes.IndexByte(d.s[d.p:], '\n'); i >= 0 {
		d.p += i
	} else {
		d.p = len(d.s)
	}
}

// entry reads one line, which a text may carry over several.
func (d *decoder) entry() *rows.Fault {
	s, start := d.s, d.p
	p, f := prefix(s, start)
	if f != nil {
		d.p = p
		return f
	}
	first := len(d.b.Rows)
	row := rows.Row{Group: d.b.Group(d.b.Body(start, p)), Place: d.line}
	for p < len(s) && s[p] == ' ' {
		p++
	}
	for {
		from := p
		if p, f = name(s, p); f != nil {
			d.p = p
			return f
		}
		row.Name = d.b.Body(from, p)
		d.p = p + 1
		if f = d.value(&row); f != nil {
			if f.Field == "" {
				f.Field = string(unescape(s[from:p], tagEscapes))
			}
			return f
		}
		if !d.b.Add(row) {
			return nil
		}
		row.Sub++
		p = d.p
		if p < len(s) && s[p] == ',' {
			p++
			continue
		}
		break
	}
	at, f := d.time()
	if f != nil {
		return f
	}
	if at != 0 {
		for i := first; i < len(d.b.Rows); i++ {
			d.b.Rows[i].Time = at
		}
	}
	return nil
}

// prefix finds the blank that ends measurement and tags. They are taken apart only when they are new (Naming).
func prefix(s []byte, p int) (int, *rows.Fault) {
	for ; p < len(s); p++ {
		c := s[p]
		if kind[c]&ends == 0 {
			continue
		}
		switch c {
		case ' ':
			return p, nil
		case '\\':
			if p+1 < len(s) && (s[p+1] == ' ' || s[p+1] == ',' || s[p+1] == '=') {
				p++
			}
		case '=', ',':
		case '\n', '\r':
			return p, &rows.Fault{Reason: noFields}
		default:
			return p, &rows.Fault{Reason: control}
		}
	}
	return p, &rows.Fault{Reason: noFields}
}

// name finds the = that ends a field's name.
func name(s []byte, p int) (int, *rows.Fault) {
	from := p
scan:
	for ; p < len(s); p++ {
		c := s[p]
		if kind[c]&ends == 0 {
			continue
		}
		switch c {
		case '=':
			break scan
		case '\\':
			if p+1 < len(s) && (s[p+1] == ' ' || s[p+1] == ',' || s[p+1] == '=') {
				p++
			}
		case ',', ' ', '\n', '\r':
			if p == from {
				return p, &rows.Fault{Reason: noKey}
			}
			return p, &rows.Fault{Reason: noEquals, Value: string(s[from:p])}
		default:
			return p, &rows.Fault{Reason: control}
		}
	}
	switch {
	case p == from:
		return p, &rows.Fault{Reason: noKey}
	case p >= len(s):
		return p, &rows.Fault{Reason: noEquals, Value: string(s[from:min(p, len(s))])}
	case !ascii(s[from:p]) && !utf8.Valid(s[from:p]):
		return p, &rows.Fault{Reason: rows.NotUTF8, Value: string(bytes.ToValidUTF8(s[from:p], []byte("�")))}
	}
	return p, nil
}

func ascii(s []byte) bool {
	var or byte
	for _, c := range s {
		or |= c
	}
	return or < utf8.RuneSelf
}

// value reads the value at d.p into the row and leaves d.p after it.
func (d *decoder) value(row *rows.Row) *rows.Fault {
	s, p := d.s, d.p
	if p >= len(s) || s[p] == '\n' || s[p] == '\r' {
		return &rows.Fault{Reason: noValue}
	}
	switch c := s[p]; {
	case c == '"':
		return d.text(row)
	case c == 't' || c == 'T' || c == 'f' || c == 'F':
		p = tokenEnd(s, p)
		switch string(s[d.p:p]) {
		case "t", "T", "true", "True", "TRUE":
			row.Bits = 1
		case "f", "F", "false", "False", "FALSE":
			row.Bits = 0
		default:
			return &rows.Fault{Reason: badBool, Value: string(s[d.p:p])}
		}
		row.Type, d.p = telemetry.Bool, p
		return nil
	case c == '-' || c == '.' || c >= '0' && c <= '9':
		end, f := number(s, p, row)
		d.p = end
		return f
	}
	return &rows.Fault{Reason: noKind, Value: string(s[p:tokenEnd(s, p)])}
}

func tokenEnd(s []byte, p int) int {
	for p < len(s) && kind[s[p]]&valueTo == 0 {
		p++
	}
	return p
}

// text reads a string in quotes. It may hold line ends.
func (d *decoder) text(row *rows.Row) *rows.Fault {
	s, from := d.s, d.p+1
	p, escaped := from, false
	for p < len(s) && s[p] != '"' {
		if s[p] == '\\' && p+1 < len(s) && stringEscapes[s[p+1]] != 0 {
			escaped = true
			p++
		}
		p++
	}
	if p >= len(s) {
		d.p = len(s)
		return &rows.Fault{Reason: notClosed, Value: string(s[from-1 : min(len(s), from+100)])}
	}
	raw := s[from:p]
	d.line += uint32(bytes.Count(raw, []byte{'\n'}))
	d.p = p + 1
	if !utf8.Valid(raw) {
		return &rows.Fault{Reason: rows.NotUTF8, Value: string(bytes.ToValidUTF8(raw, []byte("�")))}
	}
	if len(raw) > telemetry.MaxTextBytes {
		return &rows.Fault{Reason: longText, Value: string(raw[:100])}
	}
	if escaped {
		raw = unescape(raw, &stringEscapes)
	}
	row.Type, row.Bits = telemetry.String, d.b.Text(string(raw))
	return d.after()
}

var longText = wrong{Zh: "文字超过 65,536 字节", En: "the text is longer than 65,536 bytes"}

// after sees that a value ends where it ended.
func (d *decoder) after() *rows.Fault {
	if d.p < len(d.s) && kind[d.s[d.p]]&valueTo == 0 {
		return &rows.Fault{Reason: afterValue, Value: string(d.s[d.p:tokenEnd(d.s, d.p)])}
	}
	return nil
}

// time reads what follows the fields to the end of the line; 0 is none.
func (d *decoder) time() (int64, *rows.Fault) {
	s, p := d.s, d.p
	for p < len(s) && s[p] == ' ' {
		p++
	}
	from := p
	negative := p < len(s) && s[p] == '-'
	if negative {
		p++
	}
	var n uint64
	digits := p
	for p < len(s) && s[p]-'0' < 10 {
		if n > math.MaxInt64/10 {
			n = math.MaxUint64
		} else {
			n = n*10 + uint64(s[p]-'0')
		}
		p++
	}
	to := p
	for p < len(s) && s[p] == ' ' {
		p++
	}
	d.p = p
	ended := p >= len(s) || s[p] == '\n' || s[p] == '\r' && (p+1 >= len(s) || s[p+1] == '\n')
	if !ended || digits == to && negative {
		return 0, &rows.Fault{Reason: badTime, Value: lineAt(s, from)}
	}
	if to == from {
		return 0, nil
	}
	if n > uint64(math.MaxInt64/d.unit) {
		return 0, &rows.Fault{Reason: timeRange, Value: string(s[from:to])}
	}
	at := int64(n) * d.unit
	if negative || at == 0 {
		at = -max(at, 1) // never 0, which would mean that none was told; both are refused as too old
	}
	return at, nil
}

// lineAt is the rest of a line.
func lineAt(s []byte, p int) string {
	s = s[min(p, len(s)):]
	if i := bytes.IndexByte(s, '\n'); i >= 0 {
		s = s[:i]
	}
	return string(bytes.ToValidUTF8(bytes.TrimSuffix(s[:min(len(s), 200)], []byte{'\r'}), []byte("�")))
}
