package evidence

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxEntry is the greatest size of an entry in bytes: its length is two bytes in an entry bundle.
const MaxEntry = 1<<16 - 1

// maxBundle is the size in bytes of 256 entries of the greatest size.
const maxBundle = tileWidth * (2 + MaxEntry)

// appendBundle adds entries as a bundle has them: each behind its length, 2 bytes, big endian.
func appendBundle(dst []byte, entries [][]byte) []byte {
	for _, e := range entries {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(e)))
		dst = append(dst, e...)
	}
	return dst
}

// parseBundle takes exactly n entries out of a bundle. The entries share data's memory. On an error the entries before
// the place of the damage are returned too.
func parseBundle(data []byte, n int) ([][]byte, error) {
	entries := make([][]byte, 0, min(n, tileWidth))
	for i := range n {
		if len(data) < 2 {
			return entries, fmt.Errorf("it ends before entry %d of %d", i, n)
		}
		size := int(binary.BigEndian.Uint16(data))
		if len(data)-2 < size {
			return entries, fmt.Errorf("its entry %d of %d bytes does not fit into the %d left", i, size, len(data)-2)
		}
		entries = append(entries, data[2:2+size:2+size])
		data = data[2+size:]
	}
	if len(data) > 0 {
		return entries, fmt.Errorf("%d bytes stand behind its %d entries", len(data), n)
	}
	return entries, nil
}

// hashBytes and hashesOf turn the hashes of a tile into bytes and back.
func hashBytes(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

func hashesOf(b []byte) ([]tlog.Hash, error) {
	if len(b)%tlog.HashSize != 0 {
		return nil, errors.New("its size is no multiple of 32 bytes")
	}
	hashes := make([]tlog.Hash, len(b)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], b[i*tlog.HashSize:])
	}
	return hashes, nil
}
