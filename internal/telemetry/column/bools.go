package column

import (
	"encoding/binary"
)

// AppendBools appends a page of booleans, 0 or 1 each; another value is stored as 1.
func AppendBools(dst []byte, v []uint64, _ *Scratch) []byte {
	checkRows(len(v))
	if len(v) == 0 {
		return dst
	}
	at := len(dst)
	most := 1 + (len(v)+7)/8 // of the page as bits
	now := v[0] != 0
	dst = append(dst, boolsRuns, bit(now))
	run := 0
	for _, x := range v {
		if x != 0 != now {
			dst = binary.AppendUvarint(dst, uint64(run))
			run, now = 0, !now
			if len(dst)-at >= most {
				return appendBits(dst[:at], v)
			}
		}
		run++
	}
	if run == len(v) {
		dst[at] = boolsConst
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(run))
	if len(dst)-at >= most {
		return appendBits(dst[:at], v)
	}
	return dst
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendBits(dst []byte, v []uint64) []byte {
	dst = append(dst, boolsBits)
	for len(v) > 0 {
		var b byte
		k := min(8, len(v))
		for i, x := range v[:k] {
			b |= bit(x != 0) << i
		}
		dst, v = append(dst, b), v[k:]
	}
	return dst
}

// DecodeBools appends the n values, 0 or 1, of a page of AppendBools to dst.
func DecodeBools(src []byte, n int, dst []uint64) ([]uint64, error) {
	const name = "bools page"
	encoding, body, err := open(name, src, n)
	if err != nil || n == 0 {
		return dst, err
	}
	if encoding == boolsBits {
		if len(body) != (n+7)/8 {
			return dst, malformed(name, "%d bytes for %d bits", len(body), n)
		}
		whole, part := extend(dst, n)
		for i := range part {
			part[i] = uint64(body[i>>3] >> (i & 7) & 1)
		}
		return whole, nil
	}
	if encoding != boolsConst && encoding != boolsRuns {
		return dst, malformed(name, "encoding 0x%02x", encoding)
	}
	if len(body) == 0 || body[0] > 1 {
		return dst, malformed(name, "no first value of 0 or 1")
	}
	now := uint64(body[0])
	body = body[1:]
	if encoding == boolsConst && len(body) != 0 {
		return dst, malformed(name, "%d bytes too many", len(body))
	}
	at := len(dst)
	whole, part := extend(dst, n)
	for len(part) > 0 {
		run := uint64(len(part))
		if encoding == boolsRuns {
			var ok bool
			if run, body, ok = takeUnsigned(body); !ok || run == 0 || run > uint64(len(part)) {
				return dst[:at], malformed(name, "run with %d rows left", len(part))
			}
		}
		fill(part[:run], now)
		part = part[run:]
		now ^= 1
	}
	if len(body) != 0 {
		return dst[:at], malformed(name, "%d bytes too many", len(body))
	}
	return whole, nil
}
