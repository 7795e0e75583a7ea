package federate

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxBlock bounds the decompressed bytes of one block of batches, maxDocument those of a control message.
	maxBlock    = 4 << 20
	maxDocument = 32 << 20
	// maxBatches bounds the batches of one block.
	maxBatches = 4096

	packNone = 0
	packZstd = 1
	// Below this a frame header costs more than compression saves.
	packMin = 256
)

// Packer compresses and decompresses with fixed bounds on memory. Its methods may be called by several goroutines.
type Packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// NewPacker makes a packer with small windows: a block is at most a few hundred KB, and a gateway has little memory.
// parallel is how many goroutines may decompress at the same time; others wait.
func NewPacker(parallel int) (*Packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(256<<10),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderConcurrency(parallel), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("make the compressor: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxDocument), zstd.WithDecoderMaxWindow(maxDocument),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(parallel))
	if err != nil {
		return nil, fmt.Errorf("make the decompressor: %w", err)
	}
	return &Packer{enc: enc, dec: dec}, nil
}

// pack returns how p is packed and the bytes.
func (k *Packer) pack(p []byte) (uint8, []byte) {
	if len(p) < packMin {
		return packNone, p
	}
	out := k.enc.EncodeAll(p, make([]byte, 0, len(p)/2))
	if len(out) >= len(p) {
		return packNone, p
	}
	return packZstd, out
}

// unpack returns exactly size bytes or an error; it never makes more than limit.
func (k *Packer) unpack(method uint8, p []byte, size, limit int) ([]byte, error) {
	if size > limit {
		return nil, malformed("%d bytes announced, at most %d are allowed", size, limit)
	}
	switch method {
	case packNone:
		if len(p) != size {
			return nil, malformed("%d bytes announced, %d came", size, len(p))
		}
		return p, nil
	case packZstd:
		var h zstd.Header
		if err := h.Decode(p); err != nil || !h.HasFCS || h.FrameContentSize != uint64(size) {
			return nil, malformed("the compressed frame does not hold the announced %d bytes", size)
		}
		out, err := k.dec.DecodeAll(p, make([]byte, 0, size))
		if err != nil {
			return nil, malformed("decompress: %v", err)
		}
		if len(out) != size {
			return nil, malformed("%d bytes announced, %d came out", size, len(out))
		}
		return out, nil
	}
	return nil, malformed("compression %d is not known", method)
}

// Block is a row of batches with consecutive sequence numbers that travel as one message.
type block struct {
	Epoch  uint64
	First  uint64 // sequence number of the first body
	Bodies [][]byte
}

// append writes kind, compression, count (u16), epoch, first (u64 each), length (u32) and the packed bodies, each
// behind its length.
func (b *block) append(dst []byte, k *Packer, compress bool) []byte {
	var raw []byte
	for _, body := range b.Bodies {
		raw = appendCounted(raw, body)
	}
	method, packed := uint8(packNone), raw
	if compress {
		method, packed = k.pack(raw)
	}
	dst = append(dst, streamBlock, method)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(b.Bodies)))
	dst = binary.LittleEndian.AppendUint64(dst, b.Epoch)
	dst = binary.LittleEndian.AppendUint64(dst, b.First)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(raw)))
	return append(dst, packed...)
}

// parseBlock reads a block message after its kind byte.
func parseBlock(p []byte, k *Packer) (block, error) {
	r := reader{b: p}
	method, count := r.u8(), r.u16()
	b := block{Epoch: r.u64(), First: r.u64()}
	size := r.u32()
	if r.err != nil {
		return b, r.err
	}
	if count == 0 || count > maxBatches || b.First == 0 || b.First > 1<<62 {
		return b, malformed("block of %d batches from number %d", count, b.First)
	}
	if size > maxBlock {
		return b, malformed("block of %d bytes, at most %d are allowed", size, maxBlock)
	}
	raw, err := k.unpack(method, r.b, int(size), maxBlock)
	if err != nil {
		return b, err
	}
	in := reader{b: raw}
	for range count {
		b.Bodies = append(b.Bodies, in.counted(MaxBody))
		if in.err != nil {
			return b, in.err
		}
	}
	return b, in.end()
}
