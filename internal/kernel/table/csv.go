package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// decode turns what spreadsheets write into UTF-8: UTF-8 with or without a byte order mark, UTF-16 with one (Excel's
// "Unicode text"), or GB18030, which is what Excel in China writes as "CSV".
func decode(data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:], nil
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(data)
	case utf8.Valid(data):
		return data, nil
	}
	return simplifiedchinese.GB18030.NewDecoder().Bytes(data)
}

// separator finds what stands between the cells: the sign that is most often in the first line that is not empty,
// outside of quotes. Excel may say it itself in a line "sep=;".
func separator(data []byte) (sign rune, rest []byte) {
	for line := range bytes.Lines(data) {
		head := strings.TrimSpace(string(line))
		if head == "" {
			continue
		}
		if s, ok := strings.CutPrefix(strings.ToLower(head), "sep="); ok && len(s) == 1 && strings.ContainsAny(s, ",;|") {
			// The line is blanked, not cut, so that the rows keep their numbers.
			at := bytes.Index(data, line)
			rest = bytes.Clone(data)
			for i := at; i < at+len(bytes.TrimRight(line, "\r\n")); i++ {
				rest[i] = ' '
			}
			return rune(s[0]), rest
		}
		counts, quoted := map[rune]int{}, false
		for _, r := range head {
			switch {
			case r == '"':
				quoted = !quoted
			case !quoted:
				counts[r]++
			}
		}
		sign = ','
		for _, r := range []rune{';', '\t', '|'} {
			if counts[r] > counts[sign] {
				sign = r
			}
		}
		return sign, data
	}
	return ',', data
}

func scanCSV(data []byte, begin func(sheet string) Sink) error {
	data, err := decode(data)
	if err != nil {
		return Unreadable("文件的编码无法识别；请另存为 UTF-8 的 CSV", "the file's encoding is not understood; save it as CSV UTF-8")
	}
	sink := begin("")
	if sink == nil {
		return nil
	}
	sign, data := separator(data)
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = sign, -1, true
	for {
		cells, err := r.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &wrong):
			return Unreadable("第 %d 行的引号不成对", "line %d: a quote is not closed, or stands inside a cell without quotes", wrong.StartLine)
		case err != nil:
			return Unreadable("CSV 无法读取：%v", "the CSV cannot be read: %v", err)
		}
		number, _ := r.FieldPos(0)
		for i, c := range cells {
			cells[i] = undress(c)
		}
		if err := sink.Add(number, cells); err != nil {
			return err
		}
	}
}

// active are the signs with which a spreadsheet begins a formula; a quote in front makes it text. The quote itself is
// among them, so that a name that begins with a quote comes back as it was.
const active = "=+-@\t\r'"

// numeric: a negative number is no formula.
var numeric = regexp.MustCompile(`^-[0-9]+(\.[0-9]+)?$`)

// Dress makes a text of a CSV safe to be opened in a spreadsheet; Scan takes the quote away again.
func Dress(s string) string {
	if s != "" && strings.ContainsRune(active, rune(s[0])) {
		return "'" + s
	}
	return s
}

// undress takes away the quote that Dress, or a person, put in front of a formula's sign.
func undress(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune(active, rune(s[1])) {
		return s[1:]
	}
	return s
}

func writeCSV(t Out) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff") // a spreadsheet takes a CSV without it for the machine's own code page
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range append([][]string{t.Heading}, t.Rows...) {
		cells := make([]string, len(row))
		for i, c := range row {
			if cells[i] = c; !numeric.MatchString(c) {
				cells[i] = Dress(c)
			}
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
