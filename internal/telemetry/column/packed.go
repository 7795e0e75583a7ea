package column

import (
	"encoding/binary"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Bounds of packed pages, in bytes before they are packed.
const (
	packFrom = 256      // below it a frame's own bytes are too many
	packTo   = 64 << 20 // and a reader never makes room for more
)

var packer = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	if err != nil {
		panic(err) // of constants
	}
	return e
})

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(packTo), zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // of constants
	}
	return d
})

// PackStrings compresses the page of AppendStrings that dst has from at on, where that saves an eighth of it. Texts of
// blocks are packed so; the bytes depend on the version of the library that compresses, what they say does not.
func PackStrings(dst []byte, at int) []byte {
	page := dst[at:]
	if len(page) < packFrom || len(page) > packTo {
		return dst
	}
	packed := binary.AppendUvarint([]byte{stringsZstd}, uint64(len(page)))
	packed = packer().EncodeAll(page, packed)
	if len(packed) > len(page)-len(page)/8 {
		return dst
	}
	return append(dst[:at], packed...)
}

// decompress gives the page inside a packed one.
func decompress(name string, body []byte) ([]byte, error) {
	size, rest, ok := takeUnsigned(body)
	if !ok || size < packFrom || size > packTo {
		return nil, malformed(name, "packed, of an impossible size")
	}
	var h zstd.Header
	if err := h.Decode(rest); err != nil || !h.HasFCS || h.FrameContentSize != size {
		return nil, malformed(name, "packed in a frame that does not hold %d bytes", size)
	}
	page, err := unpacker().DecodeAll(rest, make([]byte, 0, size))
	if err != nil || uint64(len(page)) != size {
		return nil, malformed(name, "packed in a frame that cannot be read")
	}
	return page, nil
}
