package figure

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// packFrom is how many bytes a value has at least that is packed: below, a frame costs more than it saves.
const packFrom = 128

var packer = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		panic(err) // of constants
	}
	return e
})

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPopulation), zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // of constants
	}
	return d
})

// unpack unpacks exactly size bytes. Error: ErrBytes.
func unpack(packed []byte, size int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(packed); err != nil || !h.HasFCS || h.FrameContentSize != uint64(size) {
		return nil, fmt.Errorf("%w: a frame does not hold %d bytes", ErrBytes, size)
	}
	out, err := unpacker().DecodeAll(packed, make([]byte, 0, size))
	if err != nil || len(out) != size {
		return nil, fmt.Errorf("%w: a frame cannot be read", ErrBytes)
	}
	return out, nil
}

// appendSized packs a value that is not a column, behind its size.
func appendSized(b []byte) []byte {
	return packer().EncodeAll(b, binary.AppendUvarint(nil, uint64(len(b))))
}

// maxPopulation bounds a population in bytes.
const maxPopulation = 256 << 20

func takeSized(b []byte) ([]byte, error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > maxPopulation {
		return nil, fmt.Errorf("%w: a packed value of an impossible size", ErrBytes)
	}
	return unpack(b[n:], int(size))
}
