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

// decode turns what spreadsheets write into UTF-8.
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

// separator finds what stands between the cells: the sign that is most often in the first line that is not empty, outside of
// quotes.
func separator(data []byte) rune {
	for line := range bytes.Lines(data) {
		head := strings.TrimSpace(string(line))
		if head == "" {
			continue
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
		sign := ','
		for _, r := range []rune{';', '\t', '|'} {
			if counts[r] > counts[sign] {
				sign = r
			}
		}
		return sign
	}
	return ','
}

func readCSV(data []byte) ([]Sheet, error) {
	data, err := decode(data)
	if err != nil {
		return nil, unreadable("文件的编码无法识别；请另存为 UTF-8 的 CSV", "the file's encoding is not understood; save it as CSV UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = separator(data), -1, true
	s := Sheet{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, unreadable("第 %d 行的引号不成对", "line %d: a quote is not closed, or stands inside a cell without quotes", wrong.StartLine)
		} else if err != nil {
			return nil, unreadable("CSV 无法读取：%v", "the CSV cannot be read: %v", err)
		}
		number, _ := r.FieldPos(0)
		for i, c := range cells {
			cells[i] = undress(c)
		}
		if err := s.add(number, cells); err != nil {
			return nil, err
		}
	}
	if s.Heading == nil {
		return nil, unreadable("文件是空的", "the file is empty")
	}
	return []Sheet{s}, nil
}

// active are the signs with which a spreadsheet begins a formula; a quote in front makes it text.
const active = "=+-@\t\r'"

var numeric = regexp.MustCompile(`^-[0-9]+(\.[0-9]+)?$`)

// dress makes a text safe to be opened in a spreadsheet. A negative number is none of these.
func dress(s string) string {
	if s != "" && strings.ContainsRune(active, rune(s[0])) && !numeric.MatchString(s) {
		return "'" + s
	}
	return s
}

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
			cells[i] = dress(c)
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
