package block

import (
	"bytes"
	"unsafe"

	"github.com/google/uuid"
)

// Lookup finds the chunks of many series, one after the other in order of their ids: what neighbours have in common it reads
// once. It belongs to one goroutine. A nil Lookup remembers nothing.
type Lookup struct {
	gen    uint64 // of what is remembered
	frames [lookupFrames]knownFrame
	at     map[uintptr]int // of a reader: the place in its directory that was found last
}

// lookupFrames bounds the frames that are remembered; a frame takes the place of another with the same remainder.
const lookupFrames = 256

// knownFrame is what the frames section says about the chunks of a frame. The reader is known by its address, which no other has
// until Forget: whoever looks up holds the readers.
type knownFrame struct {
	gen    uint64
	reader uintptr
	at     uint32
	chunk  frameOfChunk
}

// Forget begins anew, with other readers.
func (l *Lookup) Forget() {
	l.gen++
	clear(l.at)
}

// Chunks is Reader.Chunks.
func (l *Lookup) Chunks(r *Reader, id uuid.UUID, from, to int64, dst []Chunk) ([]Chunk, error) {
	return r.chunks(l, id, from, to, dst)
}

// find returns the directory entry of a series, or nil. It looks first behind the one that was found last.
func (l *Lookup) find(r *Reader, id uuid.UUID) []byte {
	if l == nil {
		return r.find(id)
	}
	reader := uintptr(unsafe.Pointer(r))
	if i, ok := l.at[reader]; ok && (i+2)*dirLen <= len(r.dir) {
		if e := r.dir[(i+1)*dirLen : (i+2)*dirLen]; bytes.Equal(e[:16], id[:]) {
			l.at[reader] = i + 1
			return e
		}
	}
	e := r.find(id)
	if e != nil {
		if l.at == nil {
			l.at = map[uintptr]int{}
		}
		l.at[reader] = (cap(r.dir) - cap(e)) / dirLen
	}
	return e
}

func (l *Lookup) place(ch *Chunk) *knownFrame {
	return &l.frames[(ch.FrameAt*2654435761>>16^uint32(uintptr(unsafe.Pointer(ch.Block))>>4))%lookupFrames]
}

// recall fills in what the frames section says about the chunk, if that was read before.
func (l *Lookup) recall(ch *Chunk) bool {
	if l == nil {
		return false
	}
	f := l.place(ch)
	if f.gen != l.gen || f.at != ch.FrameAt || f.reader != uintptr(unsafe.Pointer(ch.Block)) {
		return false
	}
	ch.frameOfChunk = f.chunk
	return true
}

func (l *Lookup) remember(ch *Chunk) {
	if l != nil {
		*l.place(ch) = knownFrame{l.gen, uintptr(unsafe.Pointer(ch.Block)), ch.FrameAt, ch.frameOfChunk}
	}
}
