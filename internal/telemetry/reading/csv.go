package reading

import (
	"io"
	"strconv"
	"strings"

	"jingwei/internal/telemetry"
)

// csvFile writes samples as CSV (RFC 4180): UTF-8, lines end in CRLF, one heading line, one line for each sample. Nothing
// between two commas is a sample without a value; two quotes are an empty text.
type csvFile struct {
	w       io.Writer
	columns []exportColumn
	names   statusNames
	line    []byte
	series  string // as written, with its comma where needed
	name    string
}

// csvFlush is how many bytes are gathered before they are written.
const csvFlush = 32 << 10

func newCSV(w io.Writer, columns []exportColumn, bom bool) *csvFile {
	f := &csvFile{w: w, columns: columns, names: statusNames{}}
	if bom {
		f.line = append(f.line, "\uFEFF"...)
	}
	for i, c := range columns {
		if i > 0 {
			f.line = append(f.line, ',')
		}
		f.line = append(f.line, c...)
	}
	f.line = append(f.line, "\r\n"...)
	return f
}

func (f *csvFile) begin(x exported) error {
	f.series, f.name = x.id.String(), string(appendQuoted(nil, x.name))
	return nil
}

func (f *csvFile) run(r *telemetry.Run) error {
	b := f.line
	for i, t := range r.Time {
		flags := telemetry.Flags(r.Flags[i])
		for k, c := range f.columns {
			if k > 0 {
				b = append(b, ',')
			}
			switch c {
			case colSeries:
				b = append(b, f.series...)
			case colName:
				b = append(b, f.name...)
			case colTime:
				b = appendInstant(b, t)
			case colGatewayTime:
				b = appendInstant(b, r.Gateway[i])
			case colValue:
				switch {
				case flags&telemetry.NoValue != 0:
				case r.Type == telemetry.String:
					b = appendQuoted(b, r.Text[i])
				default:
					b = appendNumber(b, r.Type, r.Bits[i])
				}
			case colStatus:
				b = strconv.AppendUint(b, uint64(r.Status[i]), 10)
			case colStatusName:
				b = append(b, f.names.of(r.Status[i])...)
			case colFlags:
				b = appendFlags(b, flags)
			case colOrigin:
				b = append(b, originName(r.Origin[i])...)
			case colRevision:
				b = strconv.AppendUint(b, uint64(r.Revision[i]), 10)
			case colCommit:
				b = strconv.AppendUint(b, uint64(r.Commit[i]), 10)
			case colSuperseded:
				b = strconv.AppendBool(b, r.Superseded != nil && r.Superseded[i])
			}
		}
		b = append(b, "\r\n"...)
		if len(b) >= csvFlush {
			if _, err := f.w.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	f.line = b
	return nil
}

func (f *csvFile) end() error {
	_, err := f.w.Write(f.line)
	f.line = nil
	return err
}

// appendQuoted writes a text; an empty one and one with a comma, a quote or a line end stands in quotes.
func appendQuoted(b []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, ",\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		return append(b, s...)
	}
	b = append(b, '"')
	for {
		at := strings.IndexByte(s, '"')
		if at < 0 {
			break
		}
		b = append(append(b, s[:at+1]...), '"')
		s = s[at+1:]
	}
	return append(append(b, s...), '"')
}
