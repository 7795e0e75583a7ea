package column

import (
	"encoding/binary"
)

// AppendRuns appends a page of numbers that rarely change from row to row: statuses, flags, origins, revisions.
func AppendRuns(dst []byte, v []uint32, s *Scratch) []byte {
	checkRows(len(v))
	if len(v) == 0 {
		return dst
	}
	if allEqual(v) {
		return binary.AppendUvarint(append(dst, runsConst), uint64(v[0]))
	}
	at := len(dst)
	dst = append(dst, runsRuns)
	// the value of a run is its place in the list of values seen; 0 introduces a new one
	var seen [runsSeen]uint32
	known := 0
	for i := 0; i < len(v); {
		x := v[i]
		run := i + 1
		for run < len(v) && v[run] == x {
			run++
		}
		dst = binary.AppendUvarint(dst, uint64(run-i))
		i = run
		k := 0
		for k < known && seen[k] != x {
			k++
		}
		if k < known {
			dst = append(dst, byte(k+1))
		} else {
			dst = binary.AppendUvarint(append(dst, 0), uint64(x))
			if known < runsSeen {
				seen[known] = x
				known++
			}
		}
		if len(dst)-at > 4*len(v) {
			dst = append(dst[:at], runsRaw)
			for _, x := range v {
				dst = binary.LittleEndian.AppendUint32(dst, x)
			}
			return dst
		}
	}
	return dst
}

// runsSeen is how many different values of a page are told by their place.
const runsSeen = 32

// Constant returns the value of a page of AppendRuns that has only one; ok is false for every other page.
func Constant(src []byte) (x uint32, ok bool) {
	if len(src) == 0 || src[0] != runsConst {
		return 0, false
	}
	v, rest, ok := takeUnsigned(src[1:])
	return uint32(v), ok && v <= 1<<32-1 && len(rest) == 0
}

// DecodeRuns appends the n values of a page of AppendRuns to dst.
func DecodeRuns(src []byte, n int, dst []uint32) ([]uint32, error) {
	const name = "runs page"
	encoding, body, err := open(name, src, n)
	if err != nil || n == 0 {
		return dst, err
	}
	switch encoding {
	case runsConst:
		x, rest, ok := takeUnsigned(body)
		if !ok || x > 1<<32-1 || len(rest) != 0 {
			return dst, malformed(name, "no value of 32 bits")
		}
		whole, part := extend(dst, n)
		fill(part, uint32(x))
		return whole, nil
	case runsRaw:
		if len(body) != 4*n {
			return dst, malformed(name, "%d bytes for %d raw rows", len(body), n)
		}
		whole, part := extend(dst, n)
		for i := range part {
			part[i] = binary.LittleEndian.Uint32(body[4*i:])
		}
		return whole, nil
	case runsRuns:
		return decodeRuns(name, body, n, dst)
	}
	return dst, malformed(name, "encoding 0x%02x", encoding)
}

func decodeRuns(name string, body []byte, n int, dst []uint32) ([]uint32, error) {
	var seen [runsSeen]uint32
	known := 0
	whole, part := extend(dst, n)
	for len(part) > 0 {
		run, rest, ok := takeUnsigned(body)
		if !ok || run == 0 || run > uint64(len(part)) || len(rest) == 0 {
			return dst, malformed(name, "run with %d rows left", len(part))
		}
		k := int(rest[0])
		body = rest[1:]
		var x uint32
		switch {
		case k > known:
			return dst, malformed(name, "value %d of %d", k, known)
		case k > 0:
			x = seen[k-1]
		default:
			u, rest, ok := takeUnsigned(body)
			if !ok || u > 1<<32-1 {
				return dst, malformed(name, "no value of 32 bits")
			}
			x, body = uint32(u), rest
			if known < runsSeen {
				seen[known] = x
				known++
			}
		}
		fill(part[:run], x)
		part = part[run:]
	}
	if len(body) != 0 {
		return dst, malformed(name, "%d bytes too many", len(body))
	}
	return whole, nil
}
