package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/zeebo/xxh3"
)

// ErrDamaged tells that bytes of the index are not what was written. The index can be thrown away and filled again.
var ErrDamaged = errors.New("the identifier index is damaged")

// MaxRecord bounds a record in bytes: 2,048 values and 1 MiB of data are what a message can carry.
const MaxRecord = 2 << 20

// maxKey bounds a key in bytes.
const maxKey = 2048

// An entry is a CRC32C of what follows (4), the length of the body with the mark of a removal in its top bit (4), and the body: the record,
// or of a removal the name alone with its length.
const (
	entryHead = 8
	removed   = 1 << 31
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// hashOf places a key. The seed is the index's own, so that nobody can choose names that fall on one place.
func hashOf(key []byte, seed uint64) uint64 { return xxh3.HashSeed(key, seed) }

// nameOf is the name with which a record begins.
func nameOf(record []byte) ([]byte, bool) {
	if len(record) < 4 {
		return nil, false
	}
	n := binary.BigEndian.Uint32(record)
	if n == 0 || n > maxKey || int(n) > len(record)-4 {
		return nil, false
	}
	return record[4 : 4+n], true
}

// isKey tells whether a key is that of a name.
func isKey(key, name []byte) bool {
	if len(key) != len(name) {
		return false
	}
	for i, c := range name {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != key[i] {
			return false
		}
	}
	return true
}

// appendKey appends the key of a name.
func appendKey(dst, name []byte) []byte {
	for _, c := range name {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// appendEntry appends the entry of a body.
func appendEntry(dst, body []byte, gone bool) []byte {
	at := len(dst)
	n := uint32(len(body))
	if gone {
		n |= removed
	}
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, n)
	dst = append(dst, body...)
	binary.LittleEndian.PutUint32(dst[at:], checksum(dst[at+4:]))
	return dst
}

// readEntry reads the entry with which b begins, and tells its size.
func readEntry(b []byte) (body []byte, gone bool, size int, err error) {
	if len(b) < entryHead {
		return nil, false, 0, fmt.Errorf("%w: an entry is cut short", ErrDamaged)
	}
	n := binary.LittleEndian.Uint32(b[4:])
	gone, n = n&removed != 0, n&^removed
	if n > MaxRecord || int(n) > len(b)-entryHead {
		return nil, false, 0, fmt.Errorf("%w: an entry says that it has %d bytes", ErrDamaged, n)
	}
	size = entryHead + int(n)
	if checksum(b[4:size]) != binary.LittleEndian.Uint32(b) {
		return nil, false, 0, fmt.Errorf("%w: the checksum of an entry of %d bytes", ErrDamaged, n)
	}
	return b[entryHead:size], gone, size, nil
}
