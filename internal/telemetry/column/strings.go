package column

import (
	"encoding/binary"
)

// AppendStrings appends a page of strings, which may hold any bytes.
func AppendStrings(dst []byte, v []string, s *Scratch) []byte {
	checkRows(len(v))
	if len(v) == 0 {
		return dst
	}
	numbers, table := tabulate(v, s)
	list := v
	if table {
		list = s.order
		dst = binary.AppendUvarint(append(dst, stringsTable), uint64(len(list)))
	} else {
		dst = append(dst, stringsPlain)
	}
	for _, x := range list {
		dst = binary.AppendUvarint(dst, uint64(len(x)))
	}
	for _, x := range list {
		dst = append(dst, x...)
	}
	if table {
		dst = appendWords(dst, intsConst, numbers, false, s)
	}
	clear(s.index)
	clear(s.order)
	s.order = s.order[:0]
	return dst
}

// tabulate lists the different strings in s.order and gives each row its number. It gives up when hardly any string
// comes twice: a table would be all the text, and the numbers besides.
func tabulate(v []string, s *Scratch) (numbers []uint64, ok bool) {
	if s.index == nil {
		s.index = make(map[string]uint64)
	}
	numbers = sized(&s.numbers, len(v))
	for i, x := range v {
		if i > 0 && x == v[i-1] {
			numbers[i] = numbers[i-1]
			continue
		}
		k, seen := s.index[x]
		if !seen {
			if len(s.order) >= 256 && len(s.order)*2 > i {
				return nil, false
			}
			k = uint64(len(s.order))
			s.index[x] = k
			s.order = append(s.order, x)
		}
		numbers[i] = k
	}
	return numbers, len(s.order)*2 <= len(v)
}

// DecodeStrings appends the n values of a page of AppendStrings or PackStrings to dst. The strings share one copy of the
// page's text: it is at most as long as the page, unpacked.
func DecodeStrings(src []byte, n int, dst []string) ([]string, error) {
	const name = "strings page"
	encoding, body, err := open(name, src, n)
	if err != nil || n == 0 {
		return dst, err
	}
	if encoding == stringsZstd {
		page, err := decompress(name, body)
		if err != nil {
			return dst, err
		}
		if encoding, body, err = open(name, page, n); err != nil {
			return dst, err
		}
	}
	count := uint64(n)
	switch encoding {
	case stringsTable:
		var ok bool
		if count, body, ok = takeUnsigned(body); !ok || count == 0 || count > uint64(n) {
			return dst, malformed(name, "table for %d rows", n)
		}
	case stringsPlain:
	default:
		return dst, malformed(name, "encoding 0x%02x", encoding)
	}
	if count > uint64(len(body)) { // each has a length of a byte at least
		return dst, malformed(name, "%d bytes for %d strings", len(body), count)
	}
	text, rest, ok := texts(body, int(count))
	if !ok {
		return dst, malformed(name, "cut off in its strings")
	}
	if encoding == stringsPlain {
		if len(rest) != 0 {
			return dst, malformed(name, "%d bytes too many", len(rest))
		}
		whole, part := extend(dst, n)
		copy(part, text)
		return whole, nil
	}
	index, err := decodeWords(name, intsConst, rest, n, []uint64(nil))
	if err != nil {
		return dst, err
	}
	at := len(dst)
	whole, part := extend(dst, n)
	for i, k := range index {
		if k >= uint64(len(text)) {
			return dst[:at], malformed(name, "row %d has string %d of %d", i, k, len(text))
		}
		part[i] = text[k]
	}
	return whole, nil
}

// texts reads count strings: all lengths, then all bytes.
func texts(body []byte, count int) (text []string, rest []byte, ok bool) {
	lengths, total := body, uint64(0)
	for range count {
		k, rest, ok := takeUnsigned(body)
		if !ok || k > uint64(len(rest)) || total+k > uint64(len(rest)) {
			return nil, nil, false
		}
		total += k
		body = rest
	}
	all := string(body[:total])
	text = make([]string, count)
	for i := range text {
		k, more := binary.Uvarint(lengths)
		lengths = lengths[more:]
		text[i], all = all[:k], all[k:]
	}
	return text, body[total:], true
}
